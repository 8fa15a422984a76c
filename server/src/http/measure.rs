//! Counts every answer, and shows what was counted.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use formwork_engine::compile::CompiledForm;

use super::App;
use super::error::ApiError;
use crate::metrics::CONTENT_TYPE;

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
pub(super) struct Codes(pub(super) BTreeSet<Cow<'static, str>>);

/// Counts a request with its answer.
pub(super) async fn count(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let start = Instant::now();
    let subject = Subject::default();
    request.extensions_mut().insert(subject.clone());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let route = route.as_ref().map_or("", MatchedPath::as_str);
    let form = subject.0.get().map_or("", String::as_str);
    let codes = response.extensions().get::<Codes>();
    let codes = codes.iter().flat_map(|codes| &codes.0).map(AsRef::as_ref);
    app.edge.metrics.answered(form, route, response.status().as_u16(), codes, start.elapsed());
    response
}

/// `GET /metrics` for those with a token that covers every form: its labels are the forms' names.
pub(super) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, ApiError> {
    let caller = app.caller(&headers).await?.ok_or(ApiError::Unauthorized)?;
    let snapshot = app.registry.snapshot();
    if !snapshot.statuses.iter().all(|status| caller.covers(&status.name)) {
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
