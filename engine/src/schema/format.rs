//! `format`: regular expressions, unanchored.

use serde_json::json;

use super::Constraint;
use crate::model::Spanned;

pub(super) fn constraints(
    with: Option<&Spanned<String>>,
    without: Option<&Spanned<String>>,
) -> Vec<Constraint> {
    let with = with.map(|pattern| ("pattern", json!(pattern.value)));
    // Null has no text that could match, so `not` is limited to strings.
    let without = without.map(|pattern| ("not", json!({ "type": "string", "pattern": pattern.value })));
    with.into_iter().chain(without).map(|keyword| Constraint::new("invalid", vec![keyword])).collect()
}
