//! The address of a client, also behind proxies.
//!
//! In: the connection's peer, the header `X-Forwarded-For`, and the networks of proxies that are trusted. Out: the one
//! address by which policies, templates and rate limits know a client. Called by `extract`, and for the log of every request.
//!
//! Each proxy appends the address that it saw, so the header is read from the right, and only as far as trusted proxies
//! wrote it: whatever stands further left may be of the client's own making. `Forwarded` (RFC 7239) is not read: a proxy
//! that knows one of both headers hands the other on as the client made it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Once;

use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderMap;
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// Said once: anybody can send such a header as often as they like.
static IGNORED: Once = Once::new();

/// The networks of proxies whose word is taken.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// These networks.
    #[must_use]
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether a proxy whose word is taken says that the client speaks TLS.
    pub(super) fn say_encrypted(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> bool {
        peer.is_some_and(|peer| self.contain(peer.ip().to_canonical()))
            && headers.get(FORWARDED_PROTO).is_some_and(|scheme| scheme == "https")
    }

    /// Who sent a request, as far as its connection is known.
    pub(super) fn client_of(&self, request: &Request) -> Option<IpAddr> {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
        self.client(peer, request.headers())
    }

    /// Who is at the other end, behind all trusted proxies; IPv4 addresses as such, however they are written.
    fn client(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let mut client = peer?.ip().to_canonical();
        if headers.contains_key(FORWARDED_FOR) && !self.contain(client) {
            IGNORED.call_once(|| {
                tracing::warn!(
                    peer = %client,
                    "X-Forwarded-For counts for nothing from where no --trusted-proxy is: if it is a proxy's, name its \
                     network, or all of its clients share their rate limits; this is said once"
                );
            });
        }
        for value in headers.get_all(FORWARDED_FOR).iter().rev() {
            // A header that is no text was written by no proxy.
            for entry in value.to_str().unwrap_or_default().rsplit(',') {
                if !self.contain(client) {
                    return Some(client);
                }
                match address(entry.trim()) {
                    Some(before) => client = before,
                    None => return Some(client),
                }
            }
        }
        Some(client)
    }
}

/// `192.0.2.1`, `2001:db8::1`, and either with a port, as some proxies write it.
fn address(entry: &str) -> Option<IpAddr> {
    let bare = || entry.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || entry.parse().ok().map(|address: SocketAddr| address.ip());
    entry.parse().ok().or_else(with_port).or_else(bare).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let networks = ["10.0.0.0/8", "2001:db8:ffff::/48"].map(|network| network.parse().unwrap());
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        let peer = SocketAddr::new(peer.parse().unwrap(), 4711);
        TrustedProxies::new(networks.to_vec()).client(Some(peer), &headers).unwrap().to_string()
    }

    #[test]
    fn who_is_no_trusted_proxy_speaks_for_itself_alone() {
        assert_eq!(client("203.0.113.9", &["192.0.2.1"]), "203.0.113.9");
        assert_eq!(client("2001:db8::1", &["192.0.2.1"]), "2001:db8::1");
        let nobody = TrustedProxies::default();
        let headers = HeaderMap::from_iter([(FORWARDED_FOR.parse().unwrap(), "192.0.2.1".parse().unwrap())]);
        let peer = "10.0.0.1:80".parse().unwrap();
        assert_eq!(nobody.client(Some(peer), &headers), Some("10.0.0.1".parse().unwrap()));
    }

    #[test]
    fn the_last_address_that_a_trusted_proxy_saw() {
        for (forwarded, expected) in [
            (&[][..], "10.0.0.1"),
            (&["192.0.2.1"], "192.0.2.1"),
            (&["198.51.100.7, 192.0.2.1"], "192.0.2.1"),
            (&["198.51.100.7,192.0.2.1 , 10.9.9.9"], "192.0.2.1"),
            (&["198.51.100.7", "192.0.2.1", "10.9.9.9, 2001:db8:ffff::5"], "192.0.2.1"),
            (&["10.2.2.2, 10.3.3.3"], "10.2.2.2"),
            (&["192.0.2.1:5555"], "192.0.2.1"),
            (&["[2001:db8::7]:5555"], "2001:db8::7"),
            (&["[2001:db8::7]"], "2001:db8::7"),
            (&["::ffff:192.0.2.1"], "192.0.2.1"),
        ] {
            assert_eq!(client("10.0.0.1", forwarded), expected, "{forwarded:?}");
            assert_eq!(
                client("2001:db8:ffff::1", forwarded).replace("2001:db8:ffff::1", "10.0.0.1"),
                expected
            );
            assert_eq!(client("::ffff:10.0.0.1", forwarded), expected, "{forwarded:?}");
        }
    }

    #[test]
    fn what_is_no_address_ends_the_way() {
        for forwarded in [&["192.0.2.1, unknown"][..], &["192.0.2.1,"], &["192.0.2.1", ""], &["_hidden"]] {
            assert_eq!(client("10.0.0.1", forwarded), "10.0.0.1", "{forwarded:?}");
        }
        assert_eq!(client("10.0.0.1", &["192.0.2.1, garbage, 10.2.2.2"]), "10.2.2.2");
    }
}
