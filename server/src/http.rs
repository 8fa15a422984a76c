//! The HTTP surface: routes, layers, and what they share.

mod entity_tag;
pub mod error;
mod extract;
mod form_configurations;
mod health;
pub mod json;
mod openapi;
mod policy;
mod users;

use std::any::Any;
use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::http::{HeaderMap, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use formwork_engine::registry::Registry;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::trace::{DefaultMakeSpan, DefaultOnResponse, TraceLayer};
use tracing::Level;

use crate::accounts::Accounts;
use crate::store::Store;
use crate::token::{Caller, Tokens, from_authorization};
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
            Some(token) => Ok(self.tokens.authenticate(self.store.as_ref(), token).await?),
            None => Ok(None),
        }
    }
}

/// The service: every route under every layer.
pub fn router(app: Arc<App>) -> Router {
    let trace = TraceLayer::new_for_http()
        .make_span_with(DefaultMakeSpan::new().level(Level::INFO))
        .on_response(DefaultOnResponse::new().level(Level::INFO))
        // What fails is logged where it fails, with its reason.
        .on_failure(());
    Router::new()
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
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .fallback(async || ApiError::NotFound)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed { allow: None })
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(error::represent))
        .layer(trace)
        .with_state(app)
}

/// A panic is a defect: logged by the panic hook, answered like any other failure.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    ApiError::Defect.into_response()
}
