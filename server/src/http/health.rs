//! `/healthz` and `/readyz`: for those who restart servers and those who send them requests.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::App;

/// A database that takes longer is as good as none.
const PATIENCE: Duration = Duration::from_secs(2);

/// The process answers.
pub(super) async fn live() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], json!({ "status": "ok" }).to_string()).into_response()
}

/// The database answers, forms are loaded, and the process is not about to stop: for anyone, so no more than whether.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Response {
    let readiness = Readiness::of(&app).await;
    readiness.answer(&json!({ "status": readiness.word() }))
}

/// The same with its reasons, where those who are not meant to see them cannot connect.
pub(super) async fn ready_in_detail(State(app): State<Arc<App>>) -> Response {
    let readiness = Readiness::of(&app).await;
    readiness.answer(&json!({
        "status": readiness.word(),
        "database": if readiness.database { "ok" } else { "unreachable" },
        "forms": readiness.forms,
        "generation": readiness.generation,
    }))
}

/// Whether the database answers and, on `PostgreSQL`, takes writes. Probes ask over and over: what is logged is the change.
async fn has_database(app: &App) -> bool {
    let answer = timeout(PATIENCE, app.store.ping()).await;
    let is_there = matches!(answer, Ok(Ok(())));
    match (app.edge.database_was_there.swap(is_there, Ordering::Relaxed), answer) {
        (true, Ok(Err(error))) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the database is gone");
        }
        (true, Err(_)) => tracing::error!("the database is gone: it does not answer"),
        (false, Ok(Ok(()))) => tracing::info!("the database is back"),
        _ => {}
    }
    is_there
}

/// What it takes to be sent requests.
struct Readiness {
    /// Whether the database answers.
    database: bool,
    /// How many forms are served.
    forms: usize,
    /// Which forms they are.
    generation: u64,
    /// Whether the process is about to stop.
    draining: bool,
}

impl Readiness {
    async fn of(app: &App) -> Self {
        let database = has_database(app).await;
        let snapshot = app.registry.snapshot();
        let forms = snapshot.statuses.iter().filter(|status| status.form.is_some()).count();
        Self { database, forms, generation: snapshot.generation, draining: app.edge.draining.has_begun() }
    }

    fn is_ready(&self) -> bool {
        self.database && self.forms > 0 && !self.draining
    }

    fn word(&self) -> &'static str {
        match (self.is_ready(), self.draining) {
            (true, _) => "ok",
            (_, true) => "draining",
            _ => "unavailable",
        }
    }

    fn answer(&self, body: &Value) -> Response {
        let status = if self.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
    }
}
