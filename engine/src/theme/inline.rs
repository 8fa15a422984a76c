//! Scripts and styles that stand in a template, which the Content-Security-Policy of pages keeps browsers from using.
//!
//! In: the text of a template. Out: where they are. This is no parser of HTML: it looks at tags, as they are written.

use std::ops::Range;

/// What no browser uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inline {
    Script,
    Style,
}

/// Every element and attribute that is a script or a style in itself, with its place.
pub(super) fn inline(text: &str) -> Vec<(Inline, Range<usize>)> {
    let mut found = Vec::new();
    for (start, _) in text.match_indices('<') {
        let rest = &text[start + 1..];
        let name = rest.len() - rest.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric()).len();
        if name == 0 {
            continue;
        }
        let attributes = attributes(text, start + 1 + name);
        let of_name =
            |wanted: &str| attributes.iter().any(|at| text[at.clone()].eq_ignore_ascii_case(wanted));
        match rest[..name].to_ascii_lowercase().as_str() {
            "style" => found.push((Inline::Style, start..start + 1 + name)),
            // With a type, it may be data.
            "script" if !of_name("src") && !of_name("type") => {
                found.push((Inline::Script, start..start + 1 + name));
            }
            _ => {}
        }
        found.extend(attributes.into_iter().filter_map(|at| {
            let name = text[at.clone()].to_ascii_lowercase();
            let is_handler = name.strip_prefix("on").is_some_and(|event| !event.is_empty());
            match name.as_str() {
                "style" => Some((Inline::Style, at)),
                _ if is_handler => Some((Inline::Script, at)),
                _ => None,
            }
        }));
    }
    found
}

/// The names of a tag's attributes, from behind its own name on.
fn attributes(text: &str, from: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = from;
    while let Some(next) = text[at..].chars().next() {
        let rest = &text[at..];
        let tags = [("{{", "}}"), ("{%", "%}"), ("{#", "#}")];
        if let Some((_, end)) = tags.iter().find(|(begin, _)| rest.starts_with(begin)) {
            at += rest.find(end).map_or(rest.len(), |length| length + end.len());
        } else if next == '>' || next == '<' {
            break;
        } else if next == '"' || next == '\'' {
            at += rest[1..].find(next).map_or(rest.len(), |length| length + 2);
        } else if next.is_ascii_alphabetic() {
            let is_part = |letter: char| letter.is_ascii_alphanumeric() || "-_:.".contains(letter);
            let length = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
            // What stands after `=` is a value.
            if !text[from..at].trim_end().ends_with('=') {
                found.push(at..at + length);
            }
            at += length;
        } else {
            at += next.len_utf8();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_page_is_found_and_what_is_loaded_or_said_is_not() {
        let found = |text: &str| -> Vec<(Inline, String)> {
            inline(text).into_iter().map(|(kind, at)| (kind, text[at].to_owned())).collect()
        };
        for (text, expected) in [
            ("<style>p {}</style>", vec![(Inline::Style, "<style")]),
            ("<SCRIPT>run()</SCRIPT>", vec![(Inline::Script, "<SCRIPT")]),
            ("<script type=\"module\" src=\"{{ script }}\"></script>", vec![]),
            ("<script type=\"application/json\">{}</script>", vec![]),
            (
                "<p {{ around }} STYLE='color: red' onClick=run()>",
                vec![(Inline::Style, "STYLE"), (Inline::Script, "onClick")],
            ),
            ("<p title=\"a style=b onclick=c\" data-style=x>style=\"y\" on click</p>", vec![]),
            ("<p class={{ 'style' if a > b else 'on' }} onfocus=x> <", vec![(Inline::Script, "onfocus")]),
            ("<a href=style>1 < 2 style=x</a>", vec![]),
            ("<p title='", vec![]),
        ] {
            let expected: Vec<(Inline, String)> =
                expected.into_iter().map(|(kind, part)| (kind, part.to_owned())).collect();
            assert_eq!(found(text), expected, "{text}");
        }
    }
}
