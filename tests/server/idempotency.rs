//! Requests that are sent again under an `Idempotency-Key`.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use formwork::accounts::Accounts;
use formwork::http::{App, Edge, router};
use formwork::token::Tokens;
use serde_json::{Value, json};

use crate::{Answer, REFERENCE, Server, bearer, user};

const KEY: &str = "\"8e03978e-40d5-43e8-bc93-6894a57f9324\"";

/// Everything of an answer that a client can see.
fn seen(answer: &Answer) -> (StatusCode, &str, [Option<&str>; 3]) {
    let headers = ["location", "form-configuration-version", "content-type"];
    (answer.status, &answer.text, headers.map(|name| answer.header(name)))
}

fn body(form: &str, values: &Value) -> String {
    json!({ "form_configuration_name": form, "form": values }).to_string()
}

impl Server {
    async fn submit_under(&self, key: &str, form: &str, values: &Value) -> Answer {
        self.post("/api/users", &[("idempotency-key", key)], body(form, values)).await
    }
}

fn reused(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text);
    assert_eq!(answer.codes(), [("base".to_owned(), "idempotency_key_reused".to_owned())]);
}

#[tokio::test]
async fn a_retry_gets_the_first_answer_even_from_another_version_of_the_form() {
    let server = Server::new(&[]).await;
    let form = user("a@example.com");
    let first = server.submit_under(KEY, REFERENCE, &form).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text);
    assert_eq!(seen(&server.submit_under(KEY, REFERENCE, &form).await), seen(&first));
    assert_eq!(seen(&server.submit_under(KEY.trim_matches('"'), REFERENCE, &form).await), seen(&first));
    let file = server.root.path().join(format!("configs/forms/{REFERENCE}.toml"));
    let lenient = fs::read_to_string(&file).unwrap();
    let fields = lenient.split("[[examples]]").next().unwrap();
    fs::write(file, format!("{fields}[fields.external_id]\nvalidation.presence = true\n")).unwrap();
    server.registry.reload(SystemTime::now()).unwrap();
    let refused = server.submit_under("another", REFERENCE, &form).await;
    assert_eq!(refused.codes(), [("external_id".to_owned(), "blank".to_owned())]);
    assert_eq!(seen(&server.submit_under(KEY, REFERENCE, &form).await), seen(&first));
    assert_eq!((server.count("records").await, server.count("passwords").await), (1, 1));
}

#[tokio::test]
async fn another_body_under_a_key_is_refused_and_a_password_is_part_of_it() {
    let server = Server::new(&[]).await;
    let form = user("a@example.com");
    assert_eq!(server.submit_under(KEY, REFERENCE, &form).await.status, StatusCode::CREATED);
    reused(&server.submit_under(KEY, REFERENCE, &user("b@example.com")).await);
    let mut other_password = form.clone();
    other_password["password"] = "someotherpassword".into();
    reused(&server.submit_under(KEY, REFERENCE, &other_password).await);
    assert_eq!(server.count("records").await, 1);
}

#[tokio::test]
async fn what_was_refused_may_be_mended_under_its_key() {
    let server = Server::new(&[]).await;
    let refused = server.submit_under(KEY, REFERENCE, &json!({ "email": "a@example.com" })).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(server.submit_under(KEY, REFERENCE, &user("a@example.com")).await.status, StatusCode::CREATED);
    let taken = server.submit_under("another", REFERENCE, &user("a@example.com")).await;
    assert_eq!(taken.codes(), [("email".to_owned(), "taken".to_owned())]);
    assert_eq!(server.count("idempotency_keys").await, 1);
}

#[tokio::test]
async fn a_key_is_its_callers_and_its_forms_alone() {
    let server = Server::new(&[]).await;
    let mut ids = BTreeSet::new();
    for (index, form) in [REFERENCE, "newsletter"].into_iter().enumerate() {
        for caller in ["", "one", "two"] {
            let values = if form == REFERENCE {
                user(&format!("{caller}{index}@example.com"))
            } else {
                json!({ "email": format!("{caller}{index}@example.com"), "properties": { "consent": true } })
            };
            let mut headers = vec![("idempotency-key", KEY)];
            let token = format!("{caller}{index}");
            let token = bearer(&server.token(&token, &["*"]).await);
            if !caller.is_empty() {
                headers.push(("authorization", &token));
            }
            let answer = server.post("/api/users", &headers, body(form, &values)).await;
            assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
            assert!(ids.insert(answer.json()["model"]["id"].as_i64()));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twins_one_creates_and_all_get_its_answer() {
    const TWINS: usize = 32;
    let server = Arc::new(Server::new(&[]).await);
    let subscribe = json!({ "email": "b@example.com", "properties": { "consent": true } });
    for (form, values) in [(REFERENCE, user("a@example.com")), ("newsletter", subscribe)] {
        let twins: Vec<_> = (0..TWINS)
            .map(|_| {
                let (server, values) = (Arc::clone(&server), values.clone());
                tokio::spawn(async move { server.submit_under(KEY, form, &values).await })
            })
            .collect();
        let mut answers = BTreeSet::new();
        for twin in twins {
            let answer = twin.await.unwrap();
            assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
            answers.insert(answer.text);
        }
        assert_eq!(answers.len(), 1);
    }
    assert_eq!(server.count("records").await, 2);
}

#[tokio::test]
async fn after_a_day_a_key_is_as_if_it_had_never_been() {
    let server = Server::new(&[]).await;
    for (index, key) in ["one", "two", "three"].into_iter().enumerate() {
        let values = user(&format!("{index}@example.com"));
        assert_eq!(server.submit_under(key, REFERENCE, &values).await.status, StatusCode::CREATED);
    }
    let a_day_later =
        Server { router: server.router_at(|| UNIX_EPOCH + Duration::from_secs(1_700_086_400)), ..server };
    let again = a_day_later.submit_under("one", REFERENCE, &user("0@example.com")).await;
    assert_eq!(again.codes(), [("email".to_owned(), "taken".to_owned())]);
    let created = a_day_later.submit_under("one", REFERENCE, &user("new@example.com")).await;
    assert_eq!(created.status, StatusCode::CREATED);
    let again = a_day_later.submit_under("one", REFERENCE, &user("new@example.com")).await;
    assert_eq!(seen(&again), seen(&created));
    assert_eq!(a_day_later.count("idempotency_keys").await, 1, "expired keys are deleted");
}

impl Server {
    /// The same server at another time.
    pub(crate) fn router_at(&self, clock: fn() -> SystemTime) -> axum::Router {
        router(Arc::new(App {
            registry: Arc::clone(&self.registry),
            store: Arc::clone(&self.store),
            accounts: Accounts::new(Arc::clone(&self.store), self.hasher.clone()),
            tokens: Tokens::new(None),
            edge: Edge::default(),
            clock,
        }))
    }
}

#[tokio::test]
async fn a_key_that_could_not_be_kept_is_refused() {
    let server = Server::new(&[]).await;
    let long = "k".repeat(256);
    for keys in [&[""][..], &["a b"], &["\""], &["ä"], &[&long], &["a", "a"]] {
        let mut request = Request::post("/api/users").header("content-type", "application/json");
        for key in keys {
            request = request.header("idempotency-key", key.as_bytes());
        }
        let body = Body::from(body(REFERENCE, &user("a@example.com")));
        let answer = server.send(request.body(body).unwrap()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{keys:?}");
        assert_eq!(answer.codes(), [("base".to_owned(), "invalid_idempotency_key".to_owned())]);
    }
    let path = format!("/api/form_configurations/{REFERENCE}/validate");
    let form = json!({ "form": user("a@example.com") }).to_string();
    let dry = server.post(&path, &[("idempotency-key", "a b")], form).await;
    assert_eq!(dry.status, StatusCode::OK, "a dry run has no use for keys");
}
