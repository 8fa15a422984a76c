//! What several commands are told alike, by flag or environment.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::http::HeaderValue;
use clap::Args;
use ipnet::IpNet;
use jiff::{Span, SpanRelativeTo};

use crate::html::seal::Seal;
use crate::http::connections::Bounds;
use crate::http::{Edge, TrustedProxies};

/// Where the configuration is.
#[derive(Args, Clone, Debug)]
pub struct ConfigsSetting {
    /// The configuration directory.
    #[arg(
        long,
        value_name = "DIR",
        env = "FORMWORK_CONFIGS",
        hide_env_values = true,
        default_value = "configs",
        global = true
    )]
    pub configs: PathBuf,
}

/// Where the database is.
#[derive(Args, Clone, Debug)]
pub struct DatabaseSetting {
    /// The database: `sqlite:FILE` or `postgres://USER@HOST/NAME`.
    #[arg(
        long,
        value_name = "URL",
        env = "FORMWORK_DATABASE",
        hide_env_values = true,
        default_value = "sqlite:data/formwork.db"
    )]
    pub database: String,
}

/// How the server meets those who call it.
#[derive(Args, Clone, Debug)]
pub struct EdgeSetting {
    /// A network of proxies whose `X-Forwarded-For` is believed: `10.0.0.0/8`; may be given several times.
    #[arg(
        long = "trusted-proxy",
        value_name = "CIDR",
        env = "FORMWORK_TRUSTED_PROXY",
        hide_env_values = true,
        value_delimiter = ',',
        value_parser = network
    )]
    trusted_proxies: Vec<IpNet>,
    /// An origin whose pages may call the server from a browser: `https://example.com`; may be given several times.
    #[arg(
        long = "cors-origin",
        value_name = "URL",
        env = "FORMWORK_CORS_ORIGIN",
        hide_env_values = true,
        value_delimiter = ',',
        value_parser = origin
    )]
    cors_origins: Vec<HeaderValue>,
    /// How many connections there may be at the same time; others wait.
    #[arg(
        long,
        value_name = "COUNT",
        env = "FORMWORK_MAX_CONNECTIONS",
        hide_env_values = true,
        default_value_t = 10_000,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    max_connections: u32,
    /// How long a connection may be without a request, a request without its whole head, and an answer without being taken.
    #[arg(
        long,
        value_name = "TIME",
        env = "FORMWORK_IDLE_TIMEOUT",
        hide_env_values = true,
        default_value = "30s",
        value_parser = duration
    )]
    idle_timeout: Duration,
    /// How long a request may be without its whole body.
    #[arg(
        long,
        value_name = "TIME",
        env = "FORMWORK_BODY_TIMEOUT",
        hide_env_values = true,
        default_value = "30s",
        value_parser = duration
    )]
    body_timeout: Duration,
    /// A secret that several servers of the same forms share, of at least 32 characters; made anew at each start without.
    #[arg(long, value_name = "SECRET", env = "FORMWORK_PAGE_KEY", hide_env_values = true, value_parser = Seal::parse)]
    page_key: Option<Seal>,
}

impl EdgeSetting {
    /// As the service takes it, with nobody's quota used and nothing counted.
    #[must_use]
    pub fn edge(&self) -> Edge {
        Edge {
            proxies: TrustedProxies::new(self.trusted_proxies.clone()),
            origins: self.cors_origins.clone(),
            body_timeout: self.body_timeout,
            seal: self.page_key.clone().unwrap_or_default(),
            ..Edge::default()
        }
    }

    /// What a connection may cost.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        Bounds {
            connections: usize::try_from(self.max_connections).unwrap_or(usize::MAX),
            idle: self.idle_timeout,
        }
    }
}

/// An origin as browsers write it: scheme, host and port, nothing after them.
fn origin(text: &str) -> Result<HeaderValue, &'static str> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
    let is_host = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b':' | b'[' | b']');
    let sound = !host.is_empty() && host.bytes().all(is_host);
    let value = HeaderValue::from_str(text).ok().filter(|_| sound);
    value.ok_or("write a scheme and a host, in lower case and without a path: `https://example.com`")
}

/// A network, or the one of a single address.
fn network(text: &str) -> Result<IpNet, &'static str> {
    let single = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse()
        .or_else(|_| single())
        .map_err(|_| "write a network or an address: `10.0.0.0/8`, `2001:db8::1`")
}

/// A span of time longer than zero: `500ms`, `30s`, `90d`.
pub(crate) fn duration(text: &str) -> Result<Duration, &'static str> {
    let days = SpanRelativeTo::days_are_24_hours();
    let read = text.parse::<Span>().ok().and_then(|span| span.to_duration(days).ok());
    let longer_than_zero = read.and_then(|span| Duration::try_from(span).ok()).filter(|span| !span.is_zero());
    longer_than_zero.ok_or("write a number and a unit: `500ms`, `30s`, `12h`, `90d`")
}
