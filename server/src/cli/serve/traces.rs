//! Spans of requests, sent to an OpenTelemetry collector.
//!
//! Made where the environment names a collector (`OTEL_EXPORTER_OTLP_ENDPOINT`, or the same for traces); its other standard
//! variables count too. Spans are collected and sent by a thread of their own: what becomes of them touches no request.

use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::{Builder, Runtime};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

/// Either of these says where to send spans.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
/// What the service is called unless the environment says otherwise.
const SERVICE_NAME: &str = "formwork";
/// How long a collector may take for what it is sent.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the last spans may take when the process ends.
const GRACE: Duration = Duration::from_secs(5);

/// Where spans go.
pub(super) struct Traces(SdkTracerProvider);

impl Traces {
    /// As the environment says; nothing where it names no collector.
    pub(super) fn from_environment() -> anyhow::Result<Option<Self>> {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        if !ENDPOINTS.into_iter().any(is_set) {
            return Ok(None);
        }
        let exporter = SpanExporter::builder().with_http().with_http_client(Client::new()?);
        let exporter = exporter.build().context("cannot send traces as the environment says")?;
        let mut resource = Resource::builder();
        if !is_set("OTEL_SERVICE_NAME") {
            resource = resource.with_service_name(SERVICE_NAME);
        }
        let provider = SdkTracerProvider::builder()
            .with_resource(resource.build())
            .with_batch_exporter(exporter)
            .build();
        Ok(Some(Self(provider)))
    }

    /// What takes spans to the collector: our own, whatever is logged.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer(SERVICE_NAME))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(Targets::new().with_target("formwork", LevelFilter::INFO))
    }

    /// Sends what has not been sent yet.
    pub(super) fn finish(self) {
        if let Err(error) = self.0.shutdown_with_timeout(GRACE) {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

/// A client with a runtime of its own, which only the thread that sends spans enters.
#[derive(Debug)]
struct Client {
    runtime: Runtime,
    http: HyperClient,
}

impl Client {
    fn new() -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let http = HyperClient::with_default_connector(PATIENCE, None);
        Ok(Self { runtime, http })
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        self.runtime.block_on(self.http.send_bytes(request))
    }
}
