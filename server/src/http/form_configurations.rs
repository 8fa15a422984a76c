//! `/api/form_configurations`: which forms there are, how they stand, what they demand, and a dry run.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::Uri;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use formwork_engine::compile::CompiledForm;
use formwork_engine::diagnostic::Diagnostic;
use formwork_engine::model::Access;
use formwork_engine::registry::{FormStatus, Snapshot};
use formwork_engine::submission::Refusal;
use serde_json::{Value, json};

use super::error::{ApiError, version_header};
use super::extract::{self, Asker};
use super::measure::Subject;
use super::policy::{self, Verdict};
use super::{App, entity_tag};
use crate::token::Caller;

const PREFIX: &str = "/api/form_configurations/";

/// `GET /api/form_configurations`: the forms that the caller may use; public ones for anyone.
pub(super) async fn list(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, ApiError> {
    let caller = app.caller(&headers).await?;
    if caller.is_none() && headers.contains_key(header::AUTHORIZATION) {
        return Err(ApiError::Unauthorized);
    }
    let snapshot = app.registry.snapshot();
    let forms: Vec<Value> =
        snapshot.statuses.iter().filter(|status| is_visible(status, caller.as_ref())).map(summary).collect();
    Ok(json_response(&json!({ "form_configurations": forms })))
}

/// `GET …/{name}` and `GET …/{name}/schema`.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (name, operation) = target(uri.path());
    let snapshot = app.registry.snapshot();
    let (status, caller) = authorized(&app, &headers, &snapshot, &name).await?;
    match operation {
        None => Ok(json_response(&details(status, caller.is_some()))),
        Some(Operation::Schema) => schema(status.form.as_deref().ok_or(ApiError::NotFound)?, &headers),
        Some(Operation::Validate) => Err(no_such_method(uri.path())),
    }
}

/// `POST …/{name}/validate`: the verdict on a `form` value; no hashing, no write, no answer about uniqueness.
pub(super) async fn act(
    State(app): State<Arc<App>>,
    uri: Uri,
    request: Request,
) -> Result<Response, ApiError> {
    let (name, Some(Operation::Validate)) = target(uri.path()) else {
        return Err(no_such_method(uri.path()));
    };
    let snapshot = app.registry.snapshot();
    let (status, caller) = authorized(&app, request.headers(), &snapshot, &name).await?;
    let form = status.form.as_deref().ok_or(ApiError::NotFound)?;
    Subject::of(&request).is(form);
    let asker = Asker::of(&request, &app.edge.proxies);
    let rate = app.edge.rates.check(&form.form, asker.client(caller.as_ref()));
    dry_run(&app, (&snapshot, form, &name), caller.as_ref(), rate, request).await
}

/// The verdict of a form on the `form` value of a request, for a caller who has been let this far, and whose rate has room
/// for it or not.
pub(super) async fn dry_run(
    app: &App,
    (snapshot, form, name): (&Snapshot, &CompiledForm, &str),
    caller: Option<&Caller>,
    rate: Result<(), Duration>,
    mut request: Request,
) -> Result<Response, ApiError> {
    let asker = Asker::of(&request, &app.edge.proxies);
    let mut body = extract::object(&mut request, &app.edge).await;
    let mut problems = Vec::new();
    let submitted = body.as_mut().ok().and_then(|body| extract::form_value(body, &mut problems));
    let circumstances = asker.circumstances(caller, (app.clock)());
    let attempt = asker.attempt(caller, &circumstances);
    let Verdict::Allowed(authorized) = policy::ask(snapshot, form, submitted, &attempt, rate)? else {
        return Err(unknown(caller, name));
    };
    extract::nothing_else(&body?, &mut problems);
    if !problems.is_empty() {
        return Err(ApiError::NotAcceptable(problems));
    }
    match authorized.submit(&circumstances) {
        Ok(_) => {
            Ok((version_header(form.version()), json_response(&json!({ "errors": {} }))).into_response())
        }
        Err(Refusal::Violations(violations)) => {
            Err(ApiError::refused(form, &snapshot.locales, &asker.languages, &violations))
        }
        Err(Refusal::Payload(fault)) => Err(ApiError::Payload(fault)),
    }
}

/// Any other method: the router does not know that the paths under one route take different ones.
pub(super) async fn other(uri: Uri) -> ApiError {
    no_such_method(uri.path())
}

fn no_such_method(path: &str) -> ApiError {
    let allow = match target(path) {
        (_, Some(Operation::Validate)) => "POST",
        _ => "GET, HEAD",
    };
    ApiError::MethodNotAllowed { allow: Some(allow) }
}

enum Operation {
    Schema,
    Validate,
}

/// The form's name and the operation on it. A name's slashes may be plain or `%2F`: so a form called `schema` in
/// a directory can still be told from the schema of a form.
fn target(path: &str) -> (String, Option<Operation>) {
    let path = path.strip_prefix(PREFIX).unwrap_or_default();
    let (name, operation) = match path.rsplit_once('/') {
        Some((name, "schema")) => (name, Some(Operation::Schema)),
        Some((name, "validate")) => (name, Some(Operation::Validate)),
        _ => (path, None),
    };
    // A form's name has no other character that a client would escape.
    (name.replace("%2F", "/").replace("%2f", "/"), operation)
}

/// The form of this name, if the caller may use it, and who calls.
///
/// Without a token only public forms are there; anything else is 401, so that nobody learns which names exist.
async fn authorized<'a>(
    app: &App,
    headers: &HeaderMap,
    snapshot: &'a Snapshot,
    name: &str,
) -> Result<(&'a FormStatus, Option<Caller>), ApiError> {
    let status = snapshot.status(name);
    let caller = app.caller(headers).await?;
    match (&caller, status) {
        (_, Some(status)) if is_public(status) => Ok((status, caller)),
        (None, Some(_)) => Err(ApiError::Unauthorized),
        (Some(caller), Some(status)) if !may_use(caller, status) => Err(ApiError::Forbidden),
        (Some(_), Some(status)) => Ok((status, caller)),
        (_, None) => Err(unknown(caller.as_ref(), name)),
    }
}

/// What is answered where no form has a name.
fn unknown(caller: Option<&Caller>, name: &str) -> ApiError {
    match caller {
        None => ApiError::Unauthorized,
        Some(caller) if !caller.covers(name) => ApiError::Forbidden,
        Some(_) => ApiError::NotFound,
    }
}

fn may_use(caller: &Caller, status: &FormStatus) -> bool {
    status.form.as_ref().map_or_else(|| caller.covers(&status.name), |form| caller.may_use(&form.form))
}

/// Whether a caller is told of a form at all.
pub(super) fn is_visible(status: &FormStatus, caller: Option<&Caller>) -> bool {
    is_public(status) || caller.is_some_and(|caller| may_use(caller, status))
}

fn is_public(status: &FormStatus) -> bool {
    status.form.as_ref().is_some_and(|form| form.form.access == Access::Public)
}

fn summary(status: &FormStatus) -> Value {
    let form = status.form.as_deref();
    json!({
        "name": status.name,
        "description": form.and_then(|form| form.form.description.as_ref()),
        "resource": form.map(|form| form.form.resource.name),
        "access": form.map(|form| form.form.access.name()),
        "version": form.map(CompiledForm::version),
        "status": status.state.name(),
    })
}

/// One form; with its diagnostics for those who have a token, since they show the source.
fn details(status: &FormStatus, with_diagnostics: bool) -> Value {
    let mut value = summary(status);
    if let (Value::Object(members), Some(form)) = (&mut value, &status.form) {
        let aliases: Vec<&str> = form.form.aliases.iter().map(|alias| alias.value.as_str()).collect();
        members.insert("aliases".into(), aliases.into());
    }
    if let (Value::Object(members), true) = (&mut value, with_diagnostics) {
        members.insert("diagnostics".into(), status.diagnostics.iter().map(diagnostic).collect());
    }
    value
}

fn diagnostic(found: &Diagnostic) -> Value {
    let position = found.primary.file.position(found.primary.span.start);
    json!({
        "rule": found.rule.name(),
        "severity": found.severity.name(),
        "message": found.message,
        "help": found.help,
        "line": position.line,
        "column": position.column,
    })
}

/// A form's JSON Schema; its entity tag is the version, so a client asks again for nothing.
fn schema(form: &CompiledForm, headers: &HeaderMap) -> Result<Response, ApiError> {
    let mut response = entity_tag::unless_known(form.version(), headers, || {
        ([(header::CONTENT_TYPE, "application/schema+json")], form.document.to_string()).into_response()
    })?;
    response.headers_mut().extend(version_header(form.version()));
    Ok(response)
}

fn json_response(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}
