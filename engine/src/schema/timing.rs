//! `date` and `datetime`: RFC 3339 texts, and how they lie to fixed and moving points in time.

use serde_json::json;

use super::{Constraint, Operand};
use crate::model::{Against, Check, Field, FieldType, Timing, Validation};
use crate::vocabulary::moment_keyword;

/// What the type itself demands, unless a rule of the author's says it, with its own message.
pub(super) fn of_type(field: &Field) -> Option<Constraint> {
    let stated = field
        .validations
        .iter()
        .any(|validation| matches!(validation.check, Check::Timing(_)) && validation.condition.is_none());
    (field.ty.is_temporal() && !stated).then(|| is_time(matches!(field.ty, FieldType::DateTime)))
}

/// The demands of a rule that one value can meet; those between fields are relations.
pub(super) fn constraints(timing: &Timing, validation: &Validation, field: &Field) -> Vec<Constraint> {
    let mut constraints = Vec::new();
    if !field.ty.is_temporal() || validation.condition.is_none() {
        constraints.push(is_time(timing.with_time));
    }
    for (order, against) in &timing.bounds {
        let Against::Moment(moment, written) = &against.value else { continue };
        let mut constraint = Constraint::new(order.name(), vec![(moment_keyword(*order), json!(written))]);
        constraint.operand = Some(Operand::Moment { moment: moment.clone(), with_time: timing.with_time });
        constraints.push(constraint);
    }
    constraints
}

fn is_time(with_time: bool) -> Constraint {
    let (code, format) = if with_time { ("datetime", "date-time") } else { ("date", "date") };
    Constraint::new(code, vec![("format", json!(format))])
}
