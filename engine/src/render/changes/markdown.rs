//! A comment on a pull request: a table of what changes, and the requests that show it.

use crate::compat::{Finding, Severity};

/// Between `@` and a name, or `#` and a number, so that nobody is called and no issue is linked.
const INVISIBLE_SPACE: &str = "&#8203;";

pub(super) fn render(findings: &[Finding]) -> String {
    if findings.is_empty() {
        return "No change of the forms that clients could notice.\n".to_owned();
    }
    let mut text = "| | form | field | change |\n| --- | --- | --- | --- |\n".to_owned();
    text.extend(findings.iter().map(row));
    let shown: String = findings.iter().filter_map(details).collect();
    if !shown.is_empty() {
        text.push('\n');
        text.push_str(&shown);
    }
    text
}

fn row(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Breaking => "**breaking**",
        other => other.name(),
    };
    let path = finding.path.as_deref().map(code).unwrap_or_default();
    format!(
        "| {severity} | {} | {path} | {} (`{}`) |\n",
        code(&finding.form),
        cell(&finding.message),
        finding.change.name()
    )
}

fn details(finding: &Finding) -> Option<String> {
    let witness = finding.witness.as_ref()?;
    let request = super::request(witness);
    // A fence longer than any run of backticks in what it holds.
    let fence = "`".repeat(longest_run(&request).max(2) + 1);
    let summary = html(&format!("{}: {}", finding.form, finding.message));
    let outcome = cell(&super::outcome(witness));
    Some(format!(
        "<details><summary>{summary}</summary>\n\n{outcome}:\n\n{fence}json\n{request}\n{fence}\n\n</details>\n\n"
    ))
}

/// Text in which nothing but code spans is markup, on one line of a table.
///
/// A span is what `CommonMark` (6.1) takes for one: it ends with as many backticks as it begins with, and what has no end
/// is no span. A value of a form may hold backticks, and what stands behind them must not become markup.
fn cell(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('`') {
        escaped.push_str(&plain(&rest[..start]));
        let fence = run(&rest[start..]);
        let after = start + fence;
        if let Some(end) = end_of_span(&rest[after..], fence) {
            let span = &rest[start..after + end + fence];
            escaped.push_str(&span.replace('|', "\\|").replace(['\n', '\r'], " "));
            rest = &rest[after + end + fence..];
        } else {
            escaped.push_str(&"\\`".repeat(fence));
            rest = &rest[after..];
        }
    }
    escaped + &plain(rest)
}

/// How many backticks a text begins with.
fn run(text: &str) -> usize {
    text.bytes().take_while(|byte| *byte == b'`').count()
}

/// Where a code span of so many backticks ends.
fn end_of_span(text: &str, fence: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(start) = text[at..].find('`') {
        let length = run(&text[at + start..]);
        if length == fence {
            return Some(at + start);
        }
        at += start + length;
    }
    None
}

/// Text without any markup. A backslash keeps nobody from being mentioned, an invisible space does.
fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' => escaped.push(' '),
            '@' | '#' => {
                escaped.push(character);
                escaped.push_str(INVISIBLE_SPACE);
            }
            '\\' | '|' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '~' | '!' => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

fn code(text: &str) -> String {
    let fence = "`".repeat(longest_run(text) + 1);
    format!("{fence}{}{fence}", text.replace('|', "\\|").replace(['\n', '\r'], " "))
}

fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\n' | '\r' => escaped.push(' '),
            '@' | '#' => {
                escaped.push(character);
                escaped.push_str(INVISIBLE_SPACE);
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_whole_code_spans_is_markup() {
        for (text, wanted) in [
            ("`a|<b>` <i> | c", "`a\\|<b>` \\<i\\> \\| c"),
            ("one of `\"a`<b>@x", "one of `\"a`\\<b\\>@&#8203;x"),
            ("`\"a`b\"`<img>", "`\"a`b\"\\`\\<img\\>"),
            ("``a`b`` `", "``a`b`` \\`"),
            ("a\nb #1", "a b #&#8203;1"),
        ] {
            assert_eq!(cell(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_summary_holds_no_tags_and_calls_nobody() {
        assert_eq!(html("</summary>\n@all &"), "&lt;/summary&gt; @&#8203;all &amp;");
    }
}
