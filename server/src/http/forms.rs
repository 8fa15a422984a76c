//! `/forms/{name}`: a public form as a page, and what the page sends.
//!
//! What is entered takes the very way of a request to the API: policies, rate, `accounts`. Here it is only read and
//! shown again. A form that needs a token has no page, and is not told from one that there is not.

mod rules;
mod sent;
mod visit;

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use formwork_engine::after;
use formwork_engine::compile::CompiledForm;
use formwork_engine::messages::{Languages, page_word};
use formwork_engine::model::Access;
use formwork_engine::presentation::{Entered, present, without_secrets};
use formwork_engine::registry::Snapshot;
use formwork_engine::submission::Submitted;
use formwork_engine::theme::{Assets, FormPage};
use serde_json::{Map, Value};

use self::rules::Rules;
use self::sent::{Change, HONEYPOT, KEY, STAMP, Sent, TOKEN};
use self::visit::Visit;
use super::App;
use super::error::{ApiError, Problem, problems, take_problems, version_header};
use super::extract;
use super::measure::{Codes, Subject};
use super::policy::{self, Verdict};
use crate::accounts::{Outcome, milliseconds};
use crate::html::{assets, page, page_leading_to, seal};
use crate::idempotency::{self, Key};

/// For how long a page can be sent without being asked again, in milliseconds.
const PAGE_LIFETIME: i64 = 24 * 60 * 60 * 1000;

/// The route, with what it keeps of forms.
pub(super) fn route(app: &Arc<App>) -> MethodRouter<Arc<App>> {
    let rules = Arc::new(Rules::default());
    let of_show = Arc::clone(&rules);
    get(async move |State(app): State<Arc<App>>, request: Request| show(&app, &request, &of_show))
        .post(async move |State(app): State<Arc<App>>, request: Request| send(&app, request, &rules).await)
        .layer(middleware::from_fn_with_state(Arc::clone(app), represent))
}

/// What a page is made of, whatever is on it.
struct Subjects<'a> {
    app: &'a App,
    snapshot: &'a Snapshot,
    form: &'a CompiledForm,
    visit: &'a Visit,
    rules: &'a Rules,
}

/// What is on a page besides the form.
#[derive(Default)]
struct Shown<'a> {
    entered: Entered<'a>,
    errors: Vec<(String, String)>,
    alert: Option<String>,
    notice: Option<String>,
    /// What the page carried before, if it is to carry it again.
    key: Option<String>,
    stamp: Option<String>,
}

/// `GET /forms/{name}`.
fn show(app: &App, request: &Request, rules: &Rules) -> Result<Response, ApiError> {
    let visit = Visit::of(request, &app.edge.proxies);
    let snapshot = app.registry.snapshot();
    let form = public_form(&snapshot, &visit.name)?;
    Subject::of(request).is(form);
    let subjects = Subjects { app, snapshot: &snapshot, form, visit: &visit, rules };
    let notice = visit.flash(&app.edge.seal);
    let mut response = if visit.created {
        subjects.created(notice.as_deref())?
    } else {
        subjects.page(StatusCode::OK, Shown { notice, ..Shown::default() })?
    };
    visit.forget_flash(response.headers_mut());
    Ok(response)
}

/// `POST /forms/{name}`.
async fn send(app: &App, request: Request, rules: &Rules) -> Result<Response, ApiError> {
    let visit = Visit::of(&request, &app.edge.proxies);
    let subject = Subject::of(&request);
    // One snapshot from here to the answer: a reload meanwhile is the next request's.
    let snapshot = app.registry.snapshot();
    let form = public_form(&snapshot, &visit.name)?;
    subject.is(form);
    let sent = Sent::new(form, extract::pairs(request, &app.edge).await?);
    visit.must_be_from_here(sent.own(TOKEN))?;
    let subjects = Subjects { app, snapshot: &snapshot, form, visit: &visit, rules };
    let (key, stamp) = (sent.own(KEY).map(str::to_owned), sent.own(STAMP).map(str::to_owned));
    if let Some(change) = sent.change() {
        let values = without_secrets(form, &sent.values_changed(form, &change)?);
        let add = if let Change::Add(path) = &change { Some(path.as_str()) } else { None };
        let entered = Entered { values: Some(&values), add, ..Entered::default() };
        return subjects.page(StatusCode::OK, Shown { entered, key, stamp, ..Shown::default() });
    }
    let refusal = subjects.against_programs(&sent, stamp.as_deref());
    let values = sent.values(form)?;
    let shown = without_secrets(form, &values);
    let again = |word: &str, status, keep: bool| {
        let entered = Entered { values: Some(&shown), ..Entered::default() };
        let alert = Some(page_word(&snapshot.locales, &visit.asker.languages, word, &Map::new()));
        let (key, stamp) = if keep { (key.clone(), stamp.clone()) } else { (None, None) };
        subjects.page(status, Shown { entered, alert, key, stamp, ..Shown::default() })
    };
    if let Some(Refusal { word, keep }) = refusal {
        let mut response = again(word, StatusCode::UNPROCESSABLE_ENTITY, keep)?;
        response.extensions_mut().insert(Codes::one("spam"));
        return Ok(response);
    }
    match subjects.submit(values, key.as_deref()).await {
        Ok((Outcome::Created { id, .. }, prepared)) => Ok(subjects.redirect(&prepared, id)),
        Ok((Outcome::Reused, _)) => again("already", StatusCode::UNPROCESSABLE_ENTITY, false),
        Ok((Outcome::Refused(violations), prepared)) => {
            let problems = problems(form, &snapshot.locales, &visit.asker.languages, &violations);
            subjects.refused(&problems, &shown, &prepared, key, stamp)
        }
        Err(error @ (ApiError::NotFound | ApiError::Defect)) => Err(error),
        Err(error) => subjects.failed(error, &shown, key, stamp),
    }
}

/// The form of this name, if it is anyone's.
fn public_form<'s>(snapshot: &'s Snapshot, name: &str) -> Result<&'s CompiledForm, ApiError> {
    let form = snapshot.form(name).map(Arc::as_ref);
    form.filter(|form| form.form.access == Access::Public).ok_or(ApiError::NotFound)
}

/// Why what was sent is not looked at: what is said, and whether the page stays the same page.
struct Refusal {
    word: &'static str,
    keep: bool,
}

impl Subjects<'_> {
    /// Judges and stores what was entered, as a request to the API is judged; with the values that templates see.
    async fn submit(
        &self,
        values: Map<String, Value>,
        key: Option<&str>,
    ) -> Result<(Outcome, Map<String, Value>), ApiError> {
        let Self { app, snapshot, form, visit, .. } = self;
        let circumstances = visit.asker.circumstances(None, (app.clock)());
        let submitted = Submitted::new(values);
        let key = key.and_then(idempotency::from_header).map(|text| Key { caller: None, text });
        // Of what was sent, before the form makes it its own.
        let attempt =
            key.map(|key| idempotency::Attempt::new(&key, form, &submitted, milliseconds(circumstances.now)));
        let rate = app.edge.rates.check(&form.form, visit.asker.client(None));
        let of_policies = visit.asker.attempt(None, &circumstances);
        let verdict = policy::ask(snapshot, form, Some(submitted), &of_policies, rate)?;
        let Verdict::Allowed(authorized) = verdict else { return Err(ApiError::NotFound) };
        let prepared = authorized.visible();
        Ok((app.accounts.create(authorized, &circumstances, attempt).await?, prepared))
    }

    /// What a form does against programs, if its author switched it on.
    fn against_programs(&self, sent: &Sent, stamp: Option<&str>) -> Option<Refusal> {
        if sent.trapped {
            return Some(Refusal { word: "not_sent", keep: true });
        }
        let least = i64::from(self.form.form.spam.minimum_seconds) * 1000;
        if least == 0 {
            return None;
        }
        let made = stamp.and_then(|stamp| self.app.edge.seal.open(&self.purpose(), stamp));
        let age = made.and_then(|made| made.parse::<i64>().ok()).map(|made| self.now() - made);
        match age {
            Some(age) if age < least => Some(Refusal { word: "too_fast", keep: true }),
            Some(age) if age <= PAGE_LIFETIME => None,
            _ => Some(Refusal { word: "too_old", keep: false }),
        }
    }

    fn now(&self) -> i64 {
        milliseconds((self.app.clock)())
    }

    /// What a stamp is sealed for: a page of one form is none of another.
    fn purpose(&self) -> String {
        format!("stamp {}", self.form.name())
    }

    fn action(&self) -> String {
        let lang = self.visit.lang.as_ref().map(|lang| format!("?lang={lang}"));
        format!("/forms/{}{}", self.form.name(), lang.unwrap_or_default())
    }

    /// The form as a page.
    fn page(&self, status: StatusCode, shown: Shown<'_>) -> Result<Response, ApiError> {
        let Self { app, snapshot, form, visit, rules } = self;
        let languages = &visit.asker.languages;
        let nonce = || seal::nonce().map_err(|_| ApiError::Defect);
        let token = visit.token.clone().map_or_else(nonce, Ok)?;
        let mut hidden = vec![(TOKEN, token.clone()), (KEY, shown.key.map_or_else(nonce, Ok)?)];
        if form.form.spam.minimum_seconds > 0 {
            let stamp =
                shown.stamp.unwrap_or_else(|| app.edge.seal.close(&self.purpose(), &self.now().to_string()));
            hidden.push((STAMP, stamp));
        }
        let presentation = present(form, &snapshot.locales, languages, (app.clock)(), &shown.entered);
        let rules = rules.of(snapshot, form, languages);
        let text = snapshot.theme.form(
            &snapshot.locales,
            languages,
            &presentation,
            &FormPage {
                form: form.name(),
                action: &self.action(),
                hidden: &hidden,
                honeypot: form.form.spam.honeypot.then_some(HONEYPOT),
                notice: shown.notice.as_deref(),
                alert: shown.alert.as_deref(),
                errors: &shown.errors,
                rules: Some(&rules),
                assets: loaded(),
            },
        );
        let mut response = page_leading_to(after::origin(form), status, rendered(text)?);
        response.headers_mut().extend(version_header(form.version()));
        visit.leave_token(response.headers_mut(), &token);
        Ok(response)
    }

    /// The page after a creation.
    fn created(&self, notice: Option<&str>) -> Result<Response, ApiError> {
        let Self { snapshot, form, visit, .. } = self;
        let action = self.action();
        let shown =
            FormPage { form: form.name(), action: &action, notice, assets: loaded(), ..FormPage::default() };
        let text = snapshot.theme.created(&snapshot.locales, &visit.asker.languages, &shown);
        Ok(page(StatusCode::OK, rendered(text)?))
    }

    /// Leads on to the page after a creation, which a reload does not send again.
    fn redirect(&self, values: &Map<String, Value>, id: i64) -> Response {
        let Self { app, form, visit, .. } = self;
        let own = || {
            let lang = visit.lang.as_ref().map(|lang| format!("&lang={lang}"));
            format!("/forms/{}?created{}", form.name(), lang.unwrap_or_default())
        };
        let place = after::redirect(form, values, id).unwrap_or_else(own);
        let mut response = StatusCode::SEE_OTHER.into_response();
        if let Ok(place) = HeaderValue::from_str(&place) {
            response.headers_mut().insert(header::LOCATION, place);
        }
        if let Some(text) = after::notice(form, values, id) {
            visit.leave_flash(response.headers_mut(), &app.edge.seal, &text);
        }
        response
    }

    /// The form again, with what it has against what was entered.
    fn refused(
        &self,
        problems: &[Problem],
        entered: &Map<String, Value>,
        prepared: &Map<String, Value>,
        key: Option<String>,
        stamp: Option<String>,
    ) -> Result<Response, ApiError> {
        let mut by_path: HashMap<String, Vec<String>> = HashMap::new();
        for problem in problems {
            by_path.entry(problem.path.clone()).or_default().push(problem.message.clone());
        }
        let usual = || page_word(&self.snapshot.locales, &self.visit.asker.languages, "refused", &Map::new());
        let shown = Shown {
            entered: Entered { values: Some(entered), errors: by_path, add: None },
            errors: problems.iter().map(|problem| (problem.path.clone(), problem.message.clone())).collect(),
            alert: Some(after::alert(self.form, prepared).unwrap_or_else(usual)),
            notice: None,
            key,
            stamp,
        };
        let mut response = self.page(StatusCode::UNPROCESSABLE_ENTITY, shown)?;
        response.extensions_mut().insert(Codes::of(problems));
        Ok(response)
    }

    /// The form again where nothing was wrong with what was entered, so that nobody has to enter it twice.
    fn failed(
        &self,
        error: ApiError,
        entered: &Map<String, Value>,
        key: Option<String>,
        stamp: Option<String>,
    ) -> Result<Response, ApiError> {
        let mut failure = error.into_response();
        let problems = take_problems(&mut failure).unwrap_or_default();
        let shown = Shown {
            entered: Entered { values: Some(entered), ..Entered::default() },
            alert: problems.first().map(|problem| told(problem, self.snapshot, &self.visit.asker.languages)),
            key,
            stamp,
            ..Shown::default()
        };
        let mut response = self.page(failure.status(), shown)?;
        if let Some(wait) = failure.headers().get(header::RETRY_AFTER) {
            response.headers_mut().insert(header::RETRY_AFTER, wait.clone());
        }
        response.extensions_mut().insert(Codes::of(&problems));
        Ok(response)
    }
}

fn loaded() -> Assets<'static> {
    let path = |name| assets::path(name).unwrap_or_default();
    Assets { style: path("form.css"), script: path("form.js") }
}

fn rendered(text: Result<String, formwork_engine::theme::ThemeFault>) -> Result<String, ApiError> {
    text.map_err(|fault| {
        tracing::error!(%fault, "a page failed to render");
        ApiError::Defect
    })
}

/// What people are told of a failure: those that they may well meet in their language, others as programs are.
fn told(problem: &Problem, snapshot: &Snapshot, languages: &Languages) -> String {
    let mut context = Map::new();
    let word = match problem.code.as_ref() {
        "not_found" => "not_found_text",
        "too_many_requests" => "too_many",
        "overloaded" | "unavailable" | "outcome_unknown" => "unavailable",
        _ => return problem.message.clone(),
    };
    context.extend(problem.params.get("retry_after").map(|seconds| ("count".to_owned(), seconds.clone())));
    page_word(&snapshot.locales, languages, word, &context)
}

/// Shows a failure as a page.
async fn represent(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let visit = Visit::of(&request, &app.edge.proxies);
    let mut response = next.run(request).await;
    let Some(problems) = take_problems(&mut response) else { return response };
    let snapshot = app.registry.snapshot();
    let languages = &visit.asker.languages;
    let messages: Vec<String> = problems.iter().map(|problem| told(problem, &snapshot, languages)).collect();
    let status = response.status();
    let title = if status == StatusCode::NOT_FOUND {
        page_word(&snapshot.locales, languages, "not_found", &Map::new())
    } else {
        status.canonical_reason().unwrap_or_default().to_owned()
    };
    let text = snapshot.theme.failure(&snapshot.locales, languages, &title, &messages, loaded());
    let mut answer = page(status, text.unwrap_or(title));
    answer.extensions_mut().insert(Codes::of(&problems));
    if let Some(wait) = response.headers().get(header::RETRY_AFTER) {
        answer.headers_mut().insert(header::RETRY_AFTER, wait.clone());
    }
    answer
}
