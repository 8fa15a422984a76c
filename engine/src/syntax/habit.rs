//! What people write who come from another language. The parser says only that it is no TOML; what was meant is read
//! from the text itself. Called by `syntax` for each place at which the parser stopped.

use crate::source::Span;

/// A fault in an author's own terms.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Habit {
    pub(super) message: String,
    pub(super) help: String,
    /// Where the same key stands before.
    pub(super) first: Option<Span>,
}

impl Habit {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into(), first: None }
    }
}

/// The quotes that word processors put in the place of `"` and `'`.
const CURLY_QUOTES: [char; 7] = ['“', '”', '„', '‘', '’', '«', '»'];

/// A file that is written in another language from its first line on: what to say, and that line.
pub(super) fn whole_file(text: &str) -> Option<(Habit, Span)> {
    let lines = || {
        text.split_inclusive('\n').scan(0, |start, line| {
            let at = *start;
            *start += line.len();
            Some((at, line.trim()))
        })
    };
    let mut said = lines().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let (start, first) = said.next()?;
    let start = start + text[start..].find(first).unwrap_or_default();
    let span = start..start + first.len();
    if first.starts_with('{') {
        let habit = Habit::new(
            "this is JSON, and a form is TOML",
            "begin with `resource = \"User\"`, and write a table for each field: `[fields.email]`",
        );
        return Some((habit, span));
    }
    let is_toml = |line: &str| line.starts_with('[') || line.contains('=');
    let is_yaml = first == "---" || mapping(first).is_some();
    if is_yaml && !said.any(|(_, line)| is_toml(line)) {
        let habit = Habit::new(
            "this is YAML, and a form is TOML",
            "write `resource = \"User\"` for `resource: User`, and for what is indented a table: `[fields.email]`",
        );
        return Some((habit, span));
    }
    None
}

/// What was meant at a byte of a text that is TOML otherwise.
pub(super) fn at(text: &str, byte: usize) -> Option<Habit> {
    let byte = text.floor_char_boundary(byte);
    let start = text[..byte].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    let before = &text[..start];
    again(before, line, byte - start)
        .or_else(|| no_comma(before, line, byte - start))
        .or_else(|| colon(line, byte - start))
        .or_else(|| {
            let (key, value) = line.split_once('=')?;
            of_value(key.trim(), value.trim(), text[start..].lines().nth(1).unwrap_or_default())
        })
}

/// Whether a line is an item of a YAML list, which means nothing apart from the key above it.
pub(super) fn is_list_item(line: &str) -> bool {
    line.trim_start().starts_with("- ")
}

/// The key and value of `key: value`.
fn mapping(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(':')?;
    let is_key = !key.is_empty() && !key.contains(['=', '{', '[', ' ']);
    (is_key && (value.is_empty() || value.starts_with(' '))).then_some((key, value.trim()))
}

/// A table or a key that stands there twice; then it is at the key that the parser stops, and not at its value.
fn again(before: &str, line: &str, at: usize) -> Option<Habit> {
    if line.get(..at)?.contains('=') {
        return None;
    }
    let line = line.trim();
    let lines = || {
        before.split_inclusive('\n').scan(0, |start, line| {
            let at = *start;
            *start += line.len();
            Some((at + line.len() - line.trim_start().len(), line.trim()))
        })
    };
    if line.starts_with('[') && !line.starts_with("[[") {
        let (at, _) = lines().find(|(_, earlier)| *earlier == line)?;
        let mut habit = Habit::new(
            format!("the table `{line}` is there already"),
            "put what stands here below the first one",
        );
        habit.first = Some(at..at + line.len());
        return Some(habit);
    }
    let key = |line: &str| line.split_once('=').map(|(key, _)| key.trim().to_owned());
    let name = key(line)?;
    let table = lines().filter(|(_, line)| line.starts_with('[')).last().map_or(0, |(at, _)| at);
    let claims = |earlier: &str| {
        name.strip_prefix(earlier).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let here = lines().filter(|(at, _)| *at >= table);
    let (at, earlier) =
        here.filter_map(|(at, line)| Some((at, key(line)?))).find(|(_, earlier)| claims(earlier))?;
    let mut habit = if earlier == name {
        Habit::new(format!("`{name}` is said twice"), "remove one of them")
    } else {
        let help = format!("remove `{earlier}`: what else belongs to it is written as `{name}` is");
        Habit::new(format!("`{earlier}` has a value already"), help)
    };
    habit.first = Some(at..at + earlier.len());
    Some(habit)
}

/// An entry of a table in braces that follows another without a comma.
fn no_comma(before: &str, line: &str, at: usize) -> Option<Habit> {
    let is_first = line.get(..at).is_some_and(|indent| indent.trim().is_empty()) && line.contains('=');
    let previous = before.lines().rev().find(|line| !line.trim().is_empty())?.trim_end();
    let in_braces = before.matches('{').count() > before.matches('}').count();
    (is_first && in_braces && !previous.ends_with([',', '{'])).then(|| {
        Habit::new(
            "the entries of a table in braces are separated by commas",
            format!("write `{},`", previous.trim()),
        )
    })
}

/// `:` where TOML has `=`.
fn colon(line: &str, at: usize) -> Option<Habit> {
    if let Some((key, value)) = mapping(line.trim()) {
        let value = if value.is_empty() { "…" } else { value };
        let quoted = if is_word(value) {
            format!("{key} = {}", word(value))
        } else {
            format!("{key} = {}", value.replace(": ", " = "))
        };
        return Some(Habit::new("between a key and its value stands `=`", format!("write `{quoted}`")));
    }
    let is_colon = line.get(at..).is_some_and(|rest| rest.trim_start().starts_with(':'))
        && line.get(..at).is_some_and(|head| head.contains('{'));
    is_colon.then(|| {
        let (_, table) = line.split_once('=').unwrap_or(("", line));
        Habit::new(
            "between a key and its value stands `=`",
            format!("write `{}`", table.trim().replace(": ", " = ").replace('"', "")),
        )
        .quoting_nothing(line)
    })
}

impl Habit {
    /// The same without the author's text where the rewritten text would not be certain to be TOML.
    fn quoting_nothing(mut self, line: &str) -> Self {
        if line.matches('"').count() != 2 * line.matches("\":").count() {
            "write `=` in place of each `:`".clone_into(&mut self.help);
        }
        self
    }
}

/// A value that is none.
fn of_value(key: &str, value: &str, next_line: &str) -> Option<Habit> {
    if let Some(after) = value.strip_prefix('>') {
        let after = after.trim();
        let value = if is_word(after) { word(after) } else { "…".to_owned() };
        return Some(Habit::new(
            "between a key and its value stands `=`",
            format!("write `{key} = {value}`"),
        ));
    }
    if value.is_empty() {
        let help = if is_list_item(next_line) {
            format!("write the list in brackets: `{key} = [\"one\", \"two\"]`")
        } else {
            format!("write it on the same line: `{key} = \"…\"`")
        };
        return Some(Habit::new(format!("`{key}` has no value"), help));
    }
    if value.starts_with(CURLY_QUOTES) {
        let plain = value.trim_matches(CURLY_QUOTES);
        return Some(Habit::new("a text stands in straight quotes", format!("write `{key} = \"{plain}\"`")));
    }
    quoted(key, value).or_else(|| bare(key, value))
}

/// A text that does not end, or holds a backslash.
fn quoted(key: &str, value: &str) -> Option<Habit> {
    let quote = value.chars().next().filter(|first| ['"', '\''].contains(first))?;
    let rest = &value[1..];
    let Some((content, after)) = rest.rsplit_once(quote) else {
        let content = rest.trim_end_matches(['"', '\'']);
        let message = format!("the text begins with `{quote}` and does not end");
        return Some(Habit::new(message, format!("write `{key} = {quote}{content}{quote}`")));
    };
    (quote == '"' && after.is_empty() && content.contains('\\')).then(|| {
        let help = if content.contains('\'') {
            "write two backslashes for each".to_owned()
        } else {
            format!("write it in single quotes: `{key} = '{content}'`")
        };
        Habit::new("a backslash has a meaning of its own between double quotes", help)
    })
}

/// A word without quotes.
fn bare(key: &str, value: &str) -> Option<Habit> {
    let value = value.split(" #").next().unwrap_or(value).trim();
    if matches!(value.to_ascii_lowercase().as_str(), "null" | "nil" | "none" | "undefined" | "~") {
        return Some(Habit::new("TOML has no null", format!("remove `{key}`: what is not said is absent")));
    }
    is_word(value).then(|| match word(value) {
        truth if matches!(truth.as_str(), "true" | "false") => {
            Habit::new(format!("`{value}` is no TOML value"), format!("write `{key} = {truth}`"))
        }
        text => Habit::new("a text stands in quotes", format!("write `{key} = {text}`")),
    })
}

fn is_word(value: &str) -> bool {
    value.starts_with(|first: char| first.is_alphabetic() || first == ':')
        && value.chars().all(|character| character.is_alphanumeric() || " :_-./@".contains(character))
}

/// A word as TOML writes what it means.
fn word(value: &str) -> String {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => "true".to_owned(),
        "false" | "no" | "off" => "false".to_owned(),
        _ => format!("\"{}\"", value.trim_start_matches(':')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a text at the `§` in it, which is taken out.
    fn help(marked: &str) -> Option<String> {
        let byte = marked.find('§').unwrap_or_default();
        at(&marked.replace('§', ""), byte).map(|habit| habit.help)
    }

    #[test]
    fn one_line() {
        for (marked, wanted) in [
            ("a = §yes", "write `a = true`"),
            ("a = §False", "write `a = false`"),
            ("a = §null", "remove `a`: what is not said is absent"),
            ("a = §:user", "write `a = \"user\"`"),
            ("a = §two words", "write `a = \"two words\"`"),
            ("a = §“x”", "write `a = \"x\"`"),
            ("a = 'x\"§", "write `a = 'x'`"),
            ("a = \"x§", "write `a = \"x\"`"),
            ("a = \"\\§d\"", "write it in single quotes: `a = '\\d'`"),
            ("a =§> true", "write `a = true`"),
            ("a§: yes", "write `a = true`"),
            ("a§: { b: true }", "write `a = { b = true }`"),
            ("a = { \"b\"§: true }", "write `{ b = true }`"),
            ("a = { \"b\"§: \"c\" }", "write `=` in place of each `:`"),
            ("a =§\n  - x", "write the list in brackets: `a = [\"one\", \"two\"]`"),
            ("a =§", "write it on the same line: `a = \"…\"`"),
            ("a = {\n b = 1\n §c = 2\n}", "write `b = 1,`"),
            ("a = 1\n§a = 2", "remove one of them"),
            ("a = 1\n§a.b = 2", "remove `a`: what else belongs to it is written as `a.b` is"),
            ("[a]\n[b]\n[§a]", "put what stands here below the first one"),
        ] {
            assert_eq!(help(marked).as_deref(), Some(wanted), "{marked}");
        }
        for marked in [
            "a = [\n { b = 1 },\n { b = §1.2.3 },\n]",
            "a = 1\n[b]\n§a = 2]",
            "[[a]]\n[[§a]]",
            "§= 1",
            "a = §1.2.3",
        ] {
            assert_eq!(help(marked), None, "{marked}");
        }
    }

    #[test]
    fn whole_files() {
        let message = |text| whole_file(text).map(|(habit, _)| habit.message);
        assert_eq!(message("\n{ \"a\": 1 }").as_deref(), Some("this is JSON, and a form is TOML"));
        assert_eq!(message("# x\na: b\nc:\n  - d").as_deref(), Some("this is YAML, and a form is TOML"));
        assert_eq!(message("---\nresource: User\n").as_deref(), Some("this is YAML, and a form is TOML"));
        assert_eq!(message("a: b\nc = 1"), None);
        assert_eq!(message(""), None);
    }
}
