//! `numericality`: bounds and divisibility of numbers.

use serde_json::{Value, json};

use super::Constraint;
use crate::model::{Comparison, Numericality};

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

/// Keeps numbers whole and, unlike `type`, leaves null to the field's own `type`.
fn whole() -> (&'static str, Value) {
    ("multipleOf", json!(1))
}
