//! The `OpenAPI` document: what it says of forms, and that every answer in these tests is as it says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use axum::http::{Method, StatusCode};
use formwork::openapi::{Document, document};
use formwork_engine::compile::CompiledForm;
use formwork_engine::registry::Snapshot;
use formwork_engine::schema::is_email;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::{Answer, Server, bearer};

const PATH: &str = "/api/openapi.json";

/// The schema of a response's body or a request's, with the components that it refers to.
fn validator(document: &Value, schema: &Value) -> Validator {
    let whole = json!({ "allOf": [schema], "components": document["components"] });
    let options = jsonschema::options().with_format("email", is_email);
    options.should_validate_formats(true).build(&whole).unwrap()
}

fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    match value["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

/// The path as the document has it.
fn template(path: &str) -> &str {
    let path = path.split('?').next().unwrap_or_default();
    match path.strip_prefix("/api/form_configurations/") {
        Some(rest) if rest.ends_with("/schema") => "/api/form_configurations/{name}/schema",
        Some(rest) if rest.ends_with("/validate") => "/api/form_configurations/{name}/validate",
        Some(_) => "/api/form_configurations/{name}",
        None => path,
    }
}

fn is_for_people(path: &str) -> bool {
    path == "/" || ["/assets/", "/forms/", "/_/"].iter().any(|prefix| path.starts_with(prefix))
}

/// Fails if an answer is not as the document says.
pub(crate) fn hold_to_document(snapshot: &Snapshot, method: &Method, path: &str, answer: &Answer) {
    // What a browser asks beforehand is no route of ours, and what people look at is no part of the API.
    if *method == Method::HEAD || *method == Method::OPTIONS || is_for_people(path) {
        return;
    }
    let document = document(snapshot.statuses.iter().filter_map(|status| status.form.as_deref()));
    let operation = &document["paths"][template(path)][method.as_str().to_lowercase()];
    let status = answer.status.as_u16().to_string();
    let asked = format!("{method} {path}: {status}");
    let media_type = answer.header("content-type");
    if operation.is_null() {
        // No route of ours, or none of its methods: a failure like any other.
        let schema = if media_type == Some("application/problem+json") { "Problem" } else { "Failure" };
        let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
        assert!(answer.status.is_client_error(), "{asked} is not in the document");
        assert!(validator(&document, &schema).is_valid(&answer.json()), "{asked} {}", answer.text);
        return;
    }
    let response = resolved(&document, &operation["responses"][&status]);
    assert!(response.is_object(), "{asked} is not in the document");
    for (name, header) in response["headers"].as_object().into_iter().flatten() {
        let header = resolved(&document, header);
        let Some(value) = answer.header(name) else {
            assert_eq!(header["required"], false, "{asked} has no `{name}`");
            continue;
        };
        let value = value.parse::<u64>().map_or_else(|_| Value::from(value), Value::from);
        assert!(validator(&document, &header["schema"]).is_valid(&value), "{asked} {name}: {value}");
    }
    let Some(content) = response["content"].as_object() else {
        assert_eq!(answer.text, "", "{asked}");
        return;
    };
    let content = media_type.and_then(|media_type| content.get(media_type));
    let content = content.unwrap_or_else(|| panic!("{asked} as {media_type:?} is not in the document"));
    let is_text = content["schema"]["type"] == "string";
    let body = if is_text { Value::from(answer.text.as_str()) } else { answer.json() };
    if let Err(error) = validator(&document, &content["schema"]).validate(&body) {
        panic!("{asked} {}: {error}", answer.text);
    }
}

#[tokio::test]
async fn everyone_sees_what_they_may_use() {
    let server = Server::new(&[]).await;
    let token = bearer(&server.token("ci", &["developer/*"]).await);
    let stranger = server.get(PATH, &[]).await;
    let caller = server.get(PATH, &[("authorization", &token)]).await;
    let names = |answer: &Answer| -> Vec<String> {
        let schemas = answer.json()["components"]["schemas"].as_object().unwrap().clone();
        schemas.keys().filter_map(|name| Some(name.strip_prefix("Form.")?.to_owned())).collect()
    };
    assert_eq!(names(&stranger), ["newsletter", "reference_rest_api_create_user", "workshop"]);
    assert_eq!(
        names(&caller),
        ["developer.sign_up", "newsletter", "reference_rest_api_create_user", "workshop"]
    );
    assert!(!stranger.text.contains("developer"), "a stranger learns the name of a form");
    let wrong = server.get(PATH, &[("authorization", "Bearer x")]).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn its_entity_tag_changes_with_the_forms() {
    let server = Server::new(&[]).await;
    let first = server.get(PATH, &[]).await;
    let tag = first.header("etag").unwrap();
    let again = server.get(PATH, &[("if-none-match", tag)]).await;
    assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(server.get(PATH, &[]).await.text, first.text);
    fs::remove_file(server.root.path().join("configs/forms/newsletter.toml")).unwrap();
    // What is gone at one look may be back at the next.
    for _ in 0..2 {
        server.registry.reload(std::time::SystemTime::now()).unwrap();
    }
    let changed = server.get(PATH, &[("if-none-match", tag)]).await;
    assert_eq!(changed.status, StatusCode::OK);
    assert!(!changed.text.contains("newsletter"));
}

#[tokio::test]
async fn examples_are_valid_and_show_no_secrets() {
    let server = Server::new(&[]).await;
    let token = bearer(&server.token("all", &["*"]).await);
    let document = served(&server);
    let body = &document["components"]["requestBodies"]["CreateUser"]["content"]["application/json"];
    let validator = validator(&document, &body["schema"]);
    let examples = body["examples"].as_object().unwrap();
    assert_eq!(
        examples.len(),
        5,
        "one of the developer's form, two of the newsletter's, one of the reference, one of the workshop"
    );
    for (name, example) in examples {
        assert!(validator.is_valid(&example["value"]), "{name}: {example}");
        let answer =
            server.post("/api/users", &[("authorization", &token)], example["value"].to_string()).await;
        // Two of them are about one address.
        let is_taken = answer.status == StatusCode::UNPROCESSABLE_ENTITY
            && answer.codes().iter().all(|(_, code)| code == "taken");
        assert!(answer.status == StatusCode::CREATED || is_taken, "{name}: {}", answer.text);
    }
    let text = document.to_string();
    for secret in ["somepassword", "correct horse", "8charact"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn a_secret_that_has_to_look_some_way_takes_its_example_along() {
    let form = "resource = \"User\"\naccess = \"public\"\n\
        [fields.properties.pin]\nsecret = true\nvalidation.confirmation = true\nvalidation.format.with = '^[0-9]+$'\n\
        [[examples]]\nform = { email = \"a@example.com\" }\n\
        [[examples]]\nform = { email = \"a@example.com\", properties = { pin = \"4711\", pin_confirmation = \"4711\" } }\n";
    let server = Server::new(&[("pin", form)]).await;
    let document = served(&server);
    let examples =
        &document["components"]["requestBodies"]["CreateUser"]["content"]["application/json"]["examples"];
    assert_eq!(examples["pin.1"]["value"]["form"], json!({ "email": "a@example.com" }));
    assert_eq!(examples.get("pin.2"), None);
    assert!(!document.to_string().contains("4711"));
}

#[tokio::test]
async fn requests_are_told_apart_by_name_and_alias() {
    let server = Server::new(&[]).await;
    let document = served(&server);
    let schema =
        &document["components"]["requestBodies"]["CreateUser"]["content"]["application/json"]["schema"];
    let mapping = schema["discriminator"]["mapping"].as_object().unwrap();
    assert_eq!(mapping["subscribe"], mapping["newsletter"]);
    let snapshot = server.registry.snapshot();
    let names: BTreeSet<&str> =
        forms(&snapshot).flat_map(|form| form.form.names()).map(|name| name.value.as_str()).collect();
    assert_eq!(mapping.keys().map(String::as_str).collect::<BTreeSet<_>>(), names);
    for reference in mapping.values() {
        let of_form = document.pointer(reference.as_str().unwrap().trim_start_matches('#'));
        assert!(of_form.is_some(), "{reference}");
    }
}

#[test]
fn without_forms_there_is_a_document_all_the_same() {
    let none = document([]);
    assert_eq!(
        none["components"]["requestBodies"]["CreateUser"]["content"]["application/json"]["schema"],
        false
    );
    assert_eq!(Document::of([]).text, none.to_string());
}

#[tokio::test]
async fn the_published_document_is_that_of_the_configuration() {
    let server = Server::new(&[]).await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/openapi.json");
    let expected = serde_json::to_string_pretty(&served(&server)).unwrap() + "\n";
    let found = fs::read_to_string(path).unwrap_or_default();
    assert!(found == expected, "schemas/openapi.json is stale: `just generate` writes it");
}

fn forms(snapshot: &Snapshot) -> impl Iterator<Item = &CompiledForm> {
    snapshot.statuses.iter().filter_map(|status| status.form.as_deref())
}

fn served(server: &Server) -> Value {
    document(forms(&server.registry.snapshot()))
}
