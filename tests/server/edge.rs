//! What every answer carries, who may read it in a browser, and what is counted.

use std::fs;
use std::time::SystemTime;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::{REFERENCE, Server, bearer, user};

#[tokio::test]
async fn every_answer_is_protected() {
    let server = Server::new(&[]).await;
    let answers = [
        server.submit(REFERENCE, user("a@example.com")).await,
        server.submit(REFERENCE, json!({})).await,
        server.get("/nowhere", &[]).await,
        server.get("/healthz", &[]).await,
        server.request(Method::PUT, "/api/users", &[], Body::empty()).await,
    ];
    for answer in answers {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{}", answer.status);
        }
    }
    let schema = server.get(&format!("/api/form_configurations/{REFERENCE}/schema"), &[]).await;
    assert_eq!(schema.header("cache-control"), Some("no-cache"), "it is asked for again by its tag");
}

#[tokio::test]
async fn pages_of_other_origins_read_nothing_unless_they_are_named() {
    let server = Server::new(&[]).await;
    for (origin, expected) in [
        ("https://shop.example", Some("https://shop.example")),
        ("https://evil.example", None),
        ("null", None),
    ] {
        let preflight = [("origin", origin), ("access-control-request-method", "POST")];
        let asked = server.request(Method::OPTIONS, "/api/users", &preflight, Body::empty()).await;
        assert_eq!(asked.header("access-control-allow-origin"), expected);
        let body = json!({ "form_configuration_name": REFERENCE, "form": {} }).to_string();
        let answer = server.post("/api/users", &[("origin", origin)], body).await;
        assert_eq!(answer.header("access-control-allow-origin"), expected);
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        let vary: Vec<_> =
            answer.headers.get_all("vary").iter().map(|value| value.to_str().unwrap()).collect();
        let vary = vary.join(", ").to_ascii_lowercase();
        assert!(vary.contains("origin") && vary.contains("accept-language"), "{vary}");
    }
}

#[tokio::test]
async fn what_is_counted_is_for_no_token_that_some_form_could_be_closed_to() {
    let server = Server::new(&[]).await;
    let snapshot = server.registry.snapshot();
    let names: Vec<&str> = snapshot.statuses.iter().map(|status| status.name.as_str()).collect();
    let present = bearer(&server.token("present", &names).await);
    let everything = bearer(&server.token("everything", &["newsletter", "*"]).await);
    let statuses = async || {
        let mut answers = Vec::new();
        for token in [&present, &everything] {
            answers.push(server.get("/metrics", &[("authorization", token)]).await.status);
        }
        answers
    };
    assert_eq!(statuses().await, [StatusCode::FORBIDDEN, StatusCode::OK]);
    for name in names {
        fs::remove_file(server.root.path().join(format!("configs/forms/{name}.toml"))).unwrap();
    }
    // What is gone at one look may be back at the next.
    for _ in 0..2 {
        server.registry.reload(SystemTime::now()).unwrap();
    }
    assert!(server.registry.snapshot().statuses.is_empty());
    assert_eq!(statuses().await, [StatusCode::FORBIDDEN, StatusCode::OK]);
}

#[tokio::test]
async fn what_is_counted_is_for_those_who_may_use_every_form_and_names_nothing_else() {
    let server = Server::new(&[]).await;
    let everything = bearer(&server.token("prometheus", &["*"]).await);
    let some = bearer(&server.token("some", &["newsletter"]).await);
    assert_eq!(server.get("/metrics", &[]).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(server.get("/metrics", &[("authorization", &some)]).await.status, StatusCode::FORBIDDEN);
    server.submit(REFERENCE, user("a@example.com")).await;
    server.submit(REFERENCE, json!({ "email": "x", "password": "x", "made_up": 1, "also": 2 })).await;
    server.submit("made_up_form", json!({})).await;
    server.get("/made_up/path", &[]).await;
    let answer = server.get("/metrics", &[("authorization", &everything)]).await;
    assert_eq!(answer.status, StatusCode::OK);
    let mut lines: Vec<&str> = answer
        .text
        .lines()
        .filter(|line| !line.contains("_seconds_bucket") && !line.contains("_seconds_sum"))
        // How many there are is the pool's business.
        .filter(|line| !line.starts_with("formwork_database_connections{"))
        .collect();
    // Families are in no order of their own within a metric.
    lines.sort_unstable();
    insta::assert_snapshot!(lines.join("\n"));
    assert!(!answer.text.contains("made_up"));
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations.md");
    let page = fs::read_to_string(page).unwrap();
    for line in answer.text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let name = line.split(' ').next().unwrap();
        assert!(page.contains(&format!("| `{name}")), "the page on operations does not tell of `{name}`");
    }
}
