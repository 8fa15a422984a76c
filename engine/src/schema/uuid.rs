//! `uuid`: RFC 9562, in its text form without a prefix.

use serde_json::json;

use super::Constraint;

/// Validators differ on `urn:uuid:`; the pattern leaves no doubt.
const PATTERN: &str = "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$";

pub(super) fn constraints() -> Vec<Constraint> {
    vec![Constraint::new("uuid", vec![("format", json!("uuid")), ("pattern", json!(PATTERN))])]
}
