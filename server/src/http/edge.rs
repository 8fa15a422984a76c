//! What stands between strangers and the routes: settings of the service beside the forms' own.
//!
//! Made by the command line and by tests; read by the layers and by `extract`.

use super::client_address::TrustedProxies;
use crate::rate::Rates;

/// How the service meets those who call it.
pub struct Edge {
    /// How often clients call.
    pub rates: Rates,
    /// Whose word is taken for where a client is.
    pub proxies: TrustedProxies,
}

impl Default for Edge {
    fn default() -> Self {
        Self { rates: Rates::from_now(), proxies: TrustedProxies::default() }
    }
}
