//! `phone_number`: an international telephone number.

use serde_json::json;

use super::Constraint;

/// ITU-T E.164, 6.2.1: `+`, a country code that begins with no zero, at most 15 digits; at least seven, since no
/// country has shorter numbers.
const PATTERN: &str = r"^\+[1-9][0-9]{6,14}$";

pub(super) fn constraints() -> Vec<Constraint> {
    vec![Constraint::new("phone_number", vec![("pattern", json!(PATTERN))])]
}
