//! The examples of a form, and what it says of each.

use std::time::SystemTime;

use formwork_engine::compile::CompiledForm;
use formwork_engine::example_run::{ExampleRun, run_examples};
use minijinja::{Value, context};
use serde::Serialize;

use super::super::error::ApiError;
use crate::html::workbench::{listed, piece};

#[derive(Serialize)]
struct Shown {
    title: String,
    line: usize,
    reason: Option<String>,
    errors: Vec<Told>,
    form: String,
}

/// An error, and how it compares with what the author expects.
#[derive(Serialize)]
struct Told {
    kind: &'static str,
    path: String,
    code: String,
}

pub(super) fn view(
    form: Option<&CompiledForm>,
    note: Option<&str>,
    now: SystemTime,
) -> Result<Value, ApiError> {
    let runs = form.map(|form| run_examples(form, now)).unwrap_or_default();
    let passed = runs.iter().filter(|run| run.passed()).count();
    let counted = match (form, runs.len()) {
        (None, _) => String::new(),
        (_, 0) => "The form has no examples.".to_owned(),
        (_, all) => format!("{passed} of {all} come out as stated."),
    };
    let summary = [note.unwrap_or_default(), &counted].join(" ");
    let examples: Vec<Shown> = form.iter().flat_map(|form| runs.iter().map(|run| shown(form, run))).collect();
    piece("examples.html", context! { examples => listed(&examples), summary => summary.trim() })
}

fn shown(form: &CompiledForm, run: &ExampleRun<'_>) -> Shown {
    let line = form.form.source.position(run.example.span.start).line;
    let title = run.example.description.clone();
    Shown {
        title: title.unwrap_or_else(|| format!("the example in line {line}")),
        line,
        reason: run.reason(),
        errors: compared(run),
        form: format!("{:#}", serde_json::Value::Object(run.example.form.clone())),
    }
}

/// What came, and what was expected and did not come.
fn compared(run: &ExampleRun<'_>) -> Vec<Told> {
    let mut missing = run.expected();
    let leaves_open = missing.is_empty() && run.passed();
    let mut told: Vec<Told> = run
        .actual
        .iter()
        .map(|(path, code)| {
            let at = missing.iter().position(|(known, error)| (known, error) == (path, code));
            let kind = if at.is_some() || leaves_open { "expected" } else { "unexpected" };
            at.map(|at| missing.remove(at));
            Told { kind, path: path.clone(), code: code.clone() }
        })
        .collect();
    told.extend(missing.into_iter().map(|(path, code)| Told { kind: "missing", path, code }));
    told
}
