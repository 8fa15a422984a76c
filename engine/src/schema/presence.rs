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
        FieldType::Group { .. } => vec![Constraint::new("blank", vec![("minProperties", json!(1))])],
        FieldType::Integer | FieldType::Number | FieldType::Boolean => Vec::new(),
    }
}

/// A schema of every value but blank texts: what a rule with `allow_blank` applies to.
pub(super) fn not_blank() -> Value {
    json!({ "pattern": r"\S" })
}
