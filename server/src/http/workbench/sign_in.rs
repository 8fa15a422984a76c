//! Signing in with an administrator's token, and out.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::context;

use super::super::App;
use super::super::error::ApiError;
use super::super::extract::Asker;
use super::fields::Fields;
use super::guard::{COOKIE, Visitor, cookie, is_private};
use crate::accounts::milliseconds;
use crate::html::workbench::{Frame, Section, framed, piece};
use crate::workbench::Audience;

/// Where one goes who wants nothing in particular.
const HOME: &str = "/_/";

/// What is said of whatever was presented, so that it tells nothing of it.
const REFUSED: &str = "This is no valid token that covers every form.";

/// `GET /_/sign-in`.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if app.edge.workbench.audience == Audience::Developer {
        return Ok(Redirect::to(HOME).into_response());
    }
    page(StatusCode::OK, &headers, Fields::of(&uri).get("next"), None)
}

/// The same in the place of a page that one has to sign in for.
pub(super) fn asked(headers: &HeaderMap, next: &str, fault: Option<&str>) -> Result<Response, ApiError> {
    page(StatusCode::UNAUTHORIZED, headers, next, fault)
}

fn page(
    status: StatusCode,
    headers: &HeaderMap,
    next: &str,
    fault: Option<&str>,
) -> Result<Response, ApiError> {
    let content = context! { next => within(next), fault, is_private => is_private(headers) };
    let frame = Frame { title: "Sign in", section: Section::Outside, stamp: None, visitor: None };
    framed(status, &frame, piece("sign_in.html", content)?)
}

/// `POST /_/sign-in`: a token in, a cookie out.
pub(super) async fn begin(State(app): State<Arc<App>>, request: Request) -> Result<Response, ApiError> {
    let workbench = &app.edge.workbench;
    if workbench.audience == Audience::Developer {
        return Ok(Redirect::to(HOME).into_response());
    }
    let headers = request.headers().clone();
    if !is_private(&headers) {
        return asked(&headers, HOME, None);
    }
    let client = Asker::of(&request, &app.edge.proxies);
    if let Err(wait) = app.edge.rates.check_sign_in(client.client(None)) {
        let seconds = wait.as_secs() + 1;
        let fault = format!("Too many attempts; try again in {seconds} seconds.");
        let mut response = page(StatusCode::TOO_MANY_REQUESTS, &headers, HOME, Some(&fault))?;
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        return Ok(response);
    }
    let fields = Fields::sent(&app, request).await?;
    let now = milliseconds((app.clock)());
    let caller = app.tokens.authenticate(app.store.as_ref(), fields.get("token").trim(), now).await?;
    let Some(caller) = caller.filter(crate::token::Caller::is_administrator) else {
        return asked(&headers, fields.get("next"), Some(REFUSED));
    };
    let is_secure =
        headers.get(header::ORIGIN).is_some_and(|origin| origin.as_bytes().starts_with(b"https://"));
    let value = workbench.sessions.begin(&caller.id, is_secure, now).map_err(|_| ApiError::Defect)?;
    tracing::info!(token = caller.name, "signed in to the workbench");
    let mut response = Redirect::to(within(fields.get("next"))).into_response();
    set_cookie(&mut response, &value, is_secure, None)?;
    Ok(response)
}

/// `POST /_/sign-out`.
pub(super) async fn end(
    State(app): State<Arc<App>>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if let Some(cookie) = cookie(&headers) {
        app.edge.workbench.sessions.end(cookie);
    }
    let mut response = Redirect::to(HOME).into_response();
    let is_secure = visitor.session.is_some_and(|session| session.is_secure);
    set_cookie(&mut response, "", is_secure, Some(0))?;
    Ok(response)
}

/// A cookie that no script reads, that goes to the workbench alone, and that no page of another site makes a browser send.
fn set_cookie(
    response: &mut Response,
    value: &str,
    is_secure: bool,
    max_age: Option<u32>,
) -> Result<(), ApiError> {
    let secure = if is_secure { "; Secure" } else { "" };
    let max_age = max_age.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
    let cookie = format!("{COOKIE}={value}; Path=/_/; HttpOnly; SameSite=Strict{secure}{max_age}");
    let cookie = HeaderValue::from_str(&cookie).map_err(|_| ApiError::Defect)?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(())
}

/// Where to go afterwards: nowhere but into the workbench, and back to no sign-in.
fn within(next: &str) -> &str {
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let is_within = next.starts_with(HOME) && !next.starts_with("/_/sign-");
    if is_plain && is_within { next } else { HOME }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_out_of_the_workbench() {
        for next in ["/_/", "/_/records?before=7", "/_/forms/developer/sign_up?view=schema"] {
            assert_eq!(within(next), next);
        }
        for next in [
            "",
            "//evil.example",
            "https://evil.example/_/",
            "/_\\/evil",
            "/_/a\r\nb",
            "/_/\\x",
            "/api",
            "/_/sign-in",
        ] {
            assert_eq!(within(next), HOME, "{next:?}");
        }
    }
}
