//! Hostile and unusual bodies: an answer each, never a failure of ours.

use std::sync::atomic::Ordering;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use crate::{REFERENCE, Server, user};

#[tokio::test]
async fn mass_assignment_sets_nothing() {
    let server = Server::new(&[]).await;
    let mut values = user("a@example.com");
    values["featured"] = true.into();
    values["properties"] = json!({ "admin": true });
    values["id"] = 7.into();
    let answer = server.submit(REFERENCE, values).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let paths: Vec<String> = answer.codes().into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["featured", "properties", "id"]);
}

#[tokio::test]
async fn fifty_thousand_unknown_keys_give_a_bounded_answer() {
    let server = Server::new(&[]).await;
    let keys: Map<String, Value> = (0..50_000).map(|index| (format!("k{index}"), Value::Null)).collect();
    let answer = server.submit(REFERENCE, Value::Object(keys)).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.codes().len(), formwork_engine::submission::MAX_VIOLATIONS);
}

#[tokio::test]
async fn a_thousand_unknown_members_give_a_bounded_answer() {
    let server = Server::new(&[]).await;
    let mut members: Map<String, Value> = (0..1000).map(|index| (format!("k{index}"), Value::Null)).collect();
    members.insert("form_configuration_name".into(), REFERENCE.into());
    members.insert("form".into(), user("a@example.com"));
    let body = Value::Object(members).to_string();
    for path in ["/api/users", "/api/form_configurations/reference_rest_api_create_user/validate"] {
        let answer = server.post(path, &[], body.clone()).await;
        assert_eq!(answer.status, StatusCode::NOT_ACCEPTABLE);
        assert!(answer.codes().len() <= formwork_engine::submission::MAX_VIOLATIONS, "{path}");
    }
}

#[tokio::test]
async fn every_json_type_in_every_place_is_answered() {
    let server = Server::new(&[]).await;
    // Each in a minute of its own: more than a public form takes in one.
    let minute = || server.seconds.fetch_add(60, Ordering::Relaxed);
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(1.5),
        json!("x"),
        json!([]),
        json!([[]]),
        json!({}),
        json!({ "": {} }),
    ];
    for field in [
        "first_name",
        "email",
        "password",
        "properties",
        "profiles",
        "properties_attributes",
        "__proto__",
        "",
    ] {
        for value in &values {
            let mut form = user("not an address");
            form[field] = value.clone();
            minute();
            let answer = server.submit(REFERENCE, form).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{field} = {value}");
        }
    }
}

#[tokio::test]
async fn a_key_with_slashes_and_tildes_is_pointed_at() {
    let server = Server::new(&[]).await;
    let mut form = user("a@example.com");
    form["a/b~c"] = 1.into();
    let answer = server.submit(REFERENCE, form).await;
    assert_eq!(answer.json()["details"][0]["pointer"], "/form/a~1b~0c");
}

#[tokio::test]
async fn a_password_of_other_letters_than_its_normal_form_counts_as_normalized() {
    let server = Server::new(&[]).await;
    let mut form = user("a@example.com");
    // Four ligatures: eight characters once normalized.
    form["password"] = "ﬁﬁﬁﬁ".into();
    assert_eq!(server.submit(REFERENCE, form).await.status, StatusCode::CREATED);
}
