//! `POST /api/users`: a form's name and values in, a user's id out.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use formwork_engine::compile::CompiledForm;
use formwork_engine::model::Access;
use formwork_engine::registry::Snapshot;
use formwork_engine::submission::Submitted;
use serde_json::{Map, Value, json};

use super::App;
use super::error::{ApiError, Problem, version_header};
use super::extract::{self, Asker};
use crate::accounts::Outcome;
use crate::idempotency::Key;

const NAME: &str = "form_configuration_name";

/// What the routes under `/api/users` create.
const COLLECTION: &str = "users";

pub(super) async fn create(State(app): State<Arc<App>>, request: Request) -> Result<Response, ApiError> {
    let headers = request.headers().clone();
    let asker = Asker::of(&request);
    let key = extract::idempotency_key(&headers)?;
    let body = extract::object(request).await?;
    // One snapshot from here to the answer: a reload meanwhile is the next request's.
    let snapshot = app.registry.snapshot();
    let name = body.get(NAME).and_then(Value::as_str);
    let form = name.and_then(|name| form(&snapshot, name));
    let caller;
    if form.is_none_or(|form| form.form.access != Access::Public) {
        let known = app.caller(&headers).await?.ok_or(ApiError::Unauthorized)?;
        let may_use = match (form, name) {
            (Some(form), _) => known.may_use(&form.form),
            (None, Some(name)) => known.covers(name),
            (None, None) => true,
        };
        if !may_use {
            return Err(ApiError::Forbidden);
        }
        caller = Some(known);
    } else {
        // Nobody needs a token here; who has one may be named by the form's templates.
        caller = app.caller(&headers).await?;
    }
    let (form, submitted) = members(body, form)?;
    let (token, name) = caller.map(|caller| (caller.id, caller.name)).unzip();
    let key = key.as_deref().map(|text| Key { caller: token.as_deref(), text });
    let circumstances = asker.circumstances(name, (app.clock)());
    match app.accounts.create(form, submitted, &circumstances, key.as_ref()).await? {
        Outcome::Created { id, version } => Ok(created(id, &version)),
        Outcome::Reused => Err(ApiError::KeyReused),
        Outcome::Refused(violations) => {
            Err(ApiError::refused(form, &snapshot.locales, &asker.languages, &violations))
        }
    }
}

fn form<'a>(snapshot: &'a Snapshot, name: &str) -> Option<&'a CompiledForm> {
    let form = snapshot.form(name).map(Arc::as_ref)?;
    (form.form.resource.collection == COLLECTION).then_some(form)
}

/// The two members of the body, or everything that is wrong with them.
fn members(
    mut body: Map<String, Value>,
    form: Option<&CompiledForm>,
) -> Result<(&CompiledForm, Submitted), ApiError> {
    let mut problems = Vec::new();
    match (body.shift_remove(NAME), form) {
        (Some(Value::String(_)), None) => {
            problems.push(Problem::member(NAME, "unknown_form", "names no form configuration"));
        }
        (Some(Value::String(_)), Some(_)) => {}
        (Some(_), _) => problems.push(Problem::member(NAME, "type", "must be a string")),
        (None, _) => problems.push(Problem::member(NAME, "blank", "can't be blank")),
    }
    let submitted = extract::form_value(&mut body, &mut problems);
    extract::nothing_else(&body, &mut problems);
    match (form, submitted) {
        (Some(form), Some(submitted)) if problems.is_empty() => Ok((form, submitted)),
        _ => Err(ApiError::NotAcceptable(problems)),
    }
}

fn created(id: i64, version: &str) -> Response {
    let mut headers = version_header(version);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(location) = HeaderValue::from_str(&format!("/api/{COLLECTION}/{id}")) {
        headers.insert(header::LOCATION, location);
    }
    let body = json!({ "model": { "id": id }, "errors": {} });
    (StatusCode::CREATED, headers, body.to_string()).into_response()
}
