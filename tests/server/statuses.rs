//! The status table of `POST /api/users`, row by row.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::{REFERENCE, Server, bearer, user};

#[tokio::test]
async fn created() {
    let server = Server::new(&[]).await;
    for (path, id) in [("/api/users", 1), ("/api/users.json", 2)] {
        let body =
            json!({ "form_configuration_name": REFERENCE, "form": user(&format!("{id}@example.com")) });
        let answer = server.post(path, &[], body.to_string()).await;
        assert_eq!(answer.status, StatusCode::CREATED);
        assert_eq!(answer.text, format!(r#"{{"model":{{"id":{id}}},"errors":{{}}}}"#));
        assert_eq!(answer.header("location"), Some(format!("/api/users/{id}").as_str()));
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let version = server.registry.snapshot().form(REFERENCE).unwrap().version().to_owned();
        assert_eq!(answer.header("form-configuration-version"), Some(version.as_str()));
    }
}

#[tokio::test]
async fn taken_by_another_record_in_any_case() {
    let server = Server::new(&[]).await;
    assert_eq!(server.submit(REFERENCE, user("ada@example.com")).await.status, StatusCode::CREATED);
    let answer = server.submit(REFERENCE, user(" ADA@Example.com ")).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let message = "has already been taken";
    assert_eq!(
        answer.json(),
        json!({
            "model": { "id": null },
            "errors": { "email": [message] },
            "details": [{ "path": "email", "pointer": "/form/email", "code": "taken", "params": {}, "message": message }]
        })
    );
}

#[tokio::test]
async fn refused_with_every_error_in_declared_order() {
    let server = Server::new(&[]).await;
    let answer = server.submit(REFERENCE, json!({ "extra": 1, "password": "short", "email": "x" })).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        serde_json::to_string(&answer.json()["errors"]).unwrap(),
        r#"{"first_name":["can't be blank"],"email":["is not an e-mail address"],"password":["is too short (minimum is 8 characters)"],"extra":["is not a field of this form"]}"#
    );
    assert!(answer.header("form-configuration-version").is_some());
    assert!(answer.header("location").is_none());
}

#[tokio::test]
async fn not_json_that_reads_one_way() {
    let server = Server::new(&[]).await;
    let deep = format!("{{\"form\":{}1{}}}", "[".repeat(64), "]".repeat(64));
    let cases: [(&[u8], &str); 7] = [
        (b"{", "malformed_json"),
        (b"", "malformed_json"),
        (b"first_name=Example", "malformed_json"),
        (br#"{"form":{"email":"a@example.com","email":"b@example.com"}}"#, "duplicate_key"),
        (b"{\"form\":\"\xff\"}", "not_utf8"),
        (deep.as_bytes(), "too_deep"),
        (br#"{"form":{"first_name":"a\u0000b"}}"#, "nul_character"),
    ];
    for (body, code) in cases {
        let answer = server.post("/api/users", &[], body.to_vec()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{code}");
        assert_eq!(answer.codes(), [("base".to_owned(), code.to_owned())]);
    }
}

#[tokio::test]
async fn no_token_or_a_wrong_one_for_anything_but_a_public_form() {
    let server = Server::new(&[]).await;
    let requests = [
        json!({ "form_configuration_name": "developer/sign_up", "form": {} }),
        json!({ "form_configuration_name": "no_such_form", "form": {} }),
        json!({ "form_configuration_name": 5 }),
        json!({}),
        json!([1]),
    ];
    let wrong = "Token token=\"fw_0123456789abcdef_AAAA\"";
    for body in requests {
        for headers in [&[][..], &[("authorization", wrong)], &[("authorization", "Basic YTpi")]] {
            let answer = server.post("/api/users", headers, body.to_string()).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{body}");
            assert_eq!(answer.codes(), [("base".to_owned(), "unauthorized".to_owned())]);
            assert!(answer.header("www-authenticate").is_some());
        }
    }
    let answer = server
        .post(
            "/api/users",
            &[("authorization", wrong)],
            json!({ "form_configuration_name": REFERENCE, "form": user("a@example.com") }).to_string(),
        )
        .await;
    assert_eq!(
        answer.status,
        StatusCode::CREATED,
        "a public form needs no token, so a wrong one does no harm"
    );
}

#[tokio::test]
async fn a_token_that_does_not_cover_the_form() {
    let server = Server::new(&[]).await;
    let token = bearer(&server.token("ci", &["team/*"]).await);
    for name in ["developer/sign_up", "no_such_form"] {
        let body = json!({ "form_configuration_name": name, "form": {} }).to_string();
        let answer = server.post("/api/users", &[("authorization", &token)], body).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert_eq!(answer.codes(), [("base".to_owned(), "forbidden".to_owned())]);
    }
}

#[tokio::test]
async fn members_missing_mistyped_unknown() {
    let server = Server::new(&[]).await;
    let token = bearer(&server.token("all", &["*"]).await);
    let cases = [
        (json!({}), vec![("form_configuration_name", "blank"), ("form", "blank")]),
        (
            json!({ "form_configuration_name": 5, "form": 5 }),
            vec![("form_configuration_name", "type"), ("form", "type")],
        ),
        (
            json!({ "form_configuration_name": "nope", "form": {} }),
            vec![("form_configuration_name", "unknown_form")],
        ),
        (json!({ "form_configuration_name": REFERENCE, "form": [] }), vec![("form", "type")]),
        (json!({ "form_configuration_name": REFERENCE, "form": null }), vec![("form", "type")]),
        (
            json!({ "form_configuration_name": REFERENCE, "form": user("a@example.com"), "admin": true }),
            vec![("admin", "unknown_member")],
        ),
        (json!([1]), vec![("form_configuration_name", "blank"), ("form", "blank")]),
    ];
    for (body, expected) in cases {
        let answer = server.post("/api/users", &[("authorization", &token)], body.to_string()).await;
        assert_eq!(answer.status, StatusCode::NOT_ACCEPTABLE, "{body}");
        let expected: Vec<_> =
            expected.into_iter().map(|(path, code)| (path.to_owned(), code.to_owned())).collect();
        assert_eq!(answer.codes(), expected, "{body}");
    }
}

#[tokio::test]
async fn a_body_over_the_limit_announced_or_not() {
    let server = Server::new(&[]).await;
    let body = "x".repeat((1 << 20) + 1);
    let announced = [("content-length", body.len().to_string())];
    let announced: Vec<(&str, &str)> =
        announced.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for headers in [&[][..], &announced] {
        let answer = server.post("/api/users", headers, body.clone()).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(answer.codes(), [("base".to_owned(), "too_large".to_owned())]);
    }
    let exactly = "x".repeat(1 << 20);
    assert_eq!(server.post("/api/users", &[], exactly).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_content_type_that_is_not_json_or_a_body_that_is_encoded() {
    let server = Server::new(&[]).await;
    let json = ("content-type", "application/json");
    for headers in [
        &[][..],
        &[("content-type", "application/x-www-form-urlencoded")],
        &[json, ("content-encoding", "gzip")],
    ] {
        let answer = server.request(Method::POST, "/api/users", headers, "{}").await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        assert_eq!(answer.codes(), [("base".to_owned(), "unsupported_media_type".to_owned())]);
    }
}

#[tokio::test]
async fn routing_fails_like_everything_else() {
    let server = Server::new(&[]).await;
    let answer = server.get("/nowhere", &[]).await;
    assert_eq!((answer.status, answer.codes()[0].1.as_str()), (StatusCode::NOT_FOUND, "not_found"));
    let answer = server.request(Method::PUT, "/api/users", &[], Body::empty()).await;
    assert_eq!(
        (answer.status, answer.codes()[0].1.as_str()),
        (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed")
    );
    assert_eq!(answer.header("allow"), Some("POST"));
}

#[tokio::test]
async fn a_database_that_fails_is_told_without_its_reasons() {
    let server = Server::new(&[]).await;
    server.store.close().await;
    let answer = server.submit(REFERENCE, user("a@example.com")).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.codes(), [("base".to_owned(), "internal".to_owned())]);
    assert!(!answer.text.to_lowercase().contains("sql") && !answer.text.contains("pool"), "{}", answer.text);
    let ready = server.get("/readyz", &[]).await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ready.json(), json!({ "status": "unavailable" }));
    assert_eq!(server.get("/healthz", &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn ready_when_the_database_answers_and_forms_are_loaded() {
    let server = Server::new(&[]).await;
    let ready = server.get("/readyz", &[]).await;
    assert_eq!(ready.status, StatusCode::OK);
    assert_eq!(ready.json(), json!({ "status": "ok" }), "strangers are told no more");
    server.draining.begin();
    let ready = server.get("/readyz", &[]).await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ready.json(), json!({ "status": "draining" }));
}
