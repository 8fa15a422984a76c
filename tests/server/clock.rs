//! A clock that is set back while the server runs: nothing breaks, and nothing opens.

use std::cell::Cell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::StatusCode;
use formwork::token::generate;
use serde_json::json;

use crate::{REFERENCE, Server, bearer, user};

const NOW: i64 = 1_700_000_000_000;
const HOUR: i64 = 3_600_000;

thread_local! {
    /// The time of day, in milliseconds since the Unix epoch; a test and its server have one thread.
    static CLOCK: Cell<i64> = const { Cell::new(NOW) };
}

fn clock() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(CLOCK.get().try_into().unwrap())
}

/// A server whose clock the test sets.
async fn server(forms: &[(&str, &str)]) -> Server {
    let server = Server::new(forms).await;
    Server { router: server.router_at(clock), ..server }
}

async fn submit(server: &Server, headers: &[(&str, &str)], form: &str, email: &str) -> (StatusCode, String) {
    let body = json!({ "form_configuration_name": form, "form": user(email) }).to_string();
    let answer = server.post("/api/users", headers, body).await;
    (answer.status, answer.text)
}

#[tokio::test]
async fn a_key_is_known_and_records_are_stored() {
    let server = server(&[]).await;
    let key = [("idempotency-key", "one")];
    let first = submit(&server, &key, REFERENCE, "a@example.com").await;
    assert_eq!(first.0, StatusCode::CREATED);
    CLOCK.set(NOW - 10_000 * HOUR);
    assert_eq!(submit(&server, &key, REFERENCE, "a@example.com").await, first);
    let second = submit(&server, &[("idempotency-key", "two")], REFERENCE, "b@example.com").await;
    assert_eq!(second.0, StatusCode::CREATED);
    assert_eq!(submit(&server, &[("idempotency-key", "two")], REFERENCE, "b@example.com").await, second);
    let records = server.store.records(None, 10).await.unwrap();
    let times: Vec<i64> = records.iter().map(|record| record.created_at).collect();
    assert_eq!(times, [NOW - 10_000 * HOUR, NOW], "the newest is first, whatever its time");
}

#[tokio::test]
async fn what_has_expired_stays_so() {
    let server =
        server(&[("private", "resource = \"User\"\n[[examples]]\nform = { email = \"a@example.com\" }\n")])
            .await;
    let mut token = generate("ends", &["*".to_owned()], 0).unwrap();
    token.stored.expires_at = Some(NOW + HOUR);
    assert!(server.store.add_token(&token.stored).await.unwrap());
    let authorization = bearer(&token.text);
    let headers = [("authorization", authorization.as_str())];
    let status = async |email| {
        let body = json!({ "form_configuration_name": "private", "form": { "email": email } }).to_string();
        server.post("/api/users", &headers, body).await.status
    };
    assert_eq!(status("a@example.com").await, StatusCode::CREATED);
    CLOCK.set(NOW - HOUR);
    assert_eq!(status("b@example.com").await, StatusCode::CREATED, "it has not ended yet by any clock");
    CLOCK.set(NOW + HOUR);
    assert_eq!(status("c@example.com").await, StatusCode::UNAUTHORIZED);
    CLOCK.set(NOW);
    assert_eq!(status("d@example.com").await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn when_a_token_was_last_used_is_never_earlier_than_is_known() {
    let server = Server::new(&[]).await;
    let token = server.token("ci", &["*"]).await;
    let tokens = formwork::token::Tokens::new(None);
    for now in [NOW, NOW - HOUR] {
        assert!(tokens.authenticate(server.store.as_ref(), &token, now).await.unwrap().is_some());
        tokens.note_uses(server.store.as_ref()).await.unwrap();
        assert_eq!(server.store.tokens().await.unwrap()[0].last_used_at, Some(NOW));
    }
}

#[tokio::test]
async fn a_rate_is_of_time_that_has_passed() {
    let form = "resource = \"User\"\naccess = \"public\"\nrate_limit = { requests = 1, per = \"1 day\" }\n[[examples]]\nform = { email = \"a@example.com\" }\n";
    let server = server(&[("rare", form)]).await;
    assert_ne!(submit(&server, &[], "rare", "a@example.com").await.0, StatusCode::TOO_MANY_REQUESTS);
    for clock in [NOW - 100 * HOUR, NOW + 100 * HOUR] {
        CLOCK.set(clock);
        assert_eq!(submit(&server, &[], "rare", "b@example.com").await.0, StatusCode::TOO_MANY_REQUESTS);
    }
}
