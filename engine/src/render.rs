//! Diagnostics → text. The only place that makes text of them.

mod changes;
mod concise;
mod text;

use crate::diagnostic::{Diagnostic, Severity};

pub use changes::{ChangeFormat, render_changes, summary_of_changes};

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
}

/// Writes diagnostics; with a final newline if there are any.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], format: Format) -> String {
    match format {
        Format::Text { colour } => text::render(diagnostics, colour),
        Format::Concise => concise::render(diagnostics),
    }
}

/// The closing line: `2 errors, 1 warning in 3 forms`.
#[must_use]
pub fn summary(diagnostics: &[Diagnostic], forms: usize) -> String {
    let count = |severity| diagnostics.iter().filter(|found| found.severity == severity).count();
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let found = match (errors, warnings) {
        (0, 0) => "no findings".to_owned(),
        (errors, 0) => plural(errors, "error"),
        (0, warnings) => plural(warnings, "warning"),
        (errors, warnings) => format!("{}, {}", plural(errors, "error"), plural(warnings, "warning")),
    };
    format!("{found} in {}", plural(forms, "form"))
}
