//! Who may see the workbench, and on whose behalf a browser asks.
//!
//! In: a request. Out: the same with its [`Visitor`], or a refusal, or the page to sign in. A browser says of each request
//! which site's page made it (`Sec-Fetch-Site`; older ones say so of `POST` alone, with `Origin`), and no page can make it
//! say otherwise. So pages of other sites are refused whatever cookies come along, and nothing has to be hidden in a form.
//! `serve --dev` asks for no token, so there a page must not reach it under a name of its own either, whose address it
//! changed to this machine's (DNS rebinding): `Host` has to be a loopback name.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::super::App;
use super::super::error::ApiError;
use super::sign_in;
use crate::accounts::milliseconds;
use crate::token::Caller;
use crate::workbench::{Audience, Session};

/// The name of the cookie.
pub(super) const COOKIE: &str = "formwork_workbench";

/// Who looks at the workbench.
#[derive(Clone)]
pub(super) struct Visitor {
    /// Whose token it is.
    pub(super) caller: Caller,
    /// What they signed in to, where they had to.
    pub(super) session: Option<Session>,
}

/// Refuses what pages of other sites ask for, and in `serve --dev` what is asked under another machine's name.
pub(super) async fn refuse_foreigners(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    if app.edge.workbench.audience == Audience::Developer && !is_asked_as_loopback(headers) {
        return ApiError::ForeignHost.into_response();
    }
    if is_foreign(request.method(), headers) {
        return ApiError::ForeignOrigin.into_response();
    }
    next.run(request).await
}

/// Lets those in who may see the workbench; all others are asked to sign in.
pub(super) async fn admit(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    match visitor(&app, request.headers()).await {
        Ok(Some(visitor)) => {
            request.extensions_mut().insert(visitor);
            next.run(request).await
        }
        Ok(None) => {
            let path = request.uri().path_and_query().map_or("/_/", |path| path.as_str());
            let path = if request.method() == Method::GET { path } else { "/_/" };
            sign_in::asked(request.headers(), path, None).into_response()
        }
        Err(error) => error.into_response(),
    }
}

/// Who asks; the store is asked each time whether their token is still worth anything.
pub(super) async fn visitor(app: &App, headers: &HeaderMap) -> Result<Option<Visitor>, ApiError> {
    let workbench = &app.edge.workbench;
    let visitor = match workbench.audience {
        Audience::Nobody => None,
        Audience::Developer => app.tokens.developer().map(|caller| Visitor { caller, session: None }),
        Audience::Administrators if headers.contains_key(header::AUTHORIZATION) => {
            app.caller(headers).await?.map(|caller| Visitor { caller, session: None })
        }
        Audience::Administrators => {
            let now = milliseconds((app.clock)());
            match cookie(headers).and_then(|cookie| workbench.sessions.find(cookie, now)) {
                None => None,
                Some(session) => {
                    let holder = app.tokens.holder(app.store.as_ref(), &session.token_id, now).await?;
                    holder.map(|caller| Visitor { caller, session: Some(session) })
                }
            }
        }
    };
    Ok(visitor.filter(|visitor| visitor.caller.is_administrator()))
}

/// The value of our cookie.
pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

/// Whether a browser asks on behalf of a page of another site. What follows a link from elsewhere, to look at a whole
/// page, may do so: the page that has the link sees nothing of it.
fn is_foreign(method: &Method, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_safe = method == Method::GET || method == Method::HEAD;
    match (text("sec-fetch-site"), text("origin")) {
        (Some("same-origin" | "none"), _) => false,
        (Some(_), _) => {
            let follows_link = is_safe
                && text("sec-fetch-mode") == Some("navigate")
                && text("sec-fetch-dest") == Some("document");
            !follows_link
        }
        (None, Some(origin)) => {
            let own = text("host").is_some_and(|host| {
                let of = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
                of.is_some_and(|of| of.eq_ignore_ascii_case(host))
            });
            !own
        }
        // No browser of today: it reads, and does nothing else.
        (None, None) => !is_safe,
    }
}

/// Whether what is sent back cannot be read on the way. Browsers say from which site they ask where it is so alone: over
/// TLS, or within the machine.
pub(super) fn is_private(headers: &HeaderMap) -> bool {
    headers.contains_key("sec-fetch-site") || is_asked_as_loopback(headers)
}

/// Whether a request names this machine as itself: a host, and a port if there is one.
fn is_asked_as_loopback(headers: &HeaderMap) -> bool {
    let text = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let Ok(authority) = text.parse::<Authority>() else { return false };
    let port = text.strip_prefix(authority.host()).and_then(|rest| rest.strip_prefix(':'));
    let is_whole = text == authority.host() || port.is_some_and(|port| port.parse::<u16>().is_ok());
    let host = authority.host().trim_end_matches('.').to_ascii_lowercase();
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&host);
    let is_loopback = address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    is_whole && (is_loopback || host == "localhost" || host.ends_with(".localhost"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_names_of_this_machine_are_loopback() {
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:8080",
            "127.8.8.8",
            "[::1]:80",
            "a.localhost",
            "localhost.",
        ] {
            assert!(is_asked_as_loopback(&headers(&[("host", host)])), "{host}");
        }
        for host in [
            "",
            "example.com",
            "localhost.example.com",
            "127.0.0.1.nip.example",
            "notlocalhost",
            "192.168.0.1",
            "[::2]",
            "0.0.0.0",
            "127.0.0.1@example.com:80",
            "example.com:127",
            "[::1].example.com",
            "[::1].example.com:80",
        ] {
            assert!(!is_asked_as_loopback(&headers(&[("host", host)])), "{host}");
        }
        assert!(!is_asked_as_loopback(&HeaderMap::new()));
    }

    #[test]
    fn pages_of_other_sites_may_do_nothing_but_link_here() {
        let host = ("host", "forms.example");
        let document = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        let framed = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")];
        for (method, sent, foreign) in [
            (Method::GET, vec![("sec-fetch-site", "same-origin")], false),
            (
                Method::POST,
                vec![("sec-fetch-site", "same-origin"), ("origin", "https://other.example")],
                false,
            ),
            (Method::GET, vec![("sec-fetch-site", "none"), document[0], document[1]], false),
            (Method::GET, vec![("sec-fetch-site", "cross-site"), document[0], document[1]], false),
            (Method::POST, vec![("sec-fetch-site", "cross-site"), document[0], document[1]], true),
            (Method::GET, vec![("sec-fetch-site", "same-site"), framed[0], framed[1]], true),
            (Method::GET, vec![("sec-fetch-site", "same-site"), ("sec-fetch-mode", "cors")], true),
            (Method::GET, vec![("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")], true),
            (Method::GET, vec![], false),
            (Method::POST, vec![], true),
            (Method::POST, vec![("origin", "https://forms.example")], false),
            (Method::POST, vec![("origin", "https://forms.example:444")], true),
            (Method::POST, vec![("origin", "https://other.example")], true),
            (Method::GET, vec![("origin", "https://other.example")], true),
            (Method::POST, vec![("origin", "null")], true),
        ] {
            let mut sent_with_host = sent.clone();
            sent_with_host.push(host);
            assert_eq!(is_foreign(&method, &headers(&sent_with_host)), foreign, "{method} {sent:?}");
        }
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let with = |line: &'static str| cookie(&headers(&[("cookie", line)])).map(str::to_owned);
        assert_eq!(with("formwork_workbench=a"), Some("a".into()));
        assert_eq!(with("x=1; formwork_workbench=a; y=2"), Some("a".into()));
        assert_eq!(with("xformwork_workbench=a; formwork_workbench2=b"), None);
        assert_eq!(cookie(&HeaderMap::new()), None);
    }
}
