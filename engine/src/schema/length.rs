//! `length`: characters counted as Unicode scalar values, as JSON Schema counts them (RFC 8259, section 7); items of an
//! array.

use serde_json::{Value, json};

use super::{Constraint, presence};
use crate::model::{Check, Condition, Field, FieldType, Length};

pub(super) fn constraints(length: &Length, field: &Field) -> Vec<Constraint> {
    let (least, _) = keywords(field);
    let mut constraints = Vec::new();
    if let Some(minimum) = &length.minimum {
        let keywords = vec![(least, json!(minimum.value))];
        constraints.push(Constraint::new("too_short", keywords).param("count", minimum.value));
    }
    if let Some(maximum) = &length.maximum {
        constraints.push(at_most(field, maximum.value));
    }
    if let Some(is) = &length.is {
        let (least, most) = keywords(field);
        let keywords = vec![(least, json!(is.value)), (most, json!(is.value))];
        constraints.push(Constraint::new("wrong_length", keywords).param("count", is.value));
    }
    constraints
}

/// The keywords of the least and the greatest length.
fn keywords(field: &Field) -> (&'static str, &'static str) {
    match field.ty {
        FieldType::Array(_) => ("minItems", "maxItems"),
        _ => ("minLength", "maxLength"),
    }
}

/// A bound that holds where no bound of the author's does.
pub(crate) struct Unstated {
    pub(super) constraint: Constraint,
    /// A schema of the values that it is for; of all of them where there is none.
    pub(crate) guard: Option<Value>,
    /// When it counts; always where there is none.
    pub(crate) condition: Option<Condition>,
}

/// The bound of a text or array whose author set none, or one with exceptions.
pub(crate) fn unstated_maximum(field: &Field) -> Option<Unstated> {
    let mut guard = None;
    let mut condition = None;
    for validation in &field.validations {
        match (&validation.check, &validation.condition) {
            (Check::Length(Length { maximum: None, is: None, .. }), _) => {}
            (Check::Length(_), Some(only)) => condition = Some(Condition::Not(Box::new(only.clone()))),
            (Check::Length(_), None) if validation.allow_blank => guard = Some(presence::blank(field)),
            (Check::Length(_), None) => return None,
            _ => {}
        }
    }
    let constraint = at_most(field, field.ty.default_maximum_length()?);
    // An author's bound with both kinds of exception leaves the unstated one everywhere that it might not hold.
    let guard = guard.filter(|_| condition.is_none());
    Some(Unstated { constraint, guard, condition })
}

fn at_most(field: &Field, maximum: u64) -> Constraint {
    let (_, most) = keywords(field);
    Constraint::new("too_long", vec![(most, json!(maximum))]).param("count", maximum)
}
