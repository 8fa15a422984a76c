//! Counts every answer, and shows what was counted.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use formwork_engine::compile::CompiledForm;

use super::App;
use super::error::{ApiError, Problem};
use crate::metrics::{CONTENT_TYPE, Metrics};

/// The form that a request turned out to be about; carried by the request, filled in by its handler.
#[derive(Clone, Default)]
pub(super) struct Subject(Arc<OnceLock<String>>);

impl Subject {
    /// The one that a request carries.
    pub(super) fn of(request: &Request) -> Self {
        request.extensions().get().cloned().unwrap_or_default()
    }

    /// Says which form it is, by its own name.
    pub(super) fn is(&self, form: &CompiledForm) {
        // A request is about one form: who says so first is right.
        let _ = self.0.set(form.name().to_owned());
        tracing::Span::current().record("form", form.name());
    }
}

/// The codes that an answer tells; put beside the answer by `error`.
#[derive(Clone)]
pub(super) struct Codes(BTreeSet<Cow<'static, str>>);

impl Codes {
    /// A single one.
    pub(super) fn one(code: &'static str) -> Self {
        Self(BTreeSet::from([code.into()]))
    }

    /// Those of problems, each once.
    pub(super) fn of(problems: &[Problem]) -> Self {
        Self(problems.iter().map(|problem| problem.code.clone()).collect())
    }
}

/// A request that will be counted with its answer.
pub(super) struct Counted {
    subject: Subject,
    route: Option<MatchedPath>,
}

impl Counted {
    /// Has a request carry what it will turn out to be about.
    pub(super) fn begin(request: &mut Request) -> Self {
        let subject = Subject::default();
        request.extensions_mut().insert(subject.clone());
        Self { subject, route: request.extensions().get().cloned() }
    }

    /// Counts it.
    pub(super) fn end(self, metrics: &Metrics, response: &Response, took: Duration) {
        let route = self.route.as_ref().map_or("", MatchedPath::as_str);
        let form = self.subject.0.get().map_or("", String::as_str);
        let codes = response.extensions().get::<Codes>();
        let codes = codes.iter().flat_map(|codes| &codes.0).map(AsRef::as_ref);
        metrics.answered(form, route, response.status().as_u16(), codes, took);
    }
}

/// `GET /metrics` for those with a token for every form that there could be: its labels are the forms' names.
pub(super) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, ApiError> {
    let caller = app.caller(&headers).await?.ok_or(ApiError::Unauthorized)?;
    if !caller.is_administrator() {
        return Err(ApiError::Forbidden);
    }
    text(&app)
}

/// `GET /metrics` where those who are not meant to see it cannot connect.
pub(super) async fn show_to_anyone(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    text(&app)
}

fn text(app: &App) -> Result<Response, ApiError> {
    let text = app.edge.metrics.text(&app.registry.snapshot()).map_err(|_| ApiError::Defect)?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response())
}
