//! One set of facts, three media types.

use axum::http::StatusCode;
use serde_json::json;

use crate::{REFERENCE, Server, user};

#[tokio::test]
async fn a_problem_document_by_rfc_9457() {
    let server = Server::new(&[]).await;
    let body = json!({ "form_configuration_name": REFERENCE, "form": { "first_name": "A", "password": "somepassword" } });
    let answer = server.post("/api/users", &[("accept", "application/problem+json")], body.to_string()).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(
        answer.json(),
        json!({
            "type": "about:blank",
            "title": "Unprocessable Entity",
            "status": 422,
            "errors": [{
                "path": "email", "pointer": "/form/email", "code": "blank", "params": {}, "message": "can't be blank"
            }]
        })
    );
}

#[tokio::test]
async fn a_problem_document_for_failures_of_routing_too() {
    let server = Server::new(&[]).await;
    let answer = server.get("/nowhere", &[("accept", "application/problem+json")]).await;
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(answer.json()["status"], 404);
}

#[tokio::test]
async fn the_usual_bodies_labelled_as_json_api() {
    let server = Server::new(&[]).await;
    let accept = [("accept", "application/vnd.api+json")];
    let body = json!({ "form_configuration_name": REFERENCE, "form": user("a@example.com") }).to_string();
    let created = server.post("/api/users", &accept, body.clone()).await;
    let taken = server.post("/api/users", &accept, body).await;
    assert_eq!((created.status, taken.status), (StatusCode::CREATED, StatusCode::UNPROCESSABLE_ENTITY));
    for answer in [&created, &taken] {
        assert_eq!(answer.header("content-type"), Some("application/vnd.api+json"));
    }
    assert_eq!(created.json(), json!({ "model": { "id": 1 }, "errors": {} }));
    assert_eq!(taken.json()["errors"], json!({ "email": ["has already been taken"] }));
}

#[tokio::test]
async fn a_schema_keeps_its_own_media_type() {
    let server = Server::new(&[]).await;
    let path = format!("/api/form_configurations/{REFERENCE}/schema");
    let answer = server.get(&path, &[("accept", "application/vnd.api+json")]).await;
    assert_eq!(answer.header("content-type"), Some("application/schema+json"));
}
