//! A comment on a pull request: a table of what changes, and the requests that show it.

use crate::compat::{Finding, Severity};

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
fn cell(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut in_code = false;
    for character in text.chars() {
        match character {
            '`' => in_code = !in_code,
            '|' => escaped.push('\\'),
            '\n' | '\r' => {
                escaped.push(' ');
                continue;
            }
            '\\' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '#' | '~' | '@' if !in_code => {
                escaped.push('\\');
            }
            _ => {}
        }
        escaped.push(character);
    }
    escaped
}

fn code(text: &str) -> String {
    let fence = "`".repeat(longest_run(text) + 1);
    format!("{fence}{}{fence}", text.replace('|', "\\|").replace(['\n', '\r'], " "))
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace(['\n', '\r'], " ")
}

fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or(0)
}
