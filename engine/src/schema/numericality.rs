//! `numericality`: bounds and divisibility of numbers.

use serde_json::{Value, json};

use super::Constraint;
use crate::model::{Check, Comparison, Field, FieldType, Numericality};

pub(super) fn constraints(numericality: &Numericality, nullable: bool) -> Vec<Constraint> {
    let mut constraints = Vec::new();
    if numericality.only_integer {
        constraints.push(Constraint::new("not_an_integer", vec![whole()]));
    }
    if numericality.odd {
        constraints.push(Constraint::new(
            "odd",
            vec![whole(), ("not", json!({ "type": "integer", "multipleOf": 2 }))],
        ));
    }
    if numericality.even {
        constraints.push(Constraint::new("even", vec![("multipleOf", json!(2))]));
    }
    for (comparison, bound) in &numericality.comparisons {
        let bound = Value::Number(bound.value.clone());
        let keyword = match comparison {
            Comparison::GreaterThan => ("exclusiveMinimum", bound.clone()),
            Comparison::GreaterThanOrEqualTo => ("minimum", bound.clone()),
            Comparison::EqualTo if nullable => ("enum", json!([bound, null])),
            Comparison::EqualTo => ("const", bound.clone()),
            Comparison::LessThan => ("exclusiveMaximum", bound.clone()),
            Comparison::LessThanOrEqualTo => ("maximum", bound.clone()),
            Comparison::OtherThan => ("not", json!({ "const": bound })),
            Comparison::MultipleOf => ("multipleOf", bound.clone()),
        };
        constraints.push(Constraint::new(comparison.name(), vec![keyword]).param("count", bound));
    }
    constraints
}

/// The bounds of an integer whose author set none: those of 64 bits. Beyond them numbers lose their last digits, and
/// different ones become equal.
pub(super) fn unstated_bounds(field: &Field) -> Vec<Constraint> {
    if !matches!(field.ty, FieldType::Integer) {
        return Vec::new();
    }
    let stated = |bounding: &[Comparison]| {
        field.validations.iter().any(|validation| match &validation.check {
            Check::Numericality(numericality) => {
                numericality.comparisons.iter().any(|(comparison, _)| bounding.contains(comparison))
            }
            _ => false,
        })
    };
    let below = [Comparison::GreaterThan, Comparison::GreaterThanOrEqualTo, Comparison::EqualTo];
    let above = [Comparison::LessThan, Comparison::LessThanOrEqualTo, Comparison::EqualTo];
    let least = (!stated(&below)).then_some((Comparison::GreaterThanOrEqualTo, "minimum", i64::MIN));
    let most = (!stated(&above)).then_some((Comparison::LessThanOrEqualTo, "maximum", i64::MAX));
    least
        .into_iter()
        .chain(most)
        .map(|(comparison, keyword, bound)| {
            Constraint::new(comparison.name(), vec![(keyword, json!(bound))]).param("count", bound)
        })
        .collect()
}

/// Keeps numbers whole and, unlike `type`, leaves null to the field's own `type`.
fn whole() -> (&'static str, Value) {
    ("multipleOf", json!(1))
}
