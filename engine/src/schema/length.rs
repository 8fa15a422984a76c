//! `length`: characters counted as Unicode scalar values, as JSON Schema counts them (RFC 8259, section 7).

use serde_json::{Value, json};

use super::{Constraint, presence};
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

/// The bound of a text whose author set none, and of which values: an author's bound with `allow_blank` leaves blank
/// texts without one.
pub(super) fn unstated_maximum(field: &Field) -> Option<(Constraint, Option<Value>)> {
    let mut guard = None;
    for validation in &field.validations {
        match &validation.check {
            Check::Length(Length { maximum: None, is: None, .. }) => {}
            Check::Length(_) if validation.allow_blank => guard = Some(presence::blank()),
            Check::Length(_) => return None,
            _ => {}
        }
    }
    Some((at_most(field.ty.default_maximum_length()?), guard))
}

fn at_most(maximum: u64) -> Constraint {
    Constraint::new("too_long", vec![("maxLength", json!(maximum))]).param("count", maximum)
}
