//! What there is to say of a file, as `lint` says it: a list.

use formwork_engine::diagnostic::{Diagnostic, Label, Severity};
use formwork_engine::render::shown_path;
use formwork_engine::source::SourceFile;
use minijinja::{Value, context};
use serde::Serialize;

use super::super::error::ApiError;
use crate::html::workbench::{listed, piece};

/// So many are shown; nobody reads more at once.
const SHOWN: usize = 100;

#[derive(Serialize)]
struct Shown<'d> {
    severity: &'static str,
    rule: &'static str,
    message: &'d str,
    file: String,
    line: usize,
    column: usize,
    label: &'d str,
    labels: Vec<Other<'d>>,
    help: Option<&'d str>,
    /// Where it begins and ends for an editor of `text`, in UTF-16 code units.
    from: Option<usize>,
    to: Option<usize>,
}

#[derive(Serialize)]
struct Other<'d> {
    place: String,
    text: &'d str,
}

/// Where a list stands.
#[derive(Clone, Copy)]
pub(super) enum Place<'t> {
    /// By itself: it says which file each is about.
    Alone,
    /// In the text that it is about.
    InText,
    /// Beside an editor of this text: it says for the editor where each is.
    BesideEditor(&'t SourceFile),
}

/// The list.
pub(super) fn list<'d>(
    found: impl IntoIterator<Item = &'d Diagnostic>,
    place: Place<'_>,
) -> Result<Value, ApiError> {
    let found: Vec<&Diagnostic> = found.into_iter().collect();
    let edited = if let Place::BesideEditor(text) = place { Some(text) } else { None };
    let diagnostics: Vec<Shown<'_>> = found.iter().take(SHOWN).map(|found| shown(found, edited)).collect();
    let in_place = !matches!(place, Place::Alone);
    piece(
        "diagnostics.html",
        context! { in_place, diagnostics => listed(&diagnostics), more => found.len().saturating_sub(SHOWN) },
    )
}

fn shown<'d>(found: &'d Diagnostic, edited: Option<&SourceFile>) -> Shown<'d> {
    let primary = &found.primary;
    let position = primary.file.position(primary.span.start);
    let place = |label: &'d Label| {
        let line = label.file.position(label.span.start).line;
        let is_same = label.file.path == primary.file.path;
        let place = if is_same { format!("line {line}") } else { format!("{}:{line}", file(&label.file)) };
        Other { place, text: &label.text }
    };
    let offset = |byte: usize| {
        let text = &edited?.text;
        Some(text.get(..text.floor_char_boundary(byte))?.encode_utf16().count())
    };
    Shown {
        severity: found.severity.name(),
        rule: found.rule.name(),
        message: &found.message,
        file: file(&primary.file),
        line: position.line,
        column: position.column,
        label: &primary.text,
        labels: found.secondary.iter().map(place).collect(),
        help: found.help.as_deref(),
        from: offset(primary.span.start),
        to: offset(primary.span.end),
    }
}

/// A file's path as pages show it.
pub(super) fn file(file: &SourceFile) -> String {
    shown_path(file)
}

/// How much there is to say: `1 error, 2 warnings`; nothing where there is nothing.
pub(super) fn count<'d>(found: impl IntoIterator<Item = &'d Diagnostic>) -> Option<String> {
    let (mut errors, mut warnings) = (0, 0);
    for found in found {
        match found.severity {
            Severity::Error => errors += 1,
            Severity::Warning => warnings += 1,
        }
    }
    let of = |count: usize, word: &str| match count {
        0 => None,
        1 => Some(format!("1 {word}")),
        several => Some(format!("{several} {word}s")),
    };
    let parts: Vec<String> = [of(errors, "error"), of(warnings, "warning")].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
