//! Diagnostics → text. The only place that makes text of them.

mod changes;
mod concise;
mod fingerprint;
mod github;
mod gitlab;
mod json;
mod junit;
mod sarif;
mod text;

use serde_json::Value;

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::SourceFile;

pub use changes::{ChangeFormat, outcome, render_changes, request, summary_of_changes};

/// How diagnostics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// With the source around each, for people.
    Text {
        /// Whether to use terminal colours.
        colour: bool,
    },
    /// One line each.
    Concise,
    /// One JSON document, as `schemas/diagnostics.schema.json` describes it.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// Workflow commands of GitHub.
    Github,
    /// A GitLab Code Quality report.
    Gitlab,
}

/// Writes diagnostics; with a final newline if there are any, and always in a format that is one document.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], format: Format) -> String {
    match format {
        Format::Text { colour } => text::render(diagnostics, colour),
        Format::Concise => concise::render(diagnostics),
        Format::Json => json::render(diagnostics),
        Format::Sarif => sarif::render(diagnostics),
        Format::Github => github::render(diagnostics),
        Format::Gitlab => gitlab::render(diagnostics),
    }
}

/// A `JUnit` report of `files`, each as [`shown_path`] has it: those without findings pass.
#[must_use]
pub fn junit(diagnostics: &[Diagnostic], files: &[String]) -> String {
    junit::render(diagnostics, files)
}

/// A file's path as every format shows it: with `/` on every system.
#[must_use]
pub fn shown_path(file: &SourceFile) -> String {
    let path = file.path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' {
        return path.into_owned();
    }
    path.replace(std::path::MAIN_SEPARATOR, "/")
}

/// The closing line: `2 errors, 1 warning in 3 forms`.
#[must_use]
pub fn summary(diagnostics: &[Diagnostic], forms: usize) -> String {
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let (errors, warnings) = (count(diagnostics, Severity::Error), count(diagnostics, Severity::Warning));
    let found = match (errors, warnings) {
        (0, 0) => "no findings".to_owned(),
        (errors, 0) => plural(errors, "error"),
        (0, warnings) => plural(warnings, "warning"),
        (errors, warnings) => format!("{}, {}", plural(errors, "error"), plural(warnings, "warning")),
    };
    format!("{found} in {}", plural(forms, "form"))
}

fn count(diagnostics: &[Diagnostic], severity: Severity) -> usize {
    diagnostics.iter().filter(|found| found.severity == severity).count()
}

fn pretty(document: &Value) -> String {
    format!("{document:#}\n")
}
