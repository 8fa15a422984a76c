//! A request to a form, written in the browser: what it would be answered, and how it is sent from elsewhere.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderValue, Request, header};
use axum::response::IntoResponse;
use formwork_engine::model::Access;
use formwork_engine::registry::{FormStatus, Snapshot};
use formwork_engine::sample::Sampler;
use minijinja::{Value as Html, context};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::super::error::ApiError;
use super::super::representation::represented_as_json;
use super::super::{App, form_configurations};
use super::fields::Fields;
use super::guard::Visitor;
use super::href;
use crate::html::workbench::{listed, piece};

/// No answer of the API is larger.
const MAX_ANSWER_BYTES: usize = 4 << 20;

/// What is asked.
pub(super) struct Asked {
    body: String,
    language: String,
}

impl Asked {
    /// What to begin with: the form's first valid example, or one that is made up.
    pub(super) fn first(status: &FormStatus, headers: &HeaderMap) -> Self {
        let form = status.form.as_deref();
        let example =
            form.and_then(|form| form.form.examples.iter().flatten().find(|example| example.valid.value));
        let values = example.map(|example| example.form.clone()).or_else(|| {
            // The same request each time.
            form.and_then(|form| Sampler::new(form, 0).valid(std::time::SystemTime::UNIX_EPOCH))
        });
        let body = json!({ "form": values.unwrap_or_default() });
        let language = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Self { body: format!("{body:#}"), language: language.unwrap_or_default().to_owned() }
    }

    pub(super) fn read(fields: &Fields) -> Self {
        Self { body: fields.text("body"), language: fields.get("language").to_owned() }
    }
}

/// What the API would answer.
#[derive(Serialize)]
pub(super) struct Answer {
    kind: &'static str,
    status: String,
    headers: Vec<Header>,
    body: String,
}

#[derive(Serialize)]
struct Header {
    name: String,
    value: String,
}

/// Judges a request as `POST …/validate` does, on behalf of whoever looks. It counts for no rate limit.
pub(super) async fn answer(
    app: &Arc<App>,
    visitor: &Visitor,
    snapshot: &Snapshot,
    status: &FormStatus,
    asked: &Asked,
) -> Result<Answer, ApiError> {
    let mut request = Request::post(path(&status.name))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(asked.body.clone()))
        .map_err(|_| ApiError::Defect)?;
    if let Ok(language) = HeaderValue::from_str(&asked.language) {
        request.headers_mut().insert(header::ACCEPT_LANGUAGE, language);
    }
    let judged = match status.form.as_deref() {
        Some(form) => {
            let of = (snapshot, form, status.name.as_str());
            form_configurations::dry_run(app, of, Some(&visitor.caller), Ok(()), request).await
        }
        None => Err(ApiError::NotFound),
    };
    let response = represented_as_json(judged.into_response());
    let (parts, body) = response.into_parts();
    let headers = parts.headers.iter().map(|(name, value)| Header {
        name: name.to_string(),
        value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
    });
    let body = to_bytes(body, MAX_ANSWER_BYTES).await.map_err(|_| ApiError::Defect)?;
    let pretty = serde_json::from_slice::<Value>(&body).map(|value| format!("{value:#}"));
    Ok(Answer {
        kind: if parts.status.is_success() { "accepted" } else { "refused" },
        status: parts.status.to_string(),
        headers: headers.collect(),
        body: pretty.unwrap_or_else(|_| String::from_utf8_lossy(&body).into_owned()),
    })
}

fn path(name: &str) -> String {
    // The names of forms that are served have nothing that would have to be escaped.
    format!("/api/form_configurations/{name}/validate")
}

#[derive(Serialize)]
struct Command {
    title: &'static str,
    text: String,
}

pub(super) fn view(
    visitor: &Visitor,
    status: &FormStatus,
    headers: &HeaderMap,
    asked: &Asked,
    answer: Option<&Answer>,
) -> Result<Html, ApiError> {
    let needs_token = status.form.as_ref().is_none_or(|form| form.form.access == Access::Token);
    let scheme =
        if visitor.session.as_ref().is_some_and(|session| session.is_secure) { "https" } else { "http" };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let origin = format!("{scheme}://{host}");
    let read = serde_json::from_str::<Value>(&asked.body).ok();
    // On one line, where it can be read; else as it was written.
    let sent = read.as_ref().map_or_else(|| asked.body.clone(), Value::to_string);
    let judging = curl(&format!("{origin}{}", path(&status.name)), needs_token, &sent);
    let mut commands = vec![Command { title: "The same, as a dry run", text: judging }];
    if let Some(Value::Object(members)) = read {
        let collection = status.form.as_ref().map_or("users", |form| form.form.resource.collection);
        let mut body = Map::from_iter([("form_configuration_name".to_owned(), status.name.clone().into())]);
        body.extend(members);
        let text = curl(&format!("{origin}/api/{collection}"), needs_token, &Value::Object(body).to_string());
        commands.insert(0, Command { title: "Create it", text });
    }
    let context = context! {
        visitor => visitor.caller.name.as_str(),
        href => format!("{}?view=request", href(&status.name)),
        path => path(&status.name),
        body => asked.body.as_str(),
        language => asked.language.as_str(),
        needs_token,
        answer => answer.map(listed),
        commands => listed(&commands),
    };
    piece("request.html", context)
}

/// A command that a shell takes as it stands.
fn curl(url: &str, needs_token: bool, body: &str) -> String {
    // Within double quotes a shell puts in what the variable holds.
    let token = if needs_token { " \\\n  -H \"Authorization: Bearer $FORMWORK_TOKEN\"" } else { "" };
    let (url, body) = (quoted(url), quoted(body));
    format!("curl -i {url}{token} \\\n  -H 'Content-Type: application/json' \\\n  -d {body}")
}

/// Within single quotes a shell takes everything as it is, but for the single quote.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_everything_as_it_is() {
        assert_eq!(quoted("it's $HOME `id`"), "'it'\\''s $HOME `id`'");
        let command = curl("http://h/'; rm -rf /'", false, "'");
        assert!(command.starts_with("curl -i 'http://h/'\\''; rm -rf /'\\''' \\\n"), "{command}");
        assert!(command.ends_with("-d ''\\'''"), "{command}");
    }
}
