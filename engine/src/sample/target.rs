//! The rules of a form that a request may break.

use crate::model::{Check, Condition, Field, FieldType, Form, Step, UnknownFields, Validation, dotted};

/// A key that no form is likely to have.
const UNKNOWN: &str = "surprise";

/// One rule that a request may break.
#[derive(Clone, Debug)]
pub(super) struct Target<'f> {
    /// Where its error is told.
    pub(super) path: Vec<Step>,
    pub(super) code: &'static str,
    /// What it is a rule of; the object itself for a key that no field names.
    pub(super) field: Option<&'f Field>,
    /// The rule that the author or the resource states.
    pub(super) validation: Option<&'f Validation>,
    /// Whether it has been broken before.
    pub(super) met: bool,
    /// How often it was tried in vain.
    pub(super) missed: usize,
}

impl<'f> Target<'f> {
    /// The path as `errors` has it, without the indexes of items.
    pub(super) fn dotted(&self) -> String {
        dotted(&self.path)
    }

    pub(super) fn condition(&self) -> Option<&'f Condition> {
        self.validation?.condition.as_ref()
    }
}

/// Every rule that a request may break: what the form states, and what the types of its fields bring along.
pub(super) fn targets(form: &Form) -> Vec<Target<'_>> {
    let closed = form.unknown_fields == UnknownFields::Reject;
    let mut found = Vec::new();
    let mut add = |path: &[Step], code, field, validation| {
        found.push(Target { path: path.to_vec(), code, field, validation, met: false, missed: 0 });
    };
    form.for_each_field(&mut |field, path| {
        // What the form decides itself, no request can break by what it says there.
        let is_decided = |way: &[Step]| is_readonly(form, way) || form.payload_computes(way);
        if (1..=path.len()).any(|length| is_decided(&path[..length])) {
            return;
        }
        add(path, "type", Some(field), None);
        for validation in &field.validations {
            for code in validation.check.codes() {
                match (&validation.check, path.split_last()) {
                    (Check::Unique(_), _) => {}
                    (Check::Confirmation { .. }, Some((Step::Key(name), around))) => {
                        let twin = Step::Key(format!("{name}_confirmation"));
                        let twin = [around, &[twin]].concat();
                        add(&twin, code, Some(field), Some(validation));
                    }
                    _ => add(path, code, Some(field), Some(validation)),
                }
            }
        }
        for code in of_type(field) {
            add(path, code, Some(field), None);
        }
        if closed && matches!(field.ty, FieldType::Object(_) | FieldType::Group { .. }) {
            let unknown = [path, &[Step::Key(UNKNOWN.to_owned())]].concat();
            add(&unknown, "unknown_field", None, None);
        }
    });
    if closed {
        add(&[Step::Key(UNKNOWN.to_owned())], "unknown_field", None, None);
    }
    found
}

fn is_readonly(form: &Form, path: &[Step]) -> bool {
    let Some((Step::Key(name), around)) = path.split_last() else { return false };
    form.fields_at(around).into_iter().flatten().any(|field| field.name.value == *name && field.readonly)
}

/// What a type demands where no rule of the form says it.
fn of_type(field: &Field) -> Vec<&'static str> {
    let mut found = Vec::new();
    let states = |code| field.validations.iter().any(|validation| validation.check.codes().contains(&code));
    // A value that is on a list or has a shape of its own is refused for that as well.
    let is_shaped = field.validations.iter().any(|validation| {
        let check = &validation.check;
        matches!(
            check,
            Check::Inclusion(_)
                | Check::Format { with: Some(_), .. }
                | Check::Acceptance
                | Check::Uuid
                | Check::PhoneNumber
                | Check::Timing(_)
        ) && validation.condition.is_none()
    });
    let is_long = !states("too_long") && !states("wrong_length") && !is_shaped;
    if field.ty.default_maximum_length().is_some() && is_long {
        found.push("too_long");
    }
    if field.ty.is_temporal() && !states(field.ty.name()) {
        found.push(field.ty.name());
    }
    if matches!(field.ty, FieldType::Integer) && !is_shaped {
        let unstated = |codes: [&str; 3]| codes.into_iter().all(|code| !states_always(field, code));
        let ends = [
            ("greater_than_or_equal_to", ["greater_than_or_equal_to", "greater_than", "equal_to"]),
            ("less_than_or_equal_to", ["less_than_or_equal_to", "less_than", "equal_to"]),
        ];
        found.extend(ends.into_iter().filter(|(_, stated)| unstated(*stated)).map(|(code, _)| code));
    }
    if field.schema.is_some() {
        found.push("invalid");
    }
    found
}

/// Whether a rule of the field that always counts bounds its numbers so.
fn states_always(field: &Field, code: &str) -> bool {
    field.validations.iter().any(|validation| {
        let bounds = matches!(validation.check, Check::Numericality(_));
        bounds && validation.condition.is_none() && validation.check.codes().contains(&code)
    })
}
