//! `/healthz` and `/readyz`: for those who restart servers and those who send them requests.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::App;

/// The process answers.
pub(super) async fn live() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], json!({ "status": "ok" }).to_string()).into_response()
}

/// The database answers, and forms are loaded.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Response {
    let database = app.store.ping().await.is_ok();
    let snapshot = app.registry.snapshot();
    let served = snapshot.statuses.iter().filter(|status| status.form.is_some()).count();
    let status = if database && served > 0 { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "status": if status.is_success() { "ok" } else { "unavailable" },
        "database": if database { "ok" } else { "unreachable" },
        "forms": served,
        "generation": snapshot.generation,
    });
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
