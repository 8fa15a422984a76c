//! The HTTP surface: routes, layers, and what they share.

mod bodies;
mod client_address;
pub mod connections;
mod edge;
mod entity_tag;
pub mod error;
mod extract;
mod form_configurations;
mod forms;
mod headers;
mod health;
pub mod json;
mod measure;
mod openapi;
mod policy;
pub mod representation;
#[cfg(feature = "otlp")]
mod trace_context;
mod urlencoded;
mod users;
mod workbench;
pub mod workers;

use std::any::Any;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Extensions, HeaderMap, StatusCode, Version, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use formwork_engine::registry::Registry;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::{CompressionLayer, CompressionLevel, Predicate};
use tracing::{Instrument as _, Span, field};

use crate::accounts::{Accounts, milliseconds};
use crate::html::assets;
use crate::store::Store;
use crate::token::{Caller, Tokens, from_authorization};
pub use bodies::Bodies;
pub use client_address::TrustedProxies;
pub use edge::{Draining, Edge};
use error::ApiError;

/// The largest request body, in bytes.
pub const MAX_BODY_BYTES: usize = 1 << 20;

/// What every route works with.
pub struct App {
    /// The forms.
    pub registry: Arc<Registry>,
    /// The database.
    pub store: Arc<dyn Store>,
    /// The create use case.
    pub accounts: Accounts,
    /// Who may call.
    pub tokens: Tokens,
    /// How it meets those who call.
    pub edge: Edge,
    /// The time of day.
    pub clock: fn() -> SystemTime,
}

impl App {
    /// Who calls, if they say so; a wrong token is nobody.
    async fn caller(&self, headers: &HeaderMap) -> Result<Option<Caller>, ApiError> {
        let token = headers
            .get(header::AUTHORIZATION)
            .and_then(|header| header.to_str().ok())
            .and_then(from_authorization);
        match token {
            Some(token) => {
                let now = milliseconds((self.clock)());
                Ok(self.tokens.authenticate(self.store.as_ref(), token, now).await?)
            }
            None => Ok(None),
        }
    }
}

/// The service: every route under every layer.
pub fn router(app: Arc<App>) -> Router {
    let cors = app.edge.cors();
    let router = Router::new()
        .route("/api/users", post(users::create))
        .route("/api/users.json", post(users::create))
        .route("/api/form_configurations", get(form_configurations::list))
        .route(
            "/api/form_configurations/{*path}",
            get(form_configurations::show)
                .post(form_configurations::act)
                .fallback(form_configurations::other),
        )
        .route("/api/openapi.json", openapi::route())
        .route("/forms/{*path}", forms::route(&app).layer(compressed()))
        .route(assets::ROUTE, get(assets::show).layer(compressed()))
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(measure::show))
        .fallback(async || ApiError::NotFound)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed { allow: None })
        .layer(CatchPanicLayer::custom(panicked));
    let router = match cors {
        Some(cors) => router.layer(cors),
        None => router,
    };
    // Beside the layer for pages of other origins, to which the workbench is closed whoever they are.
    let pages = workbench::routes(&app).layer(compressed());
    router.merge(pages).layer(middleware::from_fn_with_state(Arc::clone(&app), around)).with_state(app)
}

/// What is done around every request, in one layer: five of them, each with its allocations and copies, took a fifth of the
/// instructions of a create.
async fn around(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let start = Instant::now();
    let id = headers::identify(&mut request);
    let span = span(&request, &app.edge.proxies);
    let answer = async {
        let counted = measure::Counted::begin(&mut request);
        let mut response = represented(request, next).await;
        let (status, latency) = (response.status().as_u16(), start.elapsed());
        counted.end(&app.edge.metrics, &response, latency);
        headers::name(&mut response, id);
        let latency_ms = latency.as_secs_f64() * 1e3;
        tracing::info!(status, latency_ms, "finished processing request");
        response
    };
    answer.instrument(span).await
}

/// Gives an answer its representation and the headers that protect it.
async fn represented(request: Request, next: Next) -> Response {
    let accepted = representation::preferred(request.headers());
    let mut response = next.run(request).await;
    representation::represent(&mut response, accepted);
    headers::protect(&mut response);
    response
}

/// What those see who run the service, on an address that nobody else can reach: no token is asked for.
pub fn operations(app: Arc<App>) -> Router {
    Router::new()
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready_in_detail))
        .route("/metrics", get(measure::show_to_anyone))
        .fallback(async || ApiError::NotFound)
        .layer(middleware::from_fn(represented))
        .with_state(app)
}

/// What every line of the log about a request says of it. The query is left out: no route of the API reads one, so
/// whatever is in it is somebody's mistake, and may be a secret.
fn span(request: &Request, proxies: &TrustedProxies) -> Span {
    let id = request.headers().get(headers::REQUEST_ID).and_then(|id| id.to_str().ok());
    let (method, path) = (request.method().as_str(), request.uri().path());
    let span = tracing::info_span!("request", method, path, id, client = field::Empty, form = field::Empty);
    if !span.is_disabled()
        && let Some(client) = proxies.client_of(request)
    {
        span.record("client", field::display(client));
    }
    #[cfg(feature = "otlp")]
    trace_context::adopt(&span, request);
    span
}

fn compressed() -> CompressionLayer<impl Predicate> {
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(is_for_browsers)
}

/// Whether an answer is worth compressing for a browser: pages, scripts and styles.
fn is_for_browsers(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    ["text/html", "text/css", "text/javascript"].iter().any(|compressed| media_type.starts_with(compressed))
}

/// A panic is a defect: logged by the panic hook, answered like any other failure.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    ApiError::Defect.into_response()
}
