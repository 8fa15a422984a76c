//! A request's body → JSON, or its failure.

use std::net::IpAddr;
use std::time::SystemTime;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, Method, header};
use formwork_engine::messages::Languages;
use formwork_engine::submission::{Attempt, Circumstances, MAX_VIOLATIONS, Submitted};
use serde_json::{Map, Value};
use tokio::time::timeout;

use super::MAX_BODY_BYTES;
use super::bodies::WholeBody;
use super::client_address::TrustedProxies;
use super::edge::Edge;
use super::error::{ApiError, Problem};
use super::json::parse;
use super::urlencoded;
use crate::idempotency;
use crate::rate::Client;
use crate::token::Caller;

/// The member that holds what a client submits.
const FORM: &str = "form";

/// Reads a body, which may take its time and room, and gives its members.
pub(super) async fn object(request: &mut Request, edge: &Edge) -> Result<Map<String, Value>, ApiError> {
    if !is_json(request.headers()) {
        let expected = "JSON, with `Content-Type: application/json`";
        return Err(ApiError::UnsupportedMediaType { expected });
    }
    let body = body(request, edge).await?;
    Ok(match parse(&body.bytes).map_err(ApiError::Malformed)? {
        Value::Object(members) => members,
        // What is no object has no members, and is told so once it is known who asks.
        _ => Map::new(),
    })
}

/// Reads a body as a page sends it: names and values in their order.
pub(super) async fn pairs(mut request: Request, edge: &Edge) -> Result<Vec<(String, String)>, ApiError> {
    let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(ApiError::UnsupportedMediaType { expected: "a form, as a browser sends it" });
    }
    let body = body(&mut request, edge).await?;
    urlencoded::parse(&body.bytes).map_err(ApiError::MalformedForm)
}

/// Reads a body, which may take its time and room, as it is.
async fn body<'e>(request: &mut Request, edge: &'e Edge) -> Result<WholeBody<'e>, ApiError> {
    if request.headers().get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(ApiError::UnsupportedMediaType {
            expected: "the body as it is, without `Content-Encoding`",
        });
    }
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()).and_then(|length| length.parse().ok());
    if announced.is_some_and(|length: usize| length > MAX_BODY_BYTES) {
        return Err(ApiError::TooLarge);
    }
    let reading = timeout(edge.body_timeout, edge.bodies.read(std::mem::take(request.body_mut())));
    reading.await.map_err(|_| ApiError::TooSlow)?
}

/// Who asks, as far as the request itself shows it.
pub(super) struct Asker {
    /// The languages that they read.
    pub(super) languages: Languages,
    address: Option<IpAddr>,
    method: Method,
    path: String,
    origin: Option<String>,
    user_agent: Option<String>,
}

impl Asker {
    /// Looks at a request's headers and connection; what proxies say counts as far as they are trusted.
    pub(super) fn of(request: &Request, proxies: &TrustedProxies) -> Self {
        let accepted: Vec<&str> = request
            .headers()
            .get_all(header::ACCEPT_LANGUAGE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        let address = proxies.client_of(request);
        let text = |name: HeaderName| {
            let value = request.headers().get(name)?;
            Some(value.to_str().ok()?.to_owned())
        };
        Self {
            languages: Languages::accepted(&accepted.join(",")),
            address,
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            origin: text(header::ORIGIN),
            user_agent: text(header::USER_AGENT),
        }
    }

    /// Whose requests this one is counted with.
    pub(super) fn client<'a>(&self, caller: Option<&'a Caller>) -> Client<'a> {
        caller.map_or_else(|| Client::at(self.address), |caller| Client::Token(&caller.id))
    }

    /// What a form's templates may know of the request.
    pub(super) fn circumstances(&self, caller: Option<&Caller>, now: SystemTime) -> Circumstances {
        let language = self.languages.first().map(str::to_owned);
        let token = caller.map(|caller| caller.name.clone());
        Circumstances { now, token, language, address: self.address }
    }

    /// What a form's policies may know of it.
    pub(super) fn attempt<'a>(
        &'a self,
        caller: Option<&'a Caller>,
        circumstances: &'a Circumstances,
    ) -> Attempt<'a> {
        Attempt {
            circumstances,
            token_forms: caller.map(|caller| caller.patterns.as_slice()).unwrap_or_default(),
            method: self.method.as_str(),
            path: &self.path,
            origin: self.origin.as_deref(),
            user_agent: self.user_agent.as_deref(),
        }
    }
}

/// The idempotency key of a request, if it has one.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else { return Ok(None) };
    let key = value.to_str().ok().and_then(idempotency::from_header).filter(|_| values.next().is_none());
    key.map(|key| Some(key.to_owned())).ok_or(ApiError::InvalidKey)
}

/// Takes the member `form` out of a body.
pub(super) fn form_value(body: &mut Map<String, Value>, problems: &mut Vec<Problem>) -> Option<Submitted> {
    let fault = match body.shift_remove(FORM) {
        Some(Value::Object(values)) => return Some(Submitted::new(values)),
        Some(_) => Problem::member(FORM, "type", "must be an object"),
        None => Problem::member(FORM, "blank", "can't be blank"),
    };
    problems.push(fault);
    None
}

/// Refuses what is left in a body once its members have been taken out.
pub(super) fn nothing_else(body: &Map<String, Value>, problems: &mut Vec<Problem>) {
    let unknown = body.keys().take(MAX_VIOLATIONS);
    problems
        .extend(unknown.map(|key| Problem::member(key, "unknown_member", "is not a member of this request")));
}

/// Whether the body is said to be JSON: `application/json`, `text/json`, or anything `+json`.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let media_type = value.split(';').next().unwrap_or_default().trim();
    let subtype = media_type.split_once('/').map(|(_, subtype)| subtype).unwrap_or_default();
    subtype.rsplit('+').next().is_some_and(|syntax| syntax.eq_ignore_ascii_case("json"))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn content_types() {
        let with = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(value));
            is_json(&headers)
        };
        for value in
            ["application/json", "Application/JSON; charset=utf-8", "application/vnd.api+json", "text/json"]
        {
            assert!(with(value), "{value}");
        }
        for value in ["", "json", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"] {
            assert!(!with(value), "{value}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
