//! Headers that every answer carries, and an id for every request.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;

/// The header by which a request is found again in logs.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Which version of a form answered.
pub(super) const VERSION: HeaderName = HeaderName::from_static("form-configuration-version");
/// No id that a client chooses is longer.
const MAX_ID_LENGTH: usize = 64;

/// What an answer says to browsers unless its handler knows better: it is data, meant for whoever asked, once.
const PROTECTION: [(HeaderName, &str); 4] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// Adds what is missing of the headers that protect an answer.
pub(super) fn protect(response: &mut Response) {
    for (name, value) in PROTECTION {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// Gives a request its id.
pub(super) fn identify(request: &mut Request) -> HeaderValue {
    let own = request.headers().get(REQUEST_ID).filter(|id| is_acceptable(id.as_bytes())).cloned();
    let id = own.unwrap_or_else(next_id);
    request.headers_mut().insert(REQUEST_ID, id.clone());
    id
}

/// Repeats the id of its request in an answer.
pub(super) fn name(response: &mut Response, id: HeaderValue) {
    response.headers_mut().insert(REQUEST_ID, id);
}

/// Whether an id from outside can stand in a log without being taken for something else.
fn is_acceptable(id: &[u8]) -> bool {
    (1..=MAX_ID_LENGTH).contains(&id.len())
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

/// An id that no other request of this process has, and hardly one of another.
fn next_id() -> HeaderValue {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    let id = format!("{:016x}", KEYS.hash_one(NEXT.fetch_add(1, Ordering::Relaxed)));
    HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_from_outside() {
        for id in ["a", "0af7651916cd43dd8448eb211c80319c", "req_1.2-3"] {
            assert!(is_acceptable(id.as_bytes()), "{id}");
        }
        let long = "x".repeat(MAX_ID_LENGTH + 1);
        for id in ["", "a b", "a\"b", "a=b", "a\tb", "ż", "\x1b[31m", &long] {
            assert!(!is_acceptable(id.as_bytes()), "{id}");
        }
    }
}
