//! The findings for programs; `schemas/diagnostics.schema.json` says what each member means.

use serde_json::{Value, json};

use super::{count, pretty, shown_path};
use crate::diagnostic::{Diagnostic, Edit, Fix, Label, Severity};
use crate::source::{SourceFile, Span};

/// Raised when a member goes or changes its meaning; not when one is added.
const FORMAT_VERSION: u32 = 1;

pub(super) fn render(diagnostics: &[Diagnostic]) -> String {
    pretty(&json!({
        "format_version": FORMAT_VERSION,
        "errors": count(diagnostics, Severity::Error),
        "warnings": count(diagnostics, Severity::Warning),
        "diagnostics": diagnostics.iter().map(diagnostic).collect::<Vec<_>>(),
    }))
}

fn diagnostic(found: &Diagnostic) -> Value {
    let primary = label(&found.primary, true);
    let secondary = found.secondary.iter().map(|other| label(other, false));
    let labels: Vec<Value> = std::iter::once(primary).chain(secondary).collect();
    json!({
        "rule": found.rule.name(),
        "severity": found.severity.name(),
        "message": found.message,
        "help": found.help,
        "file": shown_path(&found.primary.file),
        "range": range(&found.primary.file, &found.primary.span),
        "labels": labels,
        "fix": found.fix.as_ref().map(|mends| fix(&found.primary.file, mends)),
    })
}

fn label(label: &Label, primary: bool) -> Value {
    json!({
        "file": shown_path(&label.file),
        "range": range(&label.file, &label.span),
        "text": label.text,
        "primary": primary,
    })
}

fn fix(file: &SourceFile, fix: &Fix) -> Value {
    let edit = |edit: &Edit| json!({ "range": range(file, &edit.span), "text": edit.text });
    json!({ "title": fix.title, "edits": fix.edits.iter().map(edit).collect::<Vec<_>>() })
}

fn range(file: &SourceFile, span: &Span) -> Value {
    json!({ "start": position(file, span.start), "end": position(file, span.end) })
}

fn position(file: &SourceFile, byte: usize) -> Value {
    let position = file.position(byte);
    json!({ "line": position.line, "column": position.column, "byte": byte })
}
