//! More work than may wait.

use axum::http::StatusCode;
use serde_json::json;

use crate::{REFERENCE, Server, user};

#[tokio::test]
async fn a_password_that_would_wait_too_long_is_refused_before_anything_is_done() {
    let server = Server::new(&[]).await;
    // Admitted and never brought: the queue is full, and stays so.
    let mut places = Vec::new();
    while let Ok(place) = server.hasher.admit() {
        places.push(place);
    }
    let refused = server.submit(REFERENCE, user("a@example.com")).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.codes(), [("base".to_owned(), "overloaded".to_owned())]);
    assert_eq!(refused.header("retry-after"), Some("3"));
    let without_password = json!({ "email": "b@example.com", "properties": { "consent": true } });
    assert_eq!(server.submit("newsletter", without_password).await.status, StatusCode::CREATED);
    let invalid = server.submit(REFERENCE, json!({ "password": "somepassword" })).await;
    assert_eq!(invalid.status, StatusCode::UNPROCESSABLE_ENTITY);
    places.pop();
    assert_eq!(server.submit(REFERENCE, user("a@example.com")).await.status, StatusCode::CREATED);
}
