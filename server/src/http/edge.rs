//! What stands between strangers and the routes: settings of the service beside the forms' own.
//!
//! Made by the command line and by tests; read by the layers, by `extract` and by `health`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::bodies::Bodies;
use super::client_address::TrustedProxies;
use super::headers::{REQUEST_ID, VERSION};
use crate::html::seal::Seal;
use crate::metrics::Metrics;
use crate::rate::Rates;
use crate::workbench::Workbench;

/// How long a browser may remember what it may send.
const PREFLIGHT: Duration = Duration::from_hours(1);

/// How the service meets those who call it.
pub struct Edge {
    /// How often clients call.
    pub rates: Rates,
    /// Whose word is taken for where a client is.
    pub proxies: TrustedProxies,
    /// The origins whose pages may read answers.
    pub origins: Vec<HeaderValue>,
    /// How long a client may take to send a body.
    pub body_timeout: Duration,
    /// What bodies take of the memory.
    pub bodies: Bodies,
    /// Whether the service is about to stop.
    pub draining: Draining,
    /// Whether the database was there when that was asked last.
    pub database_was_there: AtomicBool,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What authors and operators see of all this.
    pub workbench: Arc<Workbench>,
    /// What pages carry comes back as it was.
    pub seal: Seal,
}

impl Default for Edge {
    fn default() -> Self {
        Self {
            rates: Rates::from_now(),
            proxies: TrustedProxies::default(),
            origins: Vec::new(),
            body_timeout: Duration::from_secs(30),
            bodies: Bodies::default(),
            draining: Draining::default(),
            database_was_there: AtomicBool::new(true),
            metrics: Arc::default(),
            workbench: Arc::default(),
            seal: Seal::default(),
        }
    }
}

impl Edge {
    /// The layer that lets pages of other origins read answers; nothing where there are none.
    pub(super) fn cors(&self) -> Option<CorsLayer> {
        let layer = CorsLayer::new()
            .allow_origin(AllowOrigin::list(self.origins.iter().cloned()))
            .allow_methods([Method::GET, Method::POST])
            .allow_headers([
                header::ACCEPT,
                header::ACCEPT_LANGUAGE,
                header::AUTHORIZATION,
                header::CONTENT_TYPE,
                HeaderName::from_static("idempotency-key"),
                REQUEST_ID,
            ])
            .expose_headers([header::LOCATION, header::RETRY_AFTER, VERSION, REQUEST_ID])
            .max_age(PREFLIGHT);
        (!self.origins.is_empty()).then_some(layer)
    }
}

/// Whether a service is about to stop: others must send it nothing more, though it still answers.
#[derive(Clone, Debug, Default)]
pub struct Draining(Arc<AtomicBool>);

impl Draining {
    /// From now on it is.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(super) fn has_begun(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
