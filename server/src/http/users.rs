//! `POST /api/users`: a form's name and values in, a user's id out.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use formwork_engine::compile::CompiledForm;
use formwork_engine::model::Access;
use formwork_engine::registry::Snapshot;
use formwork_engine::submission::{Authorized, Submitted};
use serde_json::{Map, Value};

use super::App;
use super::error::{ApiError, Problem, version_header};
use super::extract::{self, Asker};
use super::measure::Subject;
use super::policy::{self, Verdict};
use crate::accounts::{Outcome, milliseconds};
use crate::idempotency::{self, Key};
use crate::token::Caller;

const NAME: &str = "form_configuration_name";

/// What the routes under `/api/users` create.
const COLLECTION: &str = "users";

pub(super) async fn create(State(app): State<Arc<App>>, mut request: Request) -> Result<Response, ApiError> {
    let asker = Asker::of(&request, &app.edge.proxies);
    let subject = Subject::of(&request);
    let key = extract::idempotency_key(request.headers())?;
    let body = extract::object(&mut request, &app.edge).await?;
    // One snapshot from here to the answer: a reload meanwhile is the next request's.
    let snapshot = app.registry.snapshot();
    let name = body.get(NAME).and_then(Value::as_str);
    let form = name.and_then(|name| form(&snapshot, name));
    if let Some(form) = form {
        subject.is(form);
    }
    // Who has a token may be named by the templates and policies of a public form too.
    let caller = app.caller(request.headers()).await?;
    may_use(caller.as_ref(), form, name)?;
    let name = name.map(str::to_owned);
    let mut members = Members::of(body);
    let circumstances = asker.circumstances(caller.as_ref(), (app.clock)());
    let key = key.as_deref();
    let key = key.map(|text| Key { caller: caller.as_ref().map(|caller| caller.id.as_str()), text });
    // Of what was sent, before the form makes it its own.
    let keyed = key.zip(form).zip(members.form.as_ref()).map(|((key, form), submitted)| {
        idempotency::Attempt::new(&key, form, submitted, milliseconds(circumstances.now))
    });
    let authorized = match form {
        None => None,
        Some(form) => {
            let attempt = asker.attempt(caller.as_ref(), &circumstances);
            let rate = app.edge.rates.check(&form.form, asker.client(caller.as_ref()));
            match policy::ask(&snapshot, form, members.form.take(), &attempt, rate)? {
                Verdict::Allowed(authorized) => Some(authorized),
                Verdict::Hidden => {
                    may_use(caller.as_ref(), None, name.as_deref())?;
                    None
                }
            }
        }
    };
    let authorized = members.complete(authorized)?;
    let form = authorized.form();
    match app.accounts.create(authorized, &circumstances, keyed).await? {
        Outcome::Created { id, version } => Ok(created(id, &version)),
        Outcome::Reused => Err(ApiError::KeyReused),
        Outcome::Refused(violations) => {
            Err(ApiError::refused(form, &snapshot.locales, &asker.languages, &violations))
        }
    }
}

/// Whether the caller may use a form; one that does not exist is for those alone whose token covers its name, so that
/// nobody else learns which names there are.
fn may_use(caller: Option<&Caller>, form: Option<&CompiledForm>, name: Option<&str>) -> Result<(), ApiError> {
    if form.is_some_and(|form| form.form.access == Access::Public) {
        return Ok(());
    }
    let caller = caller.ok_or(ApiError::Unauthorized)?;
    let may_use = match (form, name) {
        (Some(form), _) => caller.may_use(&form.form),
        (None, Some(name)) => caller.covers(name),
        (None, None) => true,
    };
    if may_use { Ok(()) } else { Err(ApiError::Forbidden) }
}

fn form<'a>(snapshot: &'a Snapshot, name: &str) -> Option<&'a CompiledForm> {
    let form = snapshot.form(name).map(Arc::as_ref)?;
    (form.form.resource.collection == COLLECTION).then_some(form)
}

/// The two members of the body, and everything that is wrong with them.
struct Members {
    name: Option<Value>,
    form: Option<Submitted>,
    problems: Vec<Problem>,
}

impl Members {
    fn of(mut body: Map<String, Value>) -> Self {
        let mut problems = Vec::new();
        let name = body.shift_remove(NAME);
        let form = extract::form_value(&mut body, &mut problems);
        extract::nothing_else(&body, &mut problems);
        Self { name, form, problems }
    }

    /// The submission, if there is nothing wrong; without one there is no such form.
    fn complete(self, authorized: Option<Authorized<'_>>) -> Result<Authorized<'_>, ApiError> {
        let of_name = match (&self.name, &authorized) {
            (Some(Value::String(_)), None) => {
                Some(Problem::member(NAME, "unknown_form", "names no form configuration"))
            }
            (Some(Value::String(_)), Some(_)) => None,
            (Some(_), _) => Some(Problem::member(NAME, "type", "must be a string")),
            (None, _) => Some(Problem::member(NAME, "blank", "can't be blank")),
        };
        let problems: Vec<Problem> = of_name.into_iter().chain(self.problems).collect();
        match authorized {
            Some(authorized) if problems.is_empty() => Ok(authorized),
            _ => Err(ApiError::NotAcceptable(problems)),
        }
    }
}

fn created(id: i64, version: &str) -> Response {
    // A number needs no escaping.
    let mut response = Response::new(Body::from(format!("{{\"model\":{{\"id\":{id}}},\"errors\":{{}}}}")));
    *response.status_mut() = StatusCode::CREATED;
    let headers = response.headers_mut();
    *headers = version_header(version);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(location) = HeaderValue::from_str(&format!("/api/{COLLECTION}/{id}")) {
        headers.insert(header::LOCATION, location);
    }
    response
}
