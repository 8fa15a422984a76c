//! Keywords of an object that relate what is in it: comparisons between fields, repeated values, computed ones.

use std::cmp::Ordering;

use serde_json::{Number, Value, json};

use super::{Assertion, Failure};
use crate::model::{Comparison, Order, Segment, Step, parse_date, parse_instant};

const COMPARE: &str = "x-formwork-compare";
const CONFIRMATION: &str = "x-formwork-confirmation";
const REQUIRED: &str = "x-formwork-required";

/// The keywords that are relations.
pub(super) const KEYWORDS: [&str; 3] = [COMPARE, CONFIRMATION, REQUIRED];

/// In a path, what stands for each item of an array; no field can be named so.
const EACH: &str = "*";

/// What has to hold between values inside one object.
#[derive(Clone, Debug)]
pub(crate) enum Relation {
    /// A number compares so with another field's, a time lies so to another field's.
    Compare {
        /// The way to the value, which may be several.
        of: Vec<Step>,
        /// How they have to compare.
        how: How,
        /// The way to the value that it is compared with.
        to: Vec<Step>,
    },
    /// `<field>_confirmation` repeats a field's value.
    Confirmation {
        /// The field.
        field: String,
        /// The one that repeats it.
        repeated: String,
        /// Whether `A` and `a` differ.
        case_sensitive: bool,
    },
    /// A field that the form computes has got a value.
    Required {
        /// The field.
        field: String,
    },
}

/// A comparison of numbers or of times.
#[derive(Clone, Copy, Debug)]
pub(crate) enum How {
    /// Of numbers.
    Number(Comparison),
    /// Of days or instants.
    Time(Order),
}

impl How {
    fn name(self) -> &'static str {
        match self {
            Self::Number(comparison) => comparison.name(),
            Self::Time(order) => order.name(),
        }
    }
}

impl Relation {
    /// That a field is said twice.
    pub(crate) fn confirmation(field: &str, case_sensitive: bool) -> Self {
        let repeated = format!("{field}_confirmation");
        Self::Confirmation { field: field.to_owned(), repeated, case_sensitive }
    }

    /// The keyword that says it, and its value.
    pub(crate) fn keyword(&self) -> (&'static str, Value) {
        match self {
            Self::Compare { of, how, to } => {
                let kind = if matches!(how, How::Number(_)) { "number" } else { "time" };
                (COMPARE, json!({ "path": names(of), kind: how.name(), "to": names(to) }))
            }
            Self::Confirmation { field, case_sensitive, .. } => {
                (CONFIRMATION, json!({ "field": field, "case_sensitive": case_sensitive }))
            }
            Self::Required { field } => (REQUIRED, json!(field)),
        }
    }

    pub(super) fn parse(keyword: &str, value: &Value) -> Option<Self> {
        match keyword {
            COMPARE => {
                let number = value.get("number").and_then(Value::as_str);
                let time = value.get("time").and_then(Value::as_str);
                let number = Comparison::ALL.iter().find(|(name, _)| Some(*name) == number);
                let time = Order::ALL.iter().find(|(name, _)| Some(*name) == time);
                let how = number.map(|(_, how)| How::Number(*how)).or(time.map(|(_, how)| How::Time(*how)))?;
                Some(Self::Compare { of: steps(value.get("path")?)?, how, to: steps(value.get("to")?)? })
            }
            CONFIRMATION => {
                let field = value.get("field")?.as_str()?;
                Some(Self::confirmation(field, value.get("case_sensitive")?.as_bool()?))
            }
            _ => Some(Self::Required { field: value.as_str()?.to_owned() }),
        }
    }

    /// The param of its errors that says what a value was held against, if they have one.
    pub(crate) fn param(&self) -> Option<&'static str> {
        match self {
            Self::Compare { how: How::Number(_), .. } => Some("count"),
            Self::Compare { how: How::Time(_), .. } => Some("value"),
            Self::Confirmation { .. } | Self::Required { .. } => None,
        }
    }

    fn visit_failures(&self, object: &Value, found: &mut dyn FnMut(Failure)) {
        // Of what is no object, its type is what is wrong.
        if !object.is_object() {
            return;
        }
        match self {
            Self::Compare { of, how, to } => {
                let Some(operand) = single(object, to) else { return };
                visit(object, of, &mut Vec::new(), &mut |value, path| {
                    if !compares(value, *how, operand) {
                        found(Failure { path: path.to_vec(), operand: Some(operand.clone()) });
                    }
                });
            }
            Self::Confirmation { field, repeated, case_sensitive } => {
                let Some(value) = object.get(field).filter(|value| !value.is_null()) else { return };
                if !object.get(repeated).is_some_and(|again| repeats(value, again, *case_sensitive)) {
                    found(Failure { path: vec![Segment::Key(repeated.clone())], operand: None });
                }
            }
            Self::Required { field } => {
                if object.get(field).is_none() {
                    found(Failure { path: vec![Segment::Key(field.clone())], operand: None });
                }
            }
        }
    }
}

impl Assertion for Relation {
    fn holds(&self, value: &Value) -> bool {
        let mut holds = true;
        self.visit_failures(value, &mut |_| holds = false);
        holds
    }

    fn failures(&self, value: &Value) -> Vec<Failure> {
        let mut failures = Vec::new();
        self.visit_failures(value, &mut |failure| failures.push(failure));
        failures
    }
}

fn names(path: &[Step]) -> Vec<&str> {
    path.iter()
        .map(|step| match step {
            Step::Key(name) => name.as_str(),
            Step::Item => EACH,
        })
        .collect()
}

fn steps(value: &Value) -> Option<Vec<Step>> {
    let step = |name: &Value| {
        name.as_str().map(|name| if name == EACH { Step::Item } else { Step::Key(name.to_owned()) })
    };
    value.as_array()?.iter().map(step).collect()
}

/// The value that a way without items leads to.
fn single<'v>(object: &'v Value, path: &[Step]) -> Option<&'v Value> {
    path.iter().try_fold(object, |value, step| match step {
        Step::Key(name) => value.get(name),
        Step::Item => None,
    })
}

fn visit(value: &Value, path: &[Step], at: &mut Vec<Segment>, found: &mut dyn FnMut(&Value, &[Segment])) {
    match path.split_first() {
        None => found(value, at),
        Some((Step::Key(name), rest)) => {
            if let Some(value) = value.get(name) {
                at.push(Segment::Key(name.clone()));
                visit(value, rest, at, found);
                at.pop();
            }
        }
        Some((Step::Item, rest)) => {
            for (index, value) in value.as_array().into_iter().flatten().enumerate() {
                at.push(Segment::Index(index));
                visit(value, rest, at, found);
                at.pop();
            }
        }
    }
}

/// Whether two values compare so; values that cannot be compared are refused by their types.
fn compares(value: &Value, how: How, operand: &Value) -> bool {
    let ordering = match (how, value, operand) {
        (How::Number(_), Value::Number(a), Value::Number(b)) => compare_numbers(a, b),
        (How::Time(_), Value::String(a), Value::String(b)) => compare_times(a, b),
        _ => None,
    };
    ordering.is_none_or(|ordering| match how {
        How::Number(comparison) => comparison.holds(ordering),
        How::Time(order) => order.holds(ordering),
    })
}

/// Exact for integers, as exact as floats are otherwise.
fn compare_numbers(a: &Number, b: &Number) -> Option<Ordering> {
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

fn compare_times(a: &str, b: &str) -> Option<Ordering> {
    match (parse_date(a), parse_date(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => Some(parse_instant(a)?.cmp(&parse_instant(b)?)),
    }
}

fn repeats(value: &Value, repeated: &Value, case_sensitive: bool) -> bool {
    match (value, repeated) {
        (Value::String(a), Value::String(b)) if !case_sensitive => a.to_lowercase() == b.to_lowercase(),
        (Value::Number(a), Value::Number(b)) => compare_numbers(a, b) == Some(Ordering::Equal),
        _ => value == repeated,
    }
}
