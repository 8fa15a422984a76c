//! `date` and `datetime`: RFC 3339 texts, and how they lie to fixed and moving points in time.

use serde_json::json;

use super::{Constraint, Operand};
use crate::model::{Against, Check, Field, FieldType, Timing, Validation};
use crate::vocabulary::moment_keyword;

/// Validators differ on what may stand between day and time, and on offsets without a colon (RFC 3339, 5.6).
const DATE_TIME: &str = r"^[^\s]{10}[Tt][^\s]*([Zz]|[+-][0-9]{2}:[0-9]{2})$";

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
        let kind = if timing.with_time { "datetime" } else { "date" };
        let keyword = (moment_keyword(*order), json!({ kind: written }));
        let mut constraint = Constraint::new(order.name(), vec![keyword]);
        constraint.operand = Some(Operand::Moment { moment: moment.clone(), with_time: timing.with_time });
        constraints.push(constraint);
    }
    constraints
}

fn is_time(with_time: bool) -> Constraint {
    if with_time {
        Constraint::new("datetime", vec![("format", json!("date-time")), ("pattern", json!(DATE_TIME))])
    } else {
        Constraint::new("date", vec![("format", json!("date"))])
    }
}
