//! Every route with everything that it may answer.

use formwork_engine::compile::CompiledForm;
use serde_json::{Map, Value, json};

use super::failures::{
    FORBIDDEN, Failure, INTERNAL, INVALID, MALFORMED, NOT_ACCEPTABLE, NOT_FOUND, OVERLOADED, REFUSED,
    TOO_LARGE, TOO_MANY, TOO_SLOW, UNAUTHORIZED, UNAVAILABLE, UNSUPPORTED_MEDIA_TYPE,
};
use super::{forms, object, reference};

/// What an `Idempotency-Key` is made of, as `idempotency` reads it: visible characters without quotes and backslashes,
/// in quotes or without.
const KEY: &str = r#"^([!#-\[\]-~]{1,255}|"[!#-\[\]-~]{1,255}")$"#;

/// Every path with its operations.
pub(super) fn paths(forms: &[&CompiledForm]) -> Value {
    let form = "/api/form_configurations/{name}";
    json!({
        "/api/users": { "post": create("createUser", "Creates a user") },
        "/api/users.json": { "post": create("createUserJson", "Creates a user: another spelling of the path") },
        "/api/form_configurations": { "get": list() },
        form: { "parameters": [name()], "get": show() },
        format!("{form}/schema"): { "parameters": [name()], "get": schema() },
        format!("{form}/validate"): { "parameters": [name()], "post": validate(forms) },
        "/api/openapi.json": { "get": openapi() },
        "/healthz": { "get": live() },
        "/readyz": { "get": ready() },
        "/metrics": { "get": metrics() },
    })
}

/// The parameters of requests, by the names of their components.
pub(super) fn parameters(forms: &[&CompiledForm]) -> Value {
    let header = |name: &str, description: &str| json!({ "name": name, "in": "header", "description": description, "schema": { "type": "string" } });
    let names: Vec<&str> =
        forms.iter().flat_map(|form| form.form.names()).map(|name| name.value.as_str()).collect();
    // No alternatives are no schema.
    let known = if names.is_empty() {
        json!({ "type": "string" })
    } else {
        json!({ "type": "string", "enum": names })
    };
    json!({
        "Name": {
            "name": "name",
            "in": "path",
            "required": true,
            "description": "A form's name or alias; its slashes as `%2F`.",
            "schema": known,
        },
        "AcceptLanguage": header("Accept-Language", "The languages of messages (RFC 9110, 12.5.4)."),
        "IfNoneMatch": header("If-None-Match", "The `ETag` of what the client has."),
        "IdempotencyKey": {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "Makes a retry return the first answer, byte for byte, for 24 hours. With another body it is refused.",
            "schema": { "type": "string", "pattern": KEY },
        },
    })
}

fn name() -> Value {
    reference("parameters", "Name")
}

/// Responses by status: the successes as they are, the failures as references.
fn responses(
    successes: impl IntoIterator<Item = (&'static str, Value)>,
    failures: &[&Failure],
) -> Map<String, Value> {
    let successes = successes.into_iter().map(|(status, response)| (status.to_owned(), response));
    let failures = failures
        .iter()
        .map(|failure| (failure.status.as_str().to_owned(), reference("responses", failure.name)));
    object(successes.chain(failures))
}

/// A success in JSON, which is labelled as JSON:API where the client wants that.
fn success(description: &str, schema: &str, headers: &[(&str, &str)]) -> Value {
    let content = json!({ "schema": reference("schemas", schema) });
    let mut response = json!({
        "description": description,
        "content": { "application/json": content, "application/vnd.api+json": content },
    });
    with_headers(&mut response, headers);
    response
}

fn with_headers(response: &mut Value, headers: &[(&str, &str)]) {
    if let (Value::Object(members), false) = (response, headers.is_empty()) {
        let headers =
            headers.iter().map(|(name, component)| ((*name).to_owned(), reference("headers", component)));
        members.insert("headers".into(), object(headers).into());
    }
}

/// Nobody, or somebody with a token: public forms are for anyone.
fn anyone() -> Value {
    json!([{}, { "Bearer": [] }, { "Token": [] }])
}

fn create(id: &str, summary: &str) -> Value {
    let headers = [("Location", "Location"), ("Form-Configuration-Version", "FormConfigurationVersion")];
    let failures = [
        &MALFORMED,
        &TOO_SLOW,
        &UNAUTHORIZED,
        &FORBIDDEN,
        &NOT_ACCEPTABLE,
        &TOO_LARGE,
        &UNSUPPORTED_MEDIA_TYPE,
        &REFUSED,
        &TOO_MANY,
        &INTERNAL,
        &OVERLOADED,
    ];
    json!({
        "operationId": id,
        "tags": ["users"],
        "summary": summary,
        "security": anyone(),
        "parameters": [reference("parameters", "AcceptLanguage"), reference("parameters", "IdempotencyKey")],
        "requestBody": reference("requestBodies", "CreateUser"),
        "responses": responses([("201", success("It is stored durably.", "Created", &headers))], &failures),
    })
}

fn list() -> Value {
    json!({
        "operationId": "listFormConfigurations",
        "tags": ["forms"],
        "summary": "The forms that the caller may use: public ones for anyone",
        "security": anyone(),
        "responses": responses(
            [("200", success("The forms, in the order of their names.", "FormConfigurations", &[]))],
            &[&UNAUTHORIZED, &INTERNAL, &UNAVAILABLE],
        ),
    })
}

fn show() -> Value {
    json!({
        "operationId": "showFormConfiguration",
        "tags": ["forms"],
        "summary": "One form, and how it stands",
        "security": anyone(),
        "responses": responses(
            [("200", success("The form.", "FormConfigurationDetails", &[]))],
            &[&UNAUTHORIZED, &FORBIDDEN, &NOT_FOUND, &INTERNAL, &UNAVAILABLE],
        ),
    })
}

fn schema() -> Value {
    let mut found = json!({
        "description": "The JSON Schema 2020-12 of the form's values; its entity tag is the form's version.",
        "content": {
            "application/schema+json": {
                "schema": {
                    "type": "object",
                    "properties": { "$schema": { "const": formwork_engine::schema::DIALECT } },
                    "required": ["$schema"],
                },
            },
        },
    });
    let mut known = json!({ "description": "The client has it already." });
    for response in [&mut found, &mut known] {
        with_headers(
            response,
            &[("ETag", "ETag"), ("Form-Configuration-Version", "FormConfigurationVersion")],
        );
    }
    json!({
        "operationId": "showFormConfigurationSchema",
        "tags": ["forms"],
        "summary": "What a form demands",
        "security": anyone(),
        "parameters": [reference("parameters", "IfNoneMatch")],
        "responses": responses(
            [("200", found), ("304", known)],
            &[&UNAUTHORIZED, &FORBIDDEN, &NOT_FOUND, &INTERNAL, &UNAVAILABLE],
        ),
    })
}

fn validate(forms: &[&CompiledForm]) -> Value {
    let headers = [("Form-Configuration-Version", "FormConfigurationVersion")];
    let failures = [
        &MALFORMED,
        &TOO_SLOW,
        &UNAUTHORIZED,
        &FORBIDDEN,
        &NOT_FOUND,
        &NOT_ACCEPTABLE,
        &TOO_LARGE,
        &UNSUPPORTED_MEDIA_TYPE,
        &INVALID,
        &TOO_MANY,
        &INTERNAL,
        &OVERLOADED,
    ];
    json!({
        "operationId": "validateForm",
        "tags": ["forms"],
        "summary": "A dry run: no hash, no write, and no word about what is taken",
        "security": anyone(),
        "parameters": [reference("parameters", "AcceptLanguage")],
        "requestBody": forms::validate_body(forms),
        "responses": responses(
            [("200", success("The form accepts the values, apart from uniqueness.", "Valid", &headers))],
            &failures,
        ),
    })
}

fn openapi() -> Value {
    let schema = json!({
        "type": "object",
        "properties": { "openapi": { "const": super::OPENAPI } },
        "required": ["openapi", "info", "paths", "components"],
    });
    let content = json!({ "schema": schema });
    let mut found = json!({
        "description": "The document of the forms that the caller may use.",
        "content": { "application/json": content, "application/vnd.api+json": content },
    });
    let mut known = json!({ "description": "The client has it already." });
    for response in [&mut found, &mut known] {
        with_headers(response, &[("ETag", "ETag")]);
    }
    json!({
        "operationId": "showOpenApi",
        "tags": ["service"],
        "summary": "This document",
        "security": anyone(),
        "parameters": [reference("parameters", "IfNoneMatch")],
        "responses": responses([("200", found), ("304", known)], &[&UNAUTHORIZED, &INTERNAL, &UNAVAILABLE]),
    })
}

fn live() -> Value {
    json!({
        "operationId": "live",
        "tags": ["service"],
        "summary": "Whether the process answers",
        "security": [],
        "responses": responses([("200", success("It does.", "Live", &[]))], &[]),
    })
}

fn ready() -> Value {
    json!({
        "operationId": "ready",
        "tags": ["service"],
        "summary": "Whether the database answers and forms are served",
        "security": [],
        "responses": responses(
            [("200", success("They are.", "Ready", &[])), ("503", success("They are not.", "Ready", &[]))],
            &[],
        ),
    })
}

fn metrics() -> Value {
    let counted = json!({
        "description": "What is counted, for Prometheus.",
        "content": { (crate::metrics::CONTENT_TYPE): { "schema": { "type": "string" } } },
    });
    json!({
        "operationId": "metrics",
        "tags": ["service"],
        "summary": "What is counted; for tokens with the pattern `*`, which covers every form",
        "security": [{ "Bearer": [] }, { "Token": [] }],
        "responses": responses([("200", counted)], &[&UNAUTHORIZED, &FORBIDDEN, &INTERNAL, &UNAVAILABLE]),
    })
}
