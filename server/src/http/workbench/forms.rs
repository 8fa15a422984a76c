//! `GET /_/`: every form and how it stands.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use formwork_engine::diagnostic::Diagnostic;
use formwork_engine::registry::{FormStatus, State as Standing};
use minijinja::context;
use serde::Serialize;

use super::super::App;
use super::super::error::ApiError;
use super::diagnostics::Place;
use super::fields::Fields;
use super::guard::Visitor;
use super::{Asked, Moment, diagnostics, href, show as page};
use crate::html::workbench::{Section, listed, piece};

/// So many forms are on one page.
const SHOWN: usize = 200;

#[derive(Serialize)]
struct Row<'s> {
    name: &'s str,
    href: String,
    description: Option<&'s str>,
    state: &'static str,
    findings: Option<String>,
    version: Option<&'s str>,
    access: Option<&'static str>,
    reloaded_at: Moment,
    requests: u64,
    failures: Vec<Failure>,
}

#[derive(Serialize)]
struct Failure {
    code: String,
    count: u64,
}

pub(super) async fn show(
    State(app): Asked,
    Extension(visitor): Extension<Visitor>,
    uri: Uri,
) -> Result<Response, ApiError> {
    let fields = Fields::of(&uri);
    let query = fields.get("q").trim();
    let snapshot = app.registry.snapshot();
    let mut found: Vec<&FormStatus> =
        snapshot.statuses.iter().filter(|status| status.name.contains(query)).collect();
    // What needs somebody comes first; else they stay in the order of their names.
    found.sort_by_key(|status| match status.state {
        Standing::Broken => 0,
        Standing::Stale => 1,
        Standing::Live => 2,
    });
    let forms: Vec<Row<'_>> = found.iter().take(SHOWN).map(|status| row(&app, status)).collect();
    let others: Vec<&Diagnostic> = snapshot.diagnostics_beside_forms().collect();
    let others = if others.is_empty() { None } else { Some(diagnostics::list(others, Place::Alone)?) };
    let content = context! {
        news => news(&snapshot.statuses),
        query, others,
        forms => listed(&forms),
        shown => found.len().min(SHOWN),
        found => found.len(),
    };
    page(&app, &visitor, Section::Forms, "Forms", piece("forms.html", content)?)
}

/// How the forms stand, in a sentence.
fn news(statuses: &[FormStatus]) -> String {
    let of = |state| statuses.iter().filter(|status| status.state == state).count();
    let states = [Standing::Live, Standing::Stale, Standing::Broken];
    let parts: Vec<String> = states
        .into_iter()
        .map(|state| (of(state), state))
        .filter(|(count, _)| *count > 0)
        .map(|(count, state)| format!("{count} {}", state.name()))
        .collect();
    let forms = match statuses.len() {
        1 => "1 form".to_owned(),
        several => format!("{several} forms"),
    };
    if parts.is_empty() { format!("{forms}.") } else { format!("{forms}: {}.", parts.join(", ")) }
}

fn row<'s>(app: &Arc<App>, status: &'s FormStatus) -> Row<'s> {
    let form = status.form.as_deref();
    let tally = app.edge.metrics.of_form(&status.name);
    let failures = tally.failures.into_iter().map(|(code, count)| Failure { code, count });
    Row {
        name: &status.name,
        href: href(&status.name),
        description: form.and_then(|form| form.form.description.as_deref()),
        state: status.state.name(),
        findings: diagnostics::count(&status.diagnostics),
        version: form.map(formwork_engine::compile::CompiledForm::version),
        access: form.map(|form| form.form.access.name()),
        reloaded_at: Moment::of(app.edge.workbench.history.of(&status.name).reloaded_at),
        requests: tally.requests,
        failures: failures.collect(),
    }
}
