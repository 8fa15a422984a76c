//! Who looks at a page or sends it: the form that they mean, their language, and what their browser shows of them.
//!
//! A form that another site's page sends is refused, on a first visit too: browsers say from where a request comes, and
//! a page cannot make them lie. What old browsers do not say, a cookie shows that other sites can neither read nor have
//! sent: the page's token has to be the same.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use formwork_engine::messages::Languages;

use crate::html::seal::Seal;
use crate::http::client_address::TrustedProxies;
use crate::http::error::ApiError;
use crate::http::extract::Asker;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

const TOKEN: &str = "formwork_token";
const FLASH: &str = "formwork_flash";

/// For how long the next page may take to come, in seconds.
const FLASH_SECONDS: u32 = 300;
/// The most bytes of a text that the next page says; browsers keep cookies of 4 KiB.
const FLASH_BYTES: usize = 2000;

/// A request for a page.
pub(super) struct Visit {
    /// Who asks.
    pub(super) asker: Asker,
    /// The form's name.
    pub(super) name: String,
    /// The language that the address names.
    pub(super) lang: Option<String>,
    /// Whether the page is the one after a creation.
    pub(super) created: bool,
    /// The browser's token, as far as it has one already.
    pub(super) token: Option<String>,
    flash: Option<String>,
    encrypted: bool,
    source: Source,
}

/// Where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// A page of this site, or the person themselves.
    Here,
    /// A page of another site.
    Elsewhere,
    /// The browser does not say.
    Unknown,
}

impl Visit {
    pub(super) fn of(request: &Request, proxies: &TrustedProxies) -> Self {
        let mut asker = Asker::of(request, proxies);
        let (headers, uri) = (request.headers(), request.uri());
        let path = uri.path().strip_prefix("/forms/").unwrap_or_default();
        let query = uri.query().unwrap_or_default();
        let parameter = |name: &str| {
            query.split('&').find_map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                (key == name).then_some(value)
            })
        };
        let is_tag = |text: &&str| {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let lang = parameter("lang").filter(is_tag).map(str::to_owned);
        if let Some(lang) = &lang {
            let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
            asker.languages = Languages::accepted(&format!("{lang},{}", accepted.unwrap_or_default()));
        }
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
        Self {
            asker,
            name: path.replace("%2F", "/").replace("%2f", "/"),
            lang,
            created: parameter("created").is_some(),
            token: cookie(headers, TOKEN).filter(|token| is_token(token)).map(str::to_owned),
            flash: cookie(headers, FLASH).map(str::to_owned),
            encrypted: proxies.say_encrypted(peer, headers),
            source: source(headers),
        }
    }

    /// Refuses what a page of another site sent; `token` is what the page itself carried.
    pub(super) fn must_be_from_here(&self, token: Option<&str>) -> Result<(), ApiError> {
        let same = || {
            let (Some(own), Some(token)) = (&self.token, token) else { return false };
            bool::from(subtle::ConstantTimeEq::ct_eq(own.as_bytes(), token.as_bytes()))
        };
        match self.source {
            Source::Here => Ok(()),
            Source::Unknown if same() => Ok(()),
            Source::Unknown | Source::Elsewhere => Err(ApiError::ForeignPage),
        }
    }

    /// The text that the page before left for this one.
    pub(super) fn flash(&self, seal: &Seal) -> Option<String> {
        seal.open(FLASH, self.flash.as_deref()?)
    }

    /// Has the browser forget the text.
    pub(super) fn forget_flash(&self, headers: &mut HeaderMap) {
        if self.flash.is_some() {
            self.set(headers, FLASH, "", "; Max-Age=0");
        }
    }

    /// Leaves a text for the next page.
    pub(super) fn leave_flash(&self, headers: &mut HeaderMap, seal: &Seal, text: &str) {
        let text = &text[..text.floor_char_boundary(FLASH_BYTES)];
        self.set(headers, FLASH, &seal.close(FLASH, text), &format!("; Max-Age={FLASH_SECONDS}"));
    }

    /// Gives the browser its token.
    pub(super) fn leave_token(&self, headers: &mut HeaderMap, token: &str) {
        if self.token.as_deref() != Some(token) {
            self.set(headers, TOKEN, token, "");
        }
    }

    /// No script reads these cookies, and no page of another site has them sent with a form.
    fn set(&self, headers: &mut HeaderMap, name: &str, value: &str, rest: &str) {
        let secure = if self.encrypted { "; Secure" } else { "" };
        let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{rest}{secure}");
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
}

/// What the browser says of where a request comes from: Fetch Metadata, or the origin.
fn source(headers: &HeaderMap) -> Source {
    if let Some(site) = headers.get(SEC_FETCH_SITE) {
        // `none` is the person themselves: an address typed in, a bookmark.
        return if site == "same-origin" || site == "none" { Source::Here } else { Source::Elsewhere };
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return Source::Unknown };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    if origin.is_some() && origin == host { Source::Here } else { Source::Elsewhere }
}

fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(key, value)| (key == name).then_some(value))
}

fn is_token(text: &str) -> bool {
    text.len() == 22 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_request_comes_from() {
        let of = |headers: &[(&'static str, &'static str)]| {
            let headers = headers
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            source(&headers.collect())
        };
        let host = ("host", "forms.example");
        for (headers, expected) in [
            (&[host, ("sec-fetch-site", "same-origin")][..], Source::Here),
            (&[host, ("sec-fetch-site", "none")], Source::Here),
            (&[host, ("sec-fetch-site", "same-site")], Source::Elsewhere),
            (
                &[host, ("sec-fetch-site", "cross-site"), ("origin", "https://forms.example")],
                Source::Elsewhere,
            ),
            (&[host, ("origin", "https://forms.example")], Source::Here),
            (&[host, ("origin", "https://forms.example:444")], Source::Elsewhere),
            (&[host, ("origin", "https://evil.example")], Source::Elsewhere),
            (&[host, ("origin", "null")], Source::Elsewhere),
            (&[("origin", "https://forms.example")], Source::Elsewhere),
            (&[host], Source::Unknown),
        ] {
            assert_eq!(of(headers), expected, "{headers:?}");
        }
    }
}
