//! Results for programs. A member that is added does not change `format_version`.

use formwork_engine::example_run::{Coverage, ExampleRun};
use serde_json::{Value, json};

use super::{Counts, Tested, line};

pub(super) fn render(tested: &[Tested<'_>], counts: &Counts) -> String {
    let report = json!({
        "format_version": 1,
        "examples": counts.examples,
        "passed": counts.passed,
        "failed": counts.failed(),
        "forms": tested.iter().map(form).collect::<Vec<_>>(),
    });
    format!("{report:#}\n")
}

fn form(tested: &Tested<'_>) -> Value {
    let mut form = json!({
        "name": tested.built.name,
        "file": tested.built.source.path.display().to_string(),
        "compiles": tested.form.is_some(),
        "examples": tested.runs.iter().map(|run| example(tested, run)).collect::<Vec<_>>(),
    });
    if let Some(coverage) = &tested.coverage {
        form["coverage"] = shown(coverage);
    }
    form
}

fn example(tested: &Tested<'_>, run: &ExampleRun<'_>) -> Value {
    json!({
        "description": run.example.description,
        "line": line(run, tested.built),
        "passed": run.passed(),
        "reason": run.reason(),
        "expected": { "valid": run.example.valid.value, "errors": run.example.errors.as_ref().map(|_| errors(&run.expected())) },
        "actual": { "valid": run.actual.is_empty(), "errors": errors(&run.actual) },
    })
}

fn errors(errors: &[(String, String)]) -> Value {
    errors.iter().map(|(path, code)| json!({ "path": path, "code": code })).collect()
}

fn shown(coverage: &Coverage) -> Value {
    let unbroken: Vec<Value> =
        coverage.unbroken.iter().map(|(path, code)| json!({ "path": path, "code": code })).collect();
    json!({ "rules": coverage.rules, "unbroken": unbroken, "unsent": coverage.unsent })
}
