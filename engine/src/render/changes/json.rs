//! One JSON document, described by `schemas/findings.schema.json`.

use serde_json::{Value, json};

use crate::compat::{Finding, Outcome, Severity, Witness, count};
use crate::diagnostic::Label;

pub(super) fn render(findings: &[Finding]) -> String {
    let document = json!({
        "format_version": 1,
        "breaking": count(findings, Severity::Breaking),
        "warnings": count(findings, Severity::Warning),
        "infos": count(findings, Severity::Info),
        "findings": findings.iter().map(finding).collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}

fn finding(finding: &Finding) -> Value {
    json!({
        "rule": finding.change.name(),
        "severity": finding.severity.name(),
        "category": finding.category.name(),
        "form": finding.form,
        "path": finding.path,
        "message": finding.message,
        "help": finding.help,
        "old": finding.old.as_ref().map(place),
        "new": finding.new.as_ref().map(place),
        "witness": finding.witness.as_ref().map(witness),
    })
}

fn place(label: &Label) -> Value {
    let at = |byte: usize| {
        let position = label.file.position(byte);
        json!({ "line": position.line, "column": position.column, "byte": byte })
    };
    json!({
        "file": label.file.path.to_string_lossy(),
        "range": { "start": at(label.span.start), "end": at(label.span.end) },
        "text": label.text,
    })
}

fn witness(witness: &Witness) -> Value {
    match &witness.outcome {
        Outcome::Refused { path, code } => {
            json!({ "form": witness.form, "refused": { "path": path, "code": code } })
        }
        Outcome::Stored { old, new } => json!({ "form": witness.form, "stored": { "old": old, "new": new } }),
    }
}
