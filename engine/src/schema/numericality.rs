//! `numericality`: bounds and divisibility of numbers.

use serde_json::{Number, Value, json};

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
        let keyword = match comparison {
            Comparison::EqualTo if nullable => ("enum", json!([bound.value, null])),
            _ => keyword(*comparison, &bound.value),
        };
        constraints.push(
            Constraint::new(comparison.name(), vec![keyword])
                .param("count", Value::Number(bound.value.clone())),
        );
    }
    constraints
}

/// What says in JSON Schema that a number compares so with a bound.
pub(super) fn keyword(comparison: Comparison, bound: &Number) -> (&'static str, Value) {
    match comparison {
        Comparison::GreaterThan => ("exclusiveMinimum", json!(bound)),
        Comparison::GreaterThanOrEqualTo => ("minimum", json!(bound)),
        Comparison::EqualTo => ("const", json!(bound)),
        Comparison::LessThan => ("exclusiveMaximum", json!(bound)),
        Comparison::LessThanOrEqualTo => ("maximum", json!(bound)),
        Comparison::OtherThan => ("not", json!({ "const": bound })),
        Comparison::MultipleOf => ("multipleOf", json!(bound)),
    }
}

/// The bounds of an integer whose author set none: those of 64 bits. Beyond them numbers lose their last digits, and
/// different ones become equal.
pub(super) fn unstated_bounds(field: &Field) -> Vec<Constraint> {
    if !matches!(field.ty, FieldType::Integer) {
        return Vec::new();
    }
    let stated = |bounding: &[Comparison]| {
        let mut always = field.validations.iter().filter(|validation| validation.condition.is_none());
        always.any(|validation| match &validation.check {
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
