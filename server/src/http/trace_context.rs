//! The trace that a request belongs to: `traceparent` (W3C Trace Context).
//!
//! In: the span of a request, and its head. Out: nothing; where no traces are sent, nothing is done. Called by `http`.

use axum::extract::{MatchedPath, Request};
use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::TraceContextExt as _;
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Makes a span part of the trace that its request names, and calls it by what is asked for: the method and the route.
pub(super) fn adopt(span: &Span, request: &Request) {
    let headers = HeaderExtractor(request.headers());
    let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &headers);
    if span.set_parent(parent).is_err() {
        // There is nobody to tell of it.
        return;
    }
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let method = request.method().as_str();
    let name = route.map_or_else(|| method.to_owned(), |route| format!("{method} {route}"));
    span.set_attribute("otel.kind", "server");
    span.context().span().update_name(name);
}
