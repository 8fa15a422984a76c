//! `/_/`: the workbench, for those who write forms and those who run them. It is made of pages, and no part of the API.
//!
//! One file for each page. All of them are behind `guard`, which finds out who asks; every failure is a page too.

mod changes;
mod creates;
mod diagnostics;
mod events;
mod examples;
mod fields;
mod form;
mod forms;
mod guard;
mod preview;
mod request;
mod schema;
mod sign_in;
mod source;
mod trial;

use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get, post};
use jiff::{Timestamp, Unit};
use minijinja::{Value, context};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use tower_http::catch_panic::CatchPanicLayer;

use super::App;
use super::error::{self, ApiError};
use crate::html::workbench::{Frame, Section, framed, piece};
use crate::workbench::Audience;
use guard::Visitor;

/// What stays as it is in the path of a form: names of forms that are served have nothing else.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'_').remove(b'-').remove(b'.');

/// The routes, for an audience; none where it is nobody.
pub(super) fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    if app.edge.workbench.audience == Audience::Nobody {
        return Router::new();
    }
    let behind_guard = Router::new()
        .route("/_/", get(forms::show))
        .route("/_/forms/{*name}", get(form::show).post(form::ask))
        .route("/_/try", get(trial::show).post(trial::act))
        .route("/_/records", get(creates::show))
        .route("/_/events", get(events::follow))
        .route("/_/sign-out", post(sign_in::end))
        .route("/_/{*path}", any(async || ApiError::NotFound))
        .layer(middleware::from_fn_with_state(Arc::clone(app), guard::admit));
    let mut router = Router::new();
    if app.edge.workbench.audience == Audience::Developer {
        // The first address that one opens.
        router = router.route("/", get(async || Redirect::to("/_/")));
    }
    router
        .route("/_", get(async || Redirect::permanent("/_/")))
        .route("/_/sign-in", get(sign_in::show).post(sign_in::begin))
        .merge(behind_guard)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed { allow: None })
        .layer(CatchPanicLayer::custom(super::panicked))
        .layer(middleware::from_fn_with_state(Arc::clone(app), guard::refuse_foreigners))
        .layer(middleware::from_fn(failures_as_pages))
}

/// Gives failures a page.
async fn failures_as_pages(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let Some(problems) = error::take_problems(&mut response) else { return response };
    let status = response.status();
    let message = problems.first().map(|problem| problem.message.as_str()).unwrap_or_default();
    let title = status.canonical_reason().unwrap_or_default();
    let frame = Frame { title, section: Section::Outside, stamp: None, visitor: None };
    let content = piece("error.html", context! { status => status.to_string(), message });
    match content.and_then(|content| framed(status, &frame, content)) {
        Ok(mut page) => {
            let codes = response.extensions_mut().remove::<super::measure::Codes>();
            codes.map(|codes| page.extensions_mut().insert(codes));
            page.headers_mut().extend(retry_after(&response));
            page
        }
        Err(_) => status.into_response(),
    }
}

fn retry_after(response: &Response) -> Option<(HeaderName, HeaderValue)> {
    let value = response.headers().get(header::RETRY_AFTER).cloned();
    value.map(|value| (header::RETRY_AFTER, value))
}

/// A page of the workbench that follows changes.
fn show(
    app: &App,
    visitor: &Visitor,
    section: Section,
    title: &str,
    content: Value,
) -> Result<Response, ApiError> {
    let stamp = Some(app.edge.workbench.news.stamp().number());
    let name = visitor.session.as_ref().map(|_| visitor.caller.name.as_str());
    framed(StatusCode::OK, &Frame { title, section, stamp, visitor: name }, content)
}

/// The page of a form.
fn href(name: &str) -> String {
    format!("/_/forms/{}", utf8_percent_encode(name, IN_PATH))
}

/// A moment, for programs and for people.
#[derive(Serialize)]
struct Moment {
    machine: String,
    people: String,
}

impl Moment {
    fn of(time: SystemTime) -> Self {
        Self::at(Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH))
    }

    fn of_milliseconds(since: i64) -> Self {
        Self::at(Timestamp::from_millisecond(since).unwrap_or(Timestamp::UNIX_EPOCH))
    }

    fn at(time: Timestamp) -> Self {
        let time = time.round(Unit::Second).unwrap_or(time);
        Self { machine: time.to_string(), people: time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string() }
    }
}

/// The application and who asks it: what every page begins with.
type Asked = State<Arc<App>>;
