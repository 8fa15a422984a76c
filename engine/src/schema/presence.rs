//! `presence`: not absent, not null, not blank.

use serde_json::{Value, json};

use super::Constraint;
use crate::model::{Field, FieldType};

/// Absence is refused by the parent's `required` and null by `type`; this refuses what is there and blank.
pub(super) fn constraints(field: &Field) -> Vec<Constraint> {
    match field.ty {
        FieldType::String | FieldType::Text => {
            vec![Constraint::new("blank", vec![("pattern", json!(r"\S"))])]
        }
        // A group is there when the request carries it, whatever is in it.
        _ => Vec::new(),
    }
}

/// A schema of blank texts, and of values that are no texts.
pub(super) fn blank() -> Value {
    json!({ "not": { "type": "string", "pattern": r"\S" } })
}

/// Whether a text is blank: nothing but what `\s` matches in ECMAScript (ECMA-262, 22.2.2.9), the dialect of patterns.
#[must_use]
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(|character| match character {
        '\u{feff}' => true,
        '\u{85}' => false,
        other => other.is_whitespace(),
    })
}

/// A schema of every value but blank texts: what a rule with `allow_blank` applies to.
pub(super) fn not_blank() -> Value {
    json!({ "pattern": r"\S" })
}
