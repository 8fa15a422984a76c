//! Forms → one `OpenAPI` 3.1 document: what clients may send, and everything that they may be answered.
//!
//! A pure function of the forms: the same forms give the same bytes. Called by `http/openapi.rs`, with the forms that the
//! caller may use, and by `cli/openapi.rs`.

mod answers;
mod examples;
mod failures;
mod forms;
mod routes;

use std::fmt::Write as _;

use formwork_engine::compile::CompiledForm;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// The version of the specification that documents follow.
const OPENAPI: &str = "3.1.1";

/// What every client has to know and no keyword says.
const DESCRIPTION: &str = "\
Creates what forms describe, and answers what they demand.

The schema of a form (`Form.…`) judges the `form` value of a request once it is prepared: members that are `readOnly` \
are dropped, texts normalized as `x-formwork-normalize` lists, absent values replaced by their `default`, and fields \
that a condition hides are dropped. `properties_attributes`, `profiles_attributes` and `<profile>_attributes` are other \
spellings of the groups without the suffix. Formats are asserted.

Keywords that begin with `x-formwork-` say what JSON Schema cannot: a validator that ignores them accepts a superset of \
what the form accepts. In particular, `x-formwork-unique` is decided by the server when it stores.

Every failure has the same body, whatever route it is from: `errors` to show to people, `details` with codes to program \
against; with `Accept: application/problem+json` as RFC 9457. A path that is not here is 404 `not_found`, a method that \
is not here 405 `method_not_allowed` with `Allow`. Wherever there is GET there is HEAD.";

/// A document as it is sent.
#[derive(Debug)]
pub struct Document {
    /// The text, in compact JSON.
    pub text: String,
    /// The first 16 hex digits of its SHA-256.
    pub digest: String,
}

impl Document {
    /// The document of these forms.
    #[must_use]
    pub fn of<'f>(forms: impl IntoIterator<Item = &'f CompiledForm>) -> Self {
        let text = document(forms).to_string();
        let digest = Sha256::digest(&text).iter().take(8).fold(String::new(), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        Self { text, digest }
    }
}

/// The `OpenAPI` document of a server with these forms, in this order.
#[must_use]
pub fn document<'f>(forms: impl IntoIterator<Item = &'f CompiledForm>) -> Value {
    let forms: Vec<&CompiledForm> = forms.into_iter().collect();
    let mut schemas = answers::schemas();
    schemas.extend(forms::schemas(&forms));
    json!({
        "openapi": OPENAPI,
        "info": {
            "title": "formwork",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
        },
        "tags": [
            { "name": "users", "description": "Creating users" },
            { "name": "forms", "description": "Which forms there are, and what they demand" },
            { "name": "service", "description": "The server itself" },
        ],
        "paths": routes::paths(&forms),
        "components": {
            "schemas": schemas,
            "responses": failures::responses(&forms),
            "requestBodies": { "CreateUser": forms::create_body(&forms) },
            "parameters": routes::parameters(&forms),
            "headers": answers::headers(),
            "securitySchemes": security_schemes(),
        },
    })
}

fn security_schemes() -> Value {
    json!({
        "Bearer": { "type": "http", "scheme": "bearer", "description": "An API token." },
        "Token": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "An API token, as `Token token=\"…\"`.",
        },
    })
}

/// A reference to a component.
fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

fn object(entries: impl IntoIterator<Item = (String, Value)>) -> Map<String, Value> {
    entries.into_iter().collect()
}
