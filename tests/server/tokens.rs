//! Who may call.

use axum::http::StatusCode;
use formwork::token::{Tokens, generate};
use serde_json::json;

use crate::Server;

/// The time of the server, in milliseconds.
const NOW: i64 = 1_700_000_000_000;

const FORM: &str = "resource = \"User\"\n[[examples]]\nform = { email = \"a@example.com\" }\n";

async fn submit(server: &Server, authorization: &str, email: &str) -> StatusCode {
    let body = json!({ "form_configuration_name": "private", "form": { "email": email } }).to_string();
    server.post("/api/users", &[("authorization", authorization)], body).await.status
}

#[tokio::test]
async fn every_spelling_of_the_header_is_accepted() {
    let server = Server::new(&[("private", FORM)]).await;
    let token = server.token("ci", &["private"]).await;
    let spellings =
        [format!("Token token=\"{token}\""), format!("Token token={token}"), format!("Bearer {token}")];
    for (index, authorization) in spellings.iter().enumerate() {
        let status = submit(&server, authorization, &format!("{index}@example.com")).await;
        assert_eq!(status, StatusCode::CREATED, "{}", authorization.replace(&token, "…"));
    }
}

#[tokio::test]
async fn a_revoked_token_is_worthless_at_once() {
    let server = Server::new(&[("private", FORM)]).await;
    let token = server.token("ci", &["*"]).await;
    let authorization = format!("Bearer {token}");
    assert_eq!(submit(&server, &authorization, "a@example.com").await, StatusCode::CREATED);
    assert!(server.store.revoke_token("ci", 1).await.unwrap());
    assert_eq!(submit(&server, &authorization, "b@example.com").await, StatusCode::UNAUTHORIZED);
    assert!(!server.store.revoke_token("ci", 2).await.unwrap(), "there is nothing left to revoke");
    server.token("ci", &["*"]).await;
}

#[tokio::test]
async fn the_right_id_with_a_wrong_secret_is_nobody() {
    let server = Server::new(&[("private", FORM)]).await;
    let token = server.token("ci", &["*"]).await;
    let (id, secret) = token.rsplit_once('_').map(|_| token.split_at("fw_0123456789abcdef_".len())).unwrap();
    for wrong in ["", "A", &secret[..secret.len() - 1], &format!("{secret}A"), &secret.to_lowercase()] {
        assert_eq!(
            submit(&server, &format!("Bearer {id}{wrong}"), "a@example.com").await,
            StatusCode::UNAUTHORIZED
        );
    }
}

#[tokio::test]
async fn a_token_outlives_the_renaming_of_a_form() {
    let form = format!("name = \"team/private\"\naliases = [\"old_name\"]\n{FORM}");
    let server = Server::new(&[("file", &form)]).await;
    for (pattern, email) in [("team/*", "a@example.com"), ("old_name", "b@example.com")] {
        let authorization = format!("Bearer {}", server.token(pattern, &[pattern]).await);
        let body = json!({ "form_configuration_name": "old_name", "form": { "email": email } }).to_string();
        let answer = server.post("/api/users", &[("authorization", &authorization)], body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{pattern}");
    }
}

#[tokio::test]
async fn only_a_hash_of_a_token_is_stored() {
    let server = Server::new(&[]).await;
    let token = server.token("ci", &["*"]).await;
    let stored = server.store.tokens().await.unwrap().remove(0);
    let secret = token.rsplit('_').next().unwrap();
    assert_eq!(stored.secret_digest.len(), 32);
    assert!(!format!("{stored:?}").contains(secret));
}

#[tokio::test]
async fn an_expired_token_is_worthless_from_that_moment_on() {
    let server = Server::new(&[("private", FORM)]).await;
    for (expires_at, expected) in [(NOW + 1, StatusCode::CREATED), (NOW, StatusCode::UNAUTHORIZED)] {
        let mut token = generate(&expires_at.to_string(), &["*".to_owned()], 0).unwrap();
        token.stored.expires_at = Some(expires_at);
        assert!(server.store.add_token(&token.stored).await.unwrap());
        let status =
            submit(&server, &format!("Bearer {}", token.text), &format!("{expires_at}@example.com")).await;
        assert_eq!(status, expected);
    }
}

#[tokio::test]
async fn when_a_token_was_last_used_is_known_once_it_is_noted_and_of_no_other() {
    let server = Server::new(&[]).await;
    for name in ["used", "guessed", "revoked"] {
        server.token(name, &["*"]).await;
    }
    let used = server.token("also_used", &["*"]).await;
    let tokens = Tokens::new(None);
    let store = server.store.as_ref();
    // Another secret, whichever it is.
    let last = if used.ends_with('A') { 'E' } else { 'A' };
    let wrong = format!("{}{last}", &used[..used.len() - 1]);
    assert!(tokens.authenticate(store, &used, 5_000).await.unwrap().is_some());
    assert!(tokens.authenticate(store, &wrong, 6_000).await.unwrap().is_none());
    let last_used = async || {
        let mut found: Vec<_> = store.tokens().await.unwrap();
        found.retain(|token| token.last_used_at.is_some());
        found.into_iter().map(|token| (token.name, token.last_used_at)).collect::<Vec<_>>()
    };
    assert_eq!(last_used().await, [], "nothing is written on the way of a request");
    tokens.note_uses(store).await.unwrap();
    assert_eq!(last_used().await, [("also_used".to_owned(), Some(5_000))]);
    // Another server, whose note is of an earlier use.
    store.note_token_uses(&[(server.store.tokens().await.unwrap()[0].id.clone(), 1)]).await.unwrap();
    store.note_token_uses(&[(used[3..19].to_owned(), 4_000)]).await.unwrap();
    assert!(last_used().await.contains(&("also_used".to_owned(), Some(5_000))));
}
