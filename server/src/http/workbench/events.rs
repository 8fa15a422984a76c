//! `GET /_/events`: server-sent events, one whenever the forms change.
//!
//! An event holds no more than a number: the page asks for itself again, and is told what it may see. Whoever has lost the
//! right to see anything is let go at the next event, and within [`BEAT`] in any case.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::time::timeout;

use super::super::App;
use super::super::error::ApiError;
use super::guard::visitor;

/// How often something is sent: so that a browser that is gone is noticed, and proxies keep the connection.
const BEAT: Duration = Duration::from_secs(15);

const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

pub(super) async fn follow(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, ApiError> {
    let listener = app.edge.workbench.news.listen().ok_or(ApiError::Busy)?;
    let events = stream::unfold((app, headers, listener), async |(app, headers, mut listener)| {
        let event = match timeout(BEAT, listener.next()).await {
            Ok(Some(stamp)) => Event::default().data(stamp.number().to_string()),
            Ok(None) => return None,
            Err(_) => Event::default().comment(""),
        };
        visitor(&app, &headers).await.ok().flatten()?;
        Some((Ok::<_, Infallible>(event), (app, headers, listener)))
    });
    // nginx holds an answer back until it has a few thousand bytes of it, unless it is told otherwise.
    Ok(([(X_ACCEL_BUFFERING, HeaderValue::from_static("no"))], Sse::new(events)).into_response())
}
