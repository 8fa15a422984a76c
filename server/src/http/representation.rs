//! How an answer is written, by what the client accepts: failures have a body in each of our media types.
//!
//! In: an answer, and the `Accept` of its request. Called by the layer around every request.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::error::{Problem, take_problems};

const PROBLEM_JSON: &str = "application/problem+json";
const JSON_API: &str = "application/vnd.api+json";
const JSON: &str = "application/json";

/// What clients accept, and what of ours that is.
const RANGES: [(&str, &str); 5] = [
    ("*/*", JSON),
    (JSON, JSON),
    ("application/*", JSON),
    (PROBLEM_JSON, PROBLEM_JSON),
    (JSON_API, JSON_API),
];

/// The room for the body of a failure, in bytes: enough for three violations.
const BODY: usize = 1024;

/// The body of every failure: `errors` to show, `details` to program against.
#[derive(Serialize)]
pub struct FailureBody<'p> {
    model: NoModel,
    errors: Errors<'p>,
    details: Vec<Detail<'p>>,
}

impl<'p> FailureBody<'p> {
    /// The body that tells of these problems.
    #[must_use]
    pub fn of(problems: &'p [Problem]) -> Self {
        Self { model: NoModel { id: () }, errors: Errors(problems), details: details(problems) }
    }
}

#[derive(Serialize)]
struct NoModel {
    id: (),
}

/// Messages by dotted path, in the order of the problems.
struct Errors<'p>(&'p [Problem]);

impl Serialize for Errors<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut by_path: Vec<(&str, Vec<&str>)> = Vec::new();
        // There are a few hundred at the most.
        for problem in self.0 {
            match by_path.iter_mut().find(|(path, _)| *path == problem.path) {
                Some((_, messages)) => messages.push(&problem.message),
                None => by_path.push((&problem.path, vec![&problem.message])),
            }
        }
        serializer.collect_map(by_path)
    }
}

#[derive(Serialize)]
struct Detail<'p> {
    path: &'p str,
    pointer: &'p str,
    code: &'p str,
    params: &'p Map<String, Value>,
    message: &'p str,
}

fn details(problems: &[Problem]) -> Vec<Detail<'_>> {
    problems
        .iter()
        .map(|Problem { path, pointer, code, params, message }| Detail {
            path,
            pointer,
            code,
            params,
            message,
        })
        .collect()
}

/// RFC 9457: the type is `about:blank`, so the title is the status's own.
#[derive(Serialize)]
struct ProblemBody<'p> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    errors: Vec<Detail<'p>>,
}

impl<'p> ProblemBody<'p> {
    fn of(status: StatusCode, problems: &'p [Problem]) -> Self {
        let title = status.canonical_reason().unwrap_or_default();
        Self { r#type: "about:blank", title, status: status.as_u16(), errors: details(problems) }
    }
}

/// An answer as a client gets it that asks for no media type.
pub(super) fn represented_as_json(mut response: Response) -> Response {
    represent(&mut response, JSON);
    response
}

/// Gives failures their body, and answers the media type that the client accepts.
pub(super) fn represent(response: &mut Response, accepted: &'static str) {
    if let Some(problems) = take_problems(response) {
        let status = response.status();
        let mut body = Vec::with_capacity(BODY);
        // Texts and numbers are written without fail.
        let _ = match accepted {
            PROBLEM_JSON => serde_json::to_writer(&mut body, &ProblemBody::of(status, &problems)),
            _ => serde_json::to_writer(&mut body, &FailureBody::of(&problems)),
        };
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(accepted));
        *response.body_mut() = Body::from(body);
    } else if accepted == JSON_API && is_plain_json(response.headers()) {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON_API));
    }
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Accept, Accept-Language"));
}

fn is_plain_json(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| value == JSON)
}

/// The best of our media types by RFC 9110, 12.5.1; JSON where the client wants none of them.
pub(super) fn preferred(headers: &HeaderMap) -> &'static str {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut best = (0.0, JSON);
    for range in accepted.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let range = parts.next().unwrap_or_default();
        let known = RANGES.into_iter().find(|(known, _)| range.eq_ignore_ascii_case(known));
        let Some((_, media_type)) = known else { continue };
        let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let quality: f64 = quality.and_then(|quality| quality.parse().ok()).unwrap_or(1.0);
        if quality <= 0.0 {
            continue;
        }
        if quality > best.0 || (quality >= best.0 && best.1 == JSON) {
            best = (quality, media_type);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accepted_representation() {
        for (accept, expected) in [
            ("", JSON),
            ("*/*", JSON),
            ("text/html", JSON),
            ("application/problem+json", PROBLEM_JSON),
            ("application/json, application/problem+json", PROBLEM_JSON),
            ("application/json;q=1, application/problem+json;q=0.5", JSON),
            ("application/problem+json;q=0.9, */*;q=0.1", PROBLEM_JSON),
            ("application/problem+json;q=0", JSON),
            ("application/problem+json;Q=0.1, application/json", JSON),
            ("application/vnd.api+json", JSON_API),
            ("Application/Vnd.Api+JSON; charset=utf-8", JSON_API),
        ] {
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_str(accept) {
                headers.insert(header::ACCEPT, value);
            }
            assert_eq!(preferred(&headers), expected, "{accept}");
        }
    }
}
