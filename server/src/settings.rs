//! What several commands are told alike, by flag or environment.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;
use ipnet::IpNet;

use crate::http::{Edge, TrustedProxies};
use crate::rate::Rates;

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
    /// The database: `sqlite:FILE`.
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
}

impl EdgeSetting {
    /// As the service takes it, with nobody's quota used.
    #[must_use]
    pub fn edge(&self) -> Edge {
        Edge { rates: Rates::from_now(), proxies: TrustedProxies::new(self.trusted_proxies.clone()) }
    }
}

/// A network, or the one of a single address.
fn network(text: &str) -> Result<IpNet, &'static str> {
    let single = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse()
        .or_else(|_| single())
        .map_err(|_| "write a network or an address: `10.0.0.0/8`, `2001:db8::1`")
}
