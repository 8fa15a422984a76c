//! A GitLab Code Quality report.

use serde_json::{Value, json};

use super::fingerprint::fingerprints;
use super::{pretty, shown_path};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Position;

pub(super) fn render(diagnostics: &[Diagnostic]) -> String {
    let issues = diagnostics.iter().zip(fingerprints(diagnostics));
    pretty(&Value::Array(issues.map(|(found, fingerprint)| issue(found, &fingerprint)).collect()))
}

fn issue(found: &Diagnostic, fingerprint: &str) -> Value {
    let (file, span) = (&found.primary.file, &found.primary.span);
    let (start, end) = (file.position(span.start), file.position(span.end));
    let place = |position: Position| json!({ "line": position.line, "column": position.column });
    json!({
        "description": found.message,
        "check_name": found.rule.name(),
        "fingerprint": fingerprint,
        "severity": match found.severity {
            Severity::Error => "critical",
            Severity::Warning => "minor",
        },
        "location": {
            "path": shown_path(file),
            "lines": { "begin": start.line, "end": end.line },
            "positions": { "begin": place(start), "end": place(end) },
        },
    })
}
