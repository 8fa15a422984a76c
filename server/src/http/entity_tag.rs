//! Entity tags: a client that has the newest version is not sent it again (RFC 9110, 13.1.2).

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::error::ApiError;

/// What is made by `full`, or 304 where the client has the version of this digest.
pub(super) fn unless_known(
    digest: &str,
    headers: &HeaderMap,
    full: impl FnOnce() -> Response,
) -> Result<Response, ApiError> {
    let tag = format!("\"{digest}\"");
    let value = HeaderValue::from_str(&tag).map_err(|_| ApiError::Defect)?;
    let known =
        headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(|tags| {
            tags.split(',')
                .map(|known| known.trim().trim_start_matches("W/"))
                .any(|known| known == tag || known == "*")
        });
    let mut response = if known { StatusCode::NOT_MODIFIED.into_response() } else { full() };
    response.headers_mut().insert(header::ETAG, value);
    // It may be kept, and is asked for again by its tag.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}
