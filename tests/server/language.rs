//! Messages in the client's language, and what a form knows of the request.

use axum::http::StatusCode;
use serde_json::json;

use crate::{Server, bearer};

const COMPUTED: &str = r#"
resource = "User"
access = "public"

[fields.name]

[fields.properties.source]
readonly = true

[fields.properties.language]
readonly = true

[fields.properties.share]
type = "integer"
validation.numericality.greater_than = 0

[default_payload.properties]
source = "{{ token.name }}"
language = "{{ request.language }}"

[[examples]]
form = { email = "ada@example.com" }
"#;

const FAILING: &str = r#"
resource = "User"
access = "public"

[fields.properties.count]
type = "integer"

[default_payload.properties]
count = { expression = "10 // ((form.email | length) - 15)" }

[[examples]]
form = { email = "grace@example.com" }
"#;

async fn messages(server: &Server, language: &[(&str, &str)]) -> (StatusCode, serde_json::Value) {
    let body = json!({ "form_configuration_name": "newsletter", "form": {} });
    let answer = server.post("/api/users", language, body.to_string()).await;
    assert!(answer.headers.get_all("vary").iter().any(|varies| varies == "Accept, Accept-Language"));
    (answer.status, answer.json()["errors"]["email"].clone())
}

#[tokio::test]
async fn errors_are_told_in_the_language_that_the_client_accepts() {
    let server = Server::new(&[]).await;
    for (language, message) in [
        (&[][..], "can't be blank"),
        (&[("accept-language", "pl")][..], "wymaga wypełnienia"),
        (&[("accept-language", "de-AT, pl;q=0.5")][..], "muss ausgefüllt werden"),
        (&[("accept-language", "fr, de;q=0.1")][..], "muss ausgefüllt werden"),
        (&[("accept-language", "en, de;q=0.9")][..], "can't be blank"),
        (&[("accept-language", "fr"), ("accept-language", "pl")][..], "wymaga wypełnienia"),
        (&[("accept-language", "!!, ;;q=, *")][..], "can't be blank"),
    ] {
        let (status, told) = messages(&server, language).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(told, json!([message]), "{language:?}");
    }
}

#[tokio::test]
async fn the_dry_run_speaks_it_too() {
    let server = Server::new(&[]).await;
    let answer = server
        .post(
            "/api/form_configurations/newsletter/validate",
            &[("accept-language", "pl")],
            json!({ "form": {} }).to_string(),
        )
        .await;
    assert_eq!(answer.json()["errors"]["email"], json!(["wymaga wypełnienia"]));
}

#[tokio::test]
async fn a_form_stores_what_it_computes_from_the_request() {
    let server = Server::new(&[("computed", COMPUTED)]).await;
    let token = server.token("partner", &["computed"]).await;
    let body = json!({ "form_configuration_name": "computed", "form": { "email": "a@example.com", "properties": { "source": "me" } } });
    let headers = [("authorization", bearer(&token)), ("accept-language", "pl-PL, en".to_owned())];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(server.post("/api/users", &headers, body.to_string()).await.status, StatusCode::CREATED);
    let record = server.store.records(None, 1).await.unwrap().remove(0);
    let attributes: serde_json::Value = serde_json::from_str(&record.attributes).unwrap();
    assert_eq!(attributes["properties"], json!({ "source": "partner", "language": "pl-PL" }));
}

#[tokio::test]
async fn a_value_that_cannot_be_computed_is_the_forms_fault() {
    let server = Server::new(&[("failing", FAILING)]).await;
    // Fifteen characters: a division by zero.
    let answer = server.submit("failing", json!({ "email": "ada@example.com" })).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{}", answer.text);
    assert_eq!(answer.codes(), [("base".to_owned(), "payload_failed".to_owned())]);
    assert!(!answer.text.contains("ada@") && !answer.text.contains("failing.toml"), "{}", answer.text);
    // Where the request is at fault, it is told so.
    let answer = server.submit("failing", json!({ "email": 15, "x": 1 })).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text);
}
