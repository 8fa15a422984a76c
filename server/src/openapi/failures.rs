//! Every failure: its status, the codes that it may give, and the headers that come with it.

use axum::http::StatusCode;
use formwork_engine::compile::CompiledForm;
use serde_json::{Map, Value, json};

use super::{object, reference};

/// A failure that routes answer with.
pub(super) struct Failure {
    /// The name of its component.
    pub(super) name: &'static str,
    /// Its status.
    pub(super) status: StatusCode,
    when: &'static str,
    codes: &'static [&'static str],
    /// The headers with their components.
    headers: &'static [(&'static str, &'static str)],
    /// Whether it is about the request as a whole, and so one problem under `base`.
    of_the_whole: bool,
    /// Whether its params say for how many seconds to wait.
    says_when: bool,
}

const fn whole(
    name: &'static str,
    status: StatusCode,
    when: &'static str,
    codes: &'static [&'static str],
) -> Failure {
    Failure { name, status, when, codes, headers: &[], of_the_whole: true, says_when: false }
}

pub(super) static MALFORMED: Failure = whole(
    "Malformed",
    StatusCode::BAD_REQUEST,
    "The body is not JSON that can be read one way only, or the idempotency key is none.",
    &[
        "malformed_json",
        "duplicate_key",
        "not_utf8",
        "too_deep",
        "nul_character",
        "incomplete",
        "invalid_idempotency_key",
    ],
);
pub(super) static TOO_SLOW: Failure =
    whole("TooSlow", StatusCode::REQUEST_TIMEOUT, "The body did not arrive in time.", &["timeout"]);
pub(super) static UNAUTHORIZED: Failure = Failure {
    headers: &[("WWW-Authenticate", "WWWAuthenticate")],
    ..whole(
        "Unauthorized",
        StatusCode::UNAUTHORIZED,
        "No token or a wrong one, for anything but a public form.",
        &["unauthorized"],
    )
};
pub(super) static FORBIDDEN: Failure = whole(
    "Forbidden",
    StatusCode::FORBIDDEN,
    "The token does not cover the form, or a policy of the form does not allow the request.",
    &["forbidden", "not_allowed"],
);
pub(super) static NOT_FOUND: Failure =
    whole("NotFound", StatusCode::NOT_FOUND, "There is no such form, or it is not served.", &["not_found"]);
pub(super) static NOT_ACCEPTABLE: Failure = Failure {
    of_the_whole: false,
    ..whole(
        "NotAcceptable",
        StatusCode::NOT_ACCEPTABLE,
        "A member of the body is missing, of the wrong type or unknown, or names no form.",
        &["blank", "type", "unknown_form", "unknown_member"],
    )
};
pub(super) static TOO_LARGE: Failure =
    whole("TooLarge", StatusCode::PAYLOAD_TOO_LARGE, "The body is larger than 1 MiB.", &["too_large"]);
pub(super) static UNSUPPORTED_MEDIA_TYPE: Failure = whole(
    "UnsupportedMediaType",
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    "The body is not said to be JSON.",
    &["unsupported_media_type"],
);
/// Which codes it gives, the forms say.
pub(super) static REFUSED: Failure = Failure {
    headers: &[("Form-Configuration-Version", "FormConfigurationVersionIfJudged")],
    of_the_whole: false,
    ..whole(
        "Refused",
        StatusCode::UNPROCESSABLE_ENTITY,
        "The form refuses the values, or a value is taken, or the idempotency key came with another body.",
        &[],
    )
};
/// The same of a dry run, which says nothing of what is taken.
pub(super) static INVALID: Failure = Failure {
    headers: &[("Form-Configuration-Version", "FormConfigurationVersion")],
    of_the_whole: false,
    ..whole("Invalid", StatusCode::UNPROCESSABLE_ENTITY, "The form refuses the values.", &[])
};
pub(super) static TOO_MANY: Failure = Failure {
    headers: &[("Retry-After", "RetryAfter")],
    says_when: true,
    ..whole(
        "TooManyRequests",
        StatusCode::TOO_MANY_REQUESTS,
        "The client submits the form more often than it may.",
        &["too_many_requests"],
    )
};
pub(super) static INTERNAL: Failure = whole(
    "Internal",
    StatusCode::INTERNAL_SERVER_ERROR,
    "Something went wrong on the server's side, or the form cannot compute a value; nothing was stored.",
    &["internal", "payload_failed"],
);
pub(super) static OVERLOADED: Failure = Failure {
    headers: &[("Retry-After", "RetryAfter")],
    ..whole(
        "Overloaded",
        StatusCode::SERVICE_UNAVAILABLE,
        "Too much work is queued, or the database cannot be used for now; nothing was stored. \
         `outcome_unknown`: the database broke off, and whether the request was stored is not known.",
        &["overloaded", "unavailable", "outcome_unknown"],
    )
};

/// For those who only read.
pub(super) static UNAVAILABLE: Failure = Failure {
    headers: &[("Retry-After", "RetryAfter")],
    ..whole(
        "Unavailable",
        StatusCode::SERVICE_UNAVAILABLE,
        "The database cannot be used for now.",
        &["unavailable"],
    )
};

static ALL: [&Failure; 14] = [
    &MALFORMED,
    &TOO_SLOW,
    &UNAUTHORIZED,
    &FORBIDDEN,
    &NOT_FOUND,
    &NOT_ACCEPTABLE,
    &TOO_LARGE,
    &UNSUPPORTED_MEDIA_TYPE,
    &REFUSED,
    &INVALID,
    &TOO_MANY,
    &INTERNAL,
    &OVERLOADED,
    &UNAVAILABLE,
];

/// The code of an `Idempotency-Key` that came with another body.
const KEY_REUSED: &str = "idempotency_key_reused";
/// The code of a value that another record has.
const TAKEN: &str = "taken";

/// Every failure as a component.
pub(super) fn responses(forms: &[&CompiledForm]) -> Map<String, Value> {
    let mut of_forms: Vec<&str> = forms.iter().flat_map(|form| form.codes()).collect();
    of_forms.sort_unstable();
    of_forms.dedup();
    let without_taken: Vec<&str> = of_forms.iter().copied().filter(|code| *code != TAKEN).collect();
    of_forms.push(KEY_REUSED);
    let codes = |failure: &Failure| match failure.name {
        "Refused" => of_forms.clone(),
        "Invalid" => without_taken.clone(),
        _ => failure.codes.to_vec(),
    };
    object(ALL.iter().map(|failure| (failure.name.to_owned(), response(failure, &codes(failure)))))
}

fn response(failure: &Failure, codes: &[&str]) -> Value {
    let detail = if failure.of_the_whole { "BaseDetail" } else { "Detail" };
    // No list of codes is no schema, and no form refuses nothing.
    let code = if codes.is_empty() { json!(false) } else { json!({ "enum": codes }) };
    let mut properties = json!({ "code": code });
    if failure.of_the_whole {
        properties["params"] = if failure.says_when {
            json!({
                "properties": { "retry_after": { "type": "integer", "minimum": 1 } },
                "required": ["retry_after"],
                "maxProperties": 1,
            })
        } else {
            json!({ "maxProperties": 0 })
        };
    }
    let mut details = json!({
        "items": { "allOf": [reference("schemas", detail), { "properties": properties }] },
    });
    let mut errors = json!({});
    if failure.of_the_whole {
        errors =
            json!({ "properties": { "base": { "maxItems": 1 } }, "required": ["base"], "maxProperties": 1 });
        details["maxItems"] = json!(1);
    }
    let usual = json!({
        "schema": {
            "allOf": [
                reference("schemas", "Failure"),
                { "properties": { "errors": errors, "details": details } },
            ],
        },
    });
    let title = failure.status.canonical_reason().unwrap_or_default();
    let problem = json!({
        "schema": {
            "allOf": [
                reference("schemas", "Problem"),
                {
                    "properties": {
                        "title": { "const": title },
                        "status": { "const": failure.status.as_u16() },
                        "errors": details,
                    },
                },
            ],
        },
    });
    let mut response = json!({
        "description": failure.when,
        "content": {
            "application/json": usual,
            "application/problem+json": problem,
            "application/vnd.api+json": usual,
        },
    });
    if let (Value::Object(members), false) = (&mut response, failure.headers.is_empty()) {
        let headers = failure
            .headers
            .iter()
            .map(|(name, component)| ((*name).to_owned(), reference("headers", component)));
        members.insert("headers".into(), object(headers).into());
    }
    response
}
