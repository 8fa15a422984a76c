//! The bodies and headers that are not a form's: successes, failures, and the parts that they have in common.

use formwork_engine::model::{Access, Resource};
use serde_json::{Map, Value, json};

use super::{object, reference};

/// A form's version: the first 16 hex digits of a SHA-256.
const VERSION: &str = "^[0-9a-f]{16}$";

/// An object of exactly these members, all of them required.
fn exactly(properties: &Value) -> Value {
    let required: Vec<&String> =
        properties.as_object().map(|members| members.keys().collect()).unwrap_or_default();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// The schemas of every body.
pub(super) fn schemas() -> Map<String, Value> {
    let named = |(name, schema): (&str, Value)| (name.to_owned(), schema);
    object(failures().into_iter().chain(successes()).map(named))
}

fn failures() -> [(&'static str, Value); 4] {
    let detail = json!({
        "path": { "type": "string", "description": "The key in `errors`: a dotted path, items by index; `base` for the whole." },
        "pointer": { "type": "string", "format": "json-pointer", "description": "A JSON Pointer (RFC 6901) into the request's body." },
        "code": { "type": "string", "description": "What programs go by." },
        "params": { "type": "object", "description": "What the message is made of." },
        "message": { "type": "string", "description": "What people read, in a language that they accept." },
    });
    let messages = json!({ "type": "array", "items": { "type": "string" }, "minItems": 1 });
    let failure = json!({
        "model": exactly(&json!({ "id": { "type": "null" } })),
        "errors": {
            "type": "object",
            "description": "Messages by dotted path, in the order in which the form declares its fields.",
            "additionalProperties": messages,
            "minProperties": 1,
        },
        "details": { "type": "array", "items": reference("schemas", "Detail"), "minItems": 1 },
    });
    let problem = json!({
        "type": { "type": "string", "const": "about:blank" },
        "title": { "type": "string" },
        "status": { "type": "integer" },
        "errors": { "type": "array", "items": reference("schemas", "Detail"), "minItems": 1 },
    });
    let mut problem = exactly(&problem);
    if let Value::Object(keywords) = &mut problem {
        keywords.insert("description".into(), "Problem details (RFC 9457).".into());
    }
    let base = json!({
        "path": { "const": "base" },
        "pointer": { "const": "" },
    });
    [
        ("Detail", exactly(&detail)),
        ("BaseDetail", json!({ "allOf": [reference("schemas", "Detail"), { "properties": base }] })),
        ("Failure", exactly(&failure)),
        ("Problem", problem),
    ]
}

fn successes() -> [(&'static str, Value); 8] {
    let no_errors = json!({ "type": "object", "maxProperties": 0 });
    let id = json!({ "id": { "type": "integer", "format": "int64", "minimum": 1 } });
    let resources: Vec<Value> =
        Resource::ALL.iter().map(|resource| resource.name.into()).chain([Value::Null]).collect();
    let summary = json!({
        "name": { "type": "string" },
        "description": { "type": ["string", "null"] },
        "resource": { "enum": resources, "description": "What it creates; null while it is broken." },
        "access": { "enum": [Access::Public.name(), Access::Token.name(), null] },
        "version": { "type": ["string", "null"], "pattern": VERSION },
        "status": {
            "enum": ["live", "stale", "broken"],
            "description": "`stale`: the newest version has errors, and the last good one is served. `broken`: it has errors and is not served.",
        },
    });
    let diagnostic = json!({
        "rule": { "type": "string" },
        "severity": { "enum": ["error", "warning"] },
        "message": { "type": "string" },
        "help": { "type": ["string", "null"] },
        "line": { "type": "integer", "minimum": 1 },
        "column": { "type": "integer", "minimum": 1 },
    });
    // Closed where it stands alone; one form by itself has members besides.
    let summary_alone =
        json!({ "$ref": "#/components/schemas/FormConfiguration", "unevaluatedProperties": false });
    let list = json!({ "form_configurations": { "type": "array", "items": summary_alone } });
    let details = json!({
        "$ref": "#/components/schemas/FormConfiguration",
        "type": "object",
        "properties": {
            "aliases": { "type": "array", "items": { "type": "string" } },
            "diagnostics": {
                "type": "array",
                "items": reference("schemas", "Diagnostic"),
                "description": "For those who have a token.",
            },
        },
        "unevaluatedProperties": false,
    });
    let mut summary = exactly(&summary);
    if let Value::Object(keywords) = &mut summary {
        keywords.shift_remove("additionalProperties");
    }
    let readiness = json!({ "status": { "enum": ["ok", "draining", "unavailable"] } });
    [
        ("Created", exactly(&json!({ "model": exactly(&id), "errors": no_errors }))),
        ("Valid", exactly(&json!({ "errors": no_errors }))),
        ("FormConfiguration", summary),
        ("FormConfigurationDetails", details),
        ("FormConfigurations", exactly(&list)),
        ("Diagnostic", exactly(&diagnostic)),
        ("Live", exactly(&json!({ "status": { "const": "ok" } }))),
        ("Ready", exactly(&readiness)),
    ]
}

/// The headers of answers, by the names of their components.
pub(super) fn headers() -> Value {
    let header = |description: &str, schema: Value| json!({ "description": description, "required": true, "schema": schema });
    let mut version_if_judged = header(
        "Which version of the form judged; absent where none did.",
        json!({ "type": "string", "pattern": VERSION }),
    );
    if let Value::Object(members) = &mut version_if_judged {
        members.insert("required".into(), false.into());
    }
    json!({
        "Location": header("Where what was created is.", json!({ "type": "string", "pattern": "^/api/users/[1-9][0-9]*$" })),
        "FormConfigurationVersion":
            header("Which version of the form answered.", json!({ "type": "string", "pattern": VERSION })),
        "FormConfigurationVersionIfJudged": version_if_judged,
        "ETag": header("Changes with the body; send it back as `If-None-Match`.", json!({ "type": "string", "pattern": "^\"[0-9a-f]{16}\"$" })),
        "WWWAuthenticate":
            header("How to authenticate: `Token` and `Bearer`.", json!({ "type": "string" })),
        "RetryAfter": header("After how many seconds to try again.", json!({ "type": "integer", "minimum": 0 })),
    })
}
