//! How a form differs from what was served before: the texts, and what clients may notice.
//!
//! Compared with the version that was served before the last reload that changed it, in this process; a form with errors,
//! with the version that is served in its place.

use std::sync::Arc;

use formwork_engine::compat::{Configuration, Finding, Severity, compare};
use formwork_engine::compile::CompiledForm;
use formwork_engine::registry::{FormStatus, Snapshot, State as Standing};
use formwork_engine::render;
use minijinja::{Value, context};
use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use super::super::App;
use super::super::error::ApiError;
use crate::html::workbench::{listed, piece};

/// So many lines of the difference are shown, with so many that are alike around each change.
const SHOWN: usize = 1000;
const AROUND: usize = 3;

#[derive(Serialize)]
struct Line {
    kind: &'static str,
    sign: &'static str,
    text: String,
}

#[derive(Serialize)]
struct Noticed<'f> {
    severity: &'static str,
    change: &'static str,
    message: &'f str,
    help: Option<&'f str>,
    witness: Option<Witness>,
}

#[derive(Serialize)]
struct Witness {
    outcome: String,
    request: String,
}

pub(super) fn view(app: &App, snapshot: &Snapshot, status: &FormStatus) -> Result<Value, ApiError> {
    let previous = app.edge.workbench.history.of(&status.name).previous;
    // What has errors differs from what is served in its place, and nobody notices it yet.
    let (before, after, summary) = match (status.state, &status.form, previous) {
        (Standing::Stale, Some(served), _) => {
            (Arc::clone(served), None, "The newest text, beside the version that is served in its place.")
        }
        (_, Some(form), Some(previous)) => {
            (previous, Some(Arc::clone(form)), "The version that is served, beside the one before.")
        }
        _ => {
            let summary = "The form has not changed since the server was started.";
            return piece(
                "changes.html",
                context! { summary, findings => false, lines => false, cut => false },
            );
        }
    };
    let findings = after.map(|after| findings(snapshot, before.clone(), after, (app.clock)()));
    let findings = findings.unwrap_or_default();
    let noticed: Vec<Noticed<'_>> = findings.iter().map(noticed).collect();
    let mut lines = difference(&before.form.source.text, &status.source.text);
    let cut = lines.len() > SHOWN;
    lines.truncate(SHOWN);
    piece("changes.html", context! { summary, findings => listed(&noticed), lines => listed(&lines), cut })
}

fn findings(
    snapshot: &Snapshot,
    before: Arc<CompiledForm>,
    after: Arc<CompiledForm>,
    now: std::time::SystemTime,
) -> Vec<Finding> {
    let policies = &snapshot.policies;
    let (before, after) = ([before], [after]);
    compare(Configuration { forms: &before, policies }, Configuration { forms: &after, policies }, now)
}

fn noticed(finding: &Finding) -> Noticed<'_> {
    let witness = finding.witness.as_ref();
    Noticed {
        severity: match finding.severity {
            Severity::Breaking => "breaking",
            Severity::Warning => "warning",
            Severity::Info => "info",
        },
        change: finding.change.name(),
        message: &finding.message,
        help: finding.help.as_deref(),
        witness: witness
            .map(|witness| Witness { outcome: render::outcome(witness), request: render::request(witness) }),
    }
}

fn difference(before: &str, after: &str) -> Vec<Line> {
    let diff = TextDiff::from_lines(before, after);
    let mut lines = Vec::new();
    for (index, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        if index > 0 {
            lines.push(Line { kind: "gap", sign: "", text: "…".to_owned() });
        }
        for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
            let (kind, sign) = match change.tag() {
                ChangeTag::Delete => ("removed", "−"),
                ChangeTag::Insert => ("added", "+"),
                ChangeTag::Equal => ("same", " "),
            };
            let text = change.to_string_lossy().trim_end_matches(['\n', '\r']).to_owned();
            lines.push(Line { kind, sign, text });
        }
    }
    lines
}
