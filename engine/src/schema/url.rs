//! `url`: an address that a browser can open.

use serde_json::json;

use super::Constraint;

/// The schemes of the web and a host; everything behind them is for `format` to judge (RFC 3986).
const PATTERN: &str = r"^[Hh][Tt][Tt][Pp][Ss]?://([^/?#:@\[\]]+|\[[0-9A-Fa-f:.]+\])(:[0-9]*)?([/?#]|$)";

pub(super) fn constraints() -> Vec<Constraint> {
    vec![Constraint::new("url", vec![("format", json!("uri")), ("pattern", json!(PATTERN))])]
}
