//! `length`: characters counted as Unicode scalar values, as JSON Schema counts them (RFC 8259, section 7).

use serde_json::json;

use super::Constraint;
use crate::model::{Check, Field, Length};

pub(super) fn constraints(length: &Length) -> Vec<Constraint> {
    let mut constraints = Vec::new();
    if let Some(minimum) = &length.minimum {
        let keywords = vec![("minLength", json!(minimum.value))];
        constraints.push(Constraint::new("too_short", keywords).param("count", minimum.value));
    }
    if let Some(maximum) = &length.maximum {
        constraints.push(at_most(maximum.value));
    }
    if let Some(is) = &length.is {
        let keywords = vec![("minLength", json!(is.value)), ("maxLength", json!(is.value))];
        constraints.push(Constraint::new("wrong_length", keywords).param("count", is.value));
    }
    constraints
}

/// The bound of a text whose author set none.
pub(super) fn unstated_maximum(field: &Field) -> Option<Constraint> {
    let bounded = field.validations.iter().any(|validation| {
        let Check::Length(length) = &validation.check else { return false };
        !validation.allow_blank && (length.maximum.is_some() || length.is.is_some())
    });
    field.ty.default_maximum_length().filter(|_| !bounded).map(at_most)
}

fn at_most(maximum: u64) -> Constraint {
    Constraint::new("too_long", vec![("maxLength", json!(maximum))]).param("count", maximum)
}
