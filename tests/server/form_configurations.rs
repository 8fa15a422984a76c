//! The routes about forms.

use std::fs;
use std::time::SystemTime;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{REFERENCE, Server, bearer, user};

fn names(body: &Value) -> Vec<&str> {
    body["form_configurations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|form| form["name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn the_list_shows_what_the_caller_may_use() {
    let server = Server::new(&[]).await;
    let everyone = server.get("/api/form_configurations", &[]).await;
    assert_eq!(names(&everyone.json()), ["newsletter", REFERENCE, "workshop"]);
    let token = bearer(&server.token("ci", &["developer/*"]).await);
    let caller = server.get("/api/form_configurations", &[("authorization", &token)]).await.json();
    assert_eq!(names(&caller), ["developer/sign_up", "newsletter", REFERENCE, "workshop"]);
    let snapshot = server.registry.snapshot();
    let version = snapshot.form("developer/sign_up").unwrap().version();
    assert_eq!(
        caller["form_configurations"][0],
        json!({
            "name": "developer/sign_up",
            "description": "Signs up a developer on behalf of a partner",
            "resource": "User",
            "access": "token",
            "version": version,
            "status": "live",
        })
    );
    let wrong = server.get("/api/form_configurations", &[("authorization", "Bearer x")]).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn one_form_by_name_alias_and_escaped_name() {
    let server = Server::new(&[]).await;
    let token = bearer(&server.token("ci", &["*"]).await);
    for (path, name) in [
        ("newsletter", "newsletter"),
        ("subscribe", "newsletter"),
        ("developer/sign_up", "developer/sign_up"),
        ("developer%2Fsign_up", "developer/sign_up"),
    ] {
        let path = format!("/api/form_configurations/{path}");
        let answer = server.get(&path, &[("authorization", &token)]).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.json()["name"], name);
        assert_eq!(answer.json()["diagnostics"], json!([]));
    }
    let anonymous = server.get("/api/form_configurations/newsletter", &[]).await.json();
    assert!(anonymous.get("diagnostics").is_none(), "diagnostics show the source");
}

#[tokio::test]
async fn what_is_not_public_does_not_show_whether_it_exists() {
    let server = Server::new(&[]).await;
    let token = bearer(&server.token("ci", &["team/*"]).await);
    for suffix in ["", "/schema"] {
        for name in ["developer/sign_up", "no_such_form", "..", "%2e%2e%2fetc"] {
            let path = format!("/api/form_configurations/{name}{suffix}");
            assert_eq!(server.get(&path, &[]).await.status, StatusCode::UNAUTHORIZED, "{path}");
            assert_eq!(
                server.get(&path, &[("authorization", &token)]).await.status,
                StatusCode::FORBIDDEN,
                "{path}"
            );
        }
    }
    let all = bearer(&server.token("all", &["*"]).await);
    let answer = server.get("/api/form_configurations/no_such_form", &[("authorization", &all)]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_schema_with_its_version_as_entity_tag() {
    let server = Server::new(&[]).await;
    let path = format!("/api/form_configurations/{REFERENCE}/schema");
    let answer = server.get(&path, &[]).await;
    let snapshot = server.registry.snapshot();
    let form = snapshot.form(REFERENCE).unwrap();
    let tag = format!("\"{}\"", form.version());
    assert_eq!(answer.json(), form.document);
    assert_eq!(answer.header("content-type"), Some("application/schema+json"));
    assert_eq!(answer.header("etag"), Some(tag.as_str()));
    for known in [tag.as_str(), &format!("\"other\", W/{tag}"), "*"] {
        let again = server.get(&path, &[("if-none-match", known)]).await;
        assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""), "{known}");
    }
    assert_eq!(server.get(&path, &[("if-none-match", "\"other\"")]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_dry_run_judges_and_writes_nothing() {
    let server = Server::new(&[]).await;
    let path = format!("/api/form_configurations/{REFERENCE}/validate");
    let body = json!({ "form": user("a@example.com") }).to_string();
    for _ in 0..2 {
        let answer = server.post(&path, &[], body.clone()).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, r#"{"errors":{}}"#));
    }
    assert_eq!(server.submit(REFERENCE, user("a@example.com")).await.status, StatusCode::CREATED);
    let after = server.post(&path, &[], body).await;
    assert_eq!(after.status, StatusCode::OK, "a dry run tells nobody whether an address is taken");
    assert_eq!(server.count("records").await, 1);
    let refused = server.post(&path, &[], json!({ "form": { "first_name": "A" } }).to_string()).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        refused.json()["errors"],
        json!({ "email": ["can't be blank"], "password": ["can't be blank"] })
    );
}

#[tokio::test]
async fn a_dry_run_takes_a_form_and_nothing_else() {
    let server = Server::new(&[]).await;
    let path = format!("/api/form_configurations/{REFERENCE}/validate");
    for body in [json!({}), json!({ "form": 5 }), json!({ "form": {}, "other": 1 })] {
        assert_eq!(
            server.post(&path, &[], body.to_string()).await.status,
            StatusCode::NOT_ACCEPTABLE,
            "{body}"
        );
    }
    let read = server.get(&path, &[]).await;
    assert_eq!((read.status, read.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, Some("POST")));
    let elsewhere = server.post(&format!("/api/form_configurations/{REFERENCE}"), &[], "{}").await;
    assert_eq!(
        (elsewhere.status, elsewhere.header("allow")),
        (StatusCode::METHOD_NOT_ALLOWED, Some("GET, HEAD"))
    );
    let deleted = server.request(Method::DELETE, &path, &[], "").await;
    assert_eq!((deleted.status, deleted.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, Some("POST")));
}

#[tokio::test]
async fn a_form_that_broke_is_stale_and_says_why() {
    let server = Server::new(&[]).await;
    let file = server.root.path().join("configs/forms/newsletter.toml");
    let version = server.registry.snapshot().form("newsletter").unwrap().version().to_owned();
    let text = fs::read_to_string(&file).unwrap().replace("access = \"public\"", "acces = \"public\"");
    fs::write(&file, text).unwrap();
    server.registry.reload(SystemTime::now()).unwrap();
    let token = bearer(&server.token("ci", &["*"]).await);
    let answer = server.get("/api/form_configurations/newsletter", &[("authorization", &token)]).await.json();
    assert_eq!(answer["status"], "stale");
    assert_eq!(answer["version"], version.as_str());
    let found = &answer["diagnostics"][0];
    assert_eq!((&found["rule"], &found["help"]), (&json!("unknown-key"), &json!("did you mean `access`?")));
    let submitted =
        server.submit("newsletter", json!({ "email": "a@example.com", "properties": { "consent": true } }));
    assert_eq!(submitted.await.status, StatusCode::CREATED, "the last good version serves on");
}
