//! `presence` and `absence`: whether there is anything.

use serde_json::{Value, json};

use super::Constraint;
use crate::model::{Field, FieldType};

/// What is there and blank. Absence is refused by the parent's `required` and null by `type`.
pub(super) fn constraints(field: &Field) -> Vec<Constraint> {
    let keyword = match field.ty {
        _ if field.ty.json_type() == "string" => ("pattern", json!(r"\S")),
        FieldType::Array(_) => ("minItems", json!(1)),
        FieldType::Object(_) | FieldType::Group { implied: true, .. } => ("minProperties", json!(1)),
        // `false` and `0` are present, and a profile is there when the request carries it.
        _ => return Vec::new(),
    };
    vec![Constraint::new("blank", vec![keyword])]
}

/// `absence`: nothing, null or what is blank.
pub(super) fn absence(field: &Field) -> Vec<Constraint> {
    let keyword = match field.ty {
        _ if field.ty.json_type() == "string" => ("not", json!({ "type": "string", "pattern": r"\S" })),
        FieldType::Array(_) => ("maxItems", json!(0)),
        FieldType::Object(_) | FieldType::Group { implied: true, .. } => ("maxProperties", json!(0)),
        _ => ("enum", json!([null])),
    };
    vec![Constraint::new("present", vec![keyword])]
}

/// A schema of every value of a field that is present.
pub(super) fn present(field: &Field) -> Value {
    let mut schema = json!({ "type": field.ty.json_type() });
    for constraint in constraints(field) {
        for (keyword, value) in constraint.keywords {
            schema[keyword] = value;
        }
    }
    schema
}

/// A schema of blank values, and of those of another type.
pub(super) fn blank(field: &Field) -> Value {
    json!({ "not": present(field) })
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

/// A schema of every value but blank ones: what a rule with `allow_blank` applies to. Nothing where no value is blank.
pub(super) fn not_blank(field: &Field) -> Option<Value> {
    match field.ty {
        FieldType::Array(_) => Some(json!({ "minItems": 1 })),
        FieldType::Object(_) | FieldType::Group { .. } => Some(json!({ "minProperties": 1 })),
        _ if field.ty.json_type() == "string" => Some(json!({ "pattern": r"\S" })),
        _ => None,
    }
}
