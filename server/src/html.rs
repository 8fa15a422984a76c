//! Pages for people: what every one of them has in common.
//!
//! In: the text of a page. Out: an answer with the headers that keep it harmless. Nothing in a page is inline, neither
//! script nor style: both are assets. Called by the routes that answer with HTML.

pub mod assets;
pub mod seal;
pub(crate) mod workbench;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// What a page may load, send and be part of: its own origin's assets, and nothing that stands in the page itself.
///
/// `data:` is for the small pictures of form controls in the style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What else browsers are told of a page. `X-Frame-Options` is for those that do not know `frame-ancestors`; a browser
/// must send an origin with what a page submits, so the referrer is kept within it.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// A whole page as an answer.
#[must_use]
pub fn page(status: StatusCode, text: String) -> Response {
    let mut response = (status, text).into_response();
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A page whose form may lead to another origin: browsers hold the redirect after a form to the form's own policy.
#[must_use]
pub fn page_leading_to(origin: Option<&str>, status: StatusCode, text: String) -> Response {
    let mut response = page(status, text);
    let policy =
        origin.map(|origin| POLICY.replace("form-action 'self'", &format!("form-action 'self' {origin}")));
    if let Some(policy) = policy.and_then(|policy| HeaderValue::from_str(&policy).ok()) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
