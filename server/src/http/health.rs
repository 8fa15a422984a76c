//! `/healthz` and `/readyz`: for those who restart servers and those who send them requests.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::time::timeout;

use super::App;

/// A database that takes longer is as good as none.
const PATIENCE: Duration = Duration::from_secs(2);

/// The process answers.
pub(super) async fn live() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], json!({ "status": "ok" }).to_string()).into_response()
}

/// The database answers, forms are loaded, and the process is not about to stop.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Response {
    let database = timeout(PATIENCE, app.store.ping()).await.is_ok_and(|answer| answer.is_ok());
    let snapshot = app.registry.snapshot();
    let served = snapshot.statuses.iter().filter(|status| status.form.is_some()).count();
    let draining = app.edge.draining.has_begun();
    let is_ready = database && served > 0 && !draining;
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let word = match (is_ready, draining) {
        (true, _) => "ok",
        (_, true) => "draining",
        _ => "unavailable",
    };
    let body = json!({
        "status": word,
        "database": if database { "ok" } else { "unreachable" },
        "forms": served,
        "generation": snapshot.generation,
    });
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
