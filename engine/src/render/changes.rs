//! What a change of configuration does → text. Called by the command line.

mod github;
mod json;
mod markdown;
mod text;

use crate::compat::{Category, Finding, Outcome, Severity, Witness, count};

/// How the findings of a comparison are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeFormat {
    /// With both sources around each, for people.
    Text {
        /// Whether to use terminal colours.
        colour: bool,
    },
    /// One document, described by `schemas/findings.schema.json`.
    Json,
    /// Workflow commands of GitHub Actions.
    Github,
    /// A comment on a pull request.
    Markdown,
}

/// Writes findings; with a final newline if there is anything to write.
#[must_use]
pub fn render_changes(findings: &[Finding], format: ChangeFormat) -> String {
    match format {
        ChangeFormat::Text { colour } => text::render(findings, colour),
        ChangeFormat::Json => json::render(findings),
        ChangeFormat::Github => github::render(findings),
        ChangeFormat::Markdown => markdown::render(findings),
    }
}

/// The closing line: `1 breaking change, 2 warnings, 0 infos in 3 forms`.
#[must_use]
pub fn summary_of_changes(findings: &[Finding], forms: usize) -> String {
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let forms = plural(forms, "form");
    if findings.is_empty() {
        return format!("no changes that clients could notice in {forms}");
    }
    let may_refuse =
        |found: &&Finding| found.severity == Severity::Warning && found.category == Category::Request;
    let open = match findings.iter().filter(may_refuse).count() {
        0 => String::new(),
        open => format!("; of {} it is not known whether requests are refused", plural(open, "warning")),
    };
    format!(
        "{}, {}, {} that only widen in {forms}{open}",
        plural(count(findings, Severity::Breaking), "breaking change"),
        plural(count(findings, Severity::Warning), "warning"),
        count(findings, Severity::Info)
    )
}

/// What became of a witness, in a sentence.
#[must_use]
pub fn outcome(witness: &Witness) -> String {
    match &witness.outcome {
        Outcome::Refused { path, code } => {
            format!("the old form accepts this request, the new one refuses it: `{path}` is `{code}`")
        }
        Outcome::Stored { .. } => "both forms accept this request, and store other values".to_owned(),
    }
}

/// A witness's request in JSON, on one line; long ones are cut, since nobody reads them to the end.
#[must_use]
pub fn request(witness: &Witness) -> String {
    const SHOWN: usize = 400;
    let text = serde_json::Value::Object(witness.form.clone()).to_string();
    match text.char_indices().nth(SHOWN) {
        None => text,
        Some((at, _)) => format!("{}… ({} characters)", &text[..at], text.chars().count()),
    }
}
