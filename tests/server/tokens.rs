//! Who may call.

use axum::http::StatusCode;
use serde_json::json;

use crate::Server;

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
