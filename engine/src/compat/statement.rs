//! Conditions with their references resolved, and what surely follows from what.
//!
//! Sound and not complete: whatever is not seen to follow does not.

use serde_json::{Number, Value};

use super::number::{compare, follows, same};
use crate::model::{Comparison, Condition, Expectation, Form, Step};

/// A condition that means the same wherever it is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Statement {
    All(Vec<Statement>),
    Any(Vec<Statement>),
    Not(Box<Statement>),
    Present(Vec<Step>),
    OneOf(Vec<Step>, Vec<Value>),
    Compares(Vec<Step>, Comparison, Number),
}

impl Statement {
    /// What always holds.
    pub(super) fn always() -> Self {
        Self::All(Vec::new())
    }

    /// The condition of the field at `owner`; what there is none of always holds.
    pub(super) fn of(form: &Form, owner: &[Step], condition: Option<&Condition>) -> Self {
        condition.map_or_else(Self::always, |condition| Self::resolved(form, owner, condition))
    }

    fn resolved(form: &Form, owner: &[Step], condition: &Condition) -> Self {
        let each = |parts: &[Condition]| parts.iter().map(|part| Self::resolved(form, owner, part)).collect();
        match condition {
            Condition::All(parts) => Self::All(each(parts)),
            Condition::Any(parts) => Self::Any(each(parts)),
            Condition::Not(part) => Self::Not(Box::new(Self::resolved(form, owner, part))),
            Condition::Field { path, expectation } => {
                let target = form.resolve(owner, &path.value).map(|target| target.path).unwrap_or_default();
                match expectation {
                    Expectation::Present(true) => Self::Present(target),
                    Expectation::Present(false) => Self::Not(Box::new(Self::Present(target))),
                    Expectation::OneOf(values) => {
                        Self::OneOf(target, values.iter().map(|value| value.value.clone()).collect())
                    }
                    Expectation::Compares(comparisons) => Self::All(
                        comparisons
                            .iter()
                            .map(|(comparison, bound)| {
                                Self::Compares(target.clone(), *comparison, bound.value.clone())
                            })
                            .collect(),
                    ),
                }
            }
        }
    }

    /// Whether the other surely holds wherever this does.
    pub(super) fn implies(&self, other: &Self) -> bool {
        if self == other {
            return true;
        }
        match (self, other) {
            (Self::Any(parts), _) if parts.iter().all(|part| part.implies(other)) => return true,
            (_, Self::All(parts)) => return parts.iter().all(|part| self.implies(part)),
            (Self::Not(inner), Self::Not(of_other)) if of_other.implies(inner) => return true,
            _ => {}
        }
        matches!(self, Self::All(parts) if parts.iter().any(|part| part.implies(other)))
            || matches!(other, Self::Any(parts) if parts.iter().any(|part| self.implies(part)))
            || self.implies_of_field(other)
    }

    /// What the value of one field says about the same field.
    fn implies_of_field(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::OneOf(path, values), Self::OneOf(other, wider)) => {
                path == other && values.iter().all(|value| wider.iter().any(|wide| same(value, wide)))
            }
            (Self::OneOf(path, values), Self::Compares(other, comparison, bound)) => {
                let meets = |value: &Value| {
                    value
                        .as_number()
                        .and_then(|number| compare(number, bound))
                        .is_some_and(|ordering| comparison.holds(ordering))
                };
                path == other && values.iter().all(meets)
            }
            (Self::OneOf(path, values), Self::Present(other)) => {
                path == other && values.iter().all(is_surely_present)
            }
            (Self::Compares(path, ..), Self::Present(other)) => path == other,
            (Self::Compares(path, comparison, bound), Self::Compares(other, weaker, wider)) => {
                path == other && follows((*comparison, bound), (*weaker, wider), false)
            }
            (Self::OneOf(path, values), Self::Not(inner)) => match inner.as_ref() {
                Self::OneOf(other, others) => {
                    path == other && !values.iter().any(|value| others.iter().any(|other| same(value, other)))
                }
                _ => false,
            },
            (Self::Not(inner), Self::Not(other)) => other.implies_of_field(inner),
            _ => false,
        }
    }

    /// Whether it surely does not hold where these fields are absent.
    pub(super) fn is_never_without(&self, absent: &[Vec<Step>]) -> bool {
        self.value_without(absent) == Some(false)
    }

    fn value_without(&self, absent: &[Vec<Step>]) -> Option<bool> {
        match self {
            Self::All(parts) => {
                let values: Vec<_> = parts.iter().map(|part| part.value_without(absent)).collect();
                if values.contains(&Some(false)) {
                    return Some(false);
                }
                values.iter().all(|value| *value == Some(true)).then_some(true)
            }
            Self::Any(parts) => {
                let values: Vec<_> = parts.iter().map(|part| part.value_without(absent)).collect();
                if values.contains(&Some(true)) {
                    return Some(true);
                }
                values.iter().all(|value| *value == Some(false)).then_some(false)
            }
            Self::Not(inner) => inner.value_without(absent).map(|value| !value),
            Self::Present(path) | Self::OneOf(path, _) | Self::Compares(path, ..) => {
                absent.iter().any(|absent| path.starts_with(absent)).then_some(false)
            }
        }
    }
}

/// Whether a value is present for every type of field.
fn is_surely_present(value: &Value) -> bool {
    match value {
        Value::String(text) => !crate::schema::is_blank(text),
        Value::Bool(_) | Value::Number(_) => true,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}
