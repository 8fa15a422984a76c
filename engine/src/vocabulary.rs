//! The `x-formwork-` keywords: what JSON Schema itself cannot say.
//!
//! `schema` writes them into documents; the validator checks those that can be decided in memory with the code
//! here. A standard validator that does not know them accepts more, never less. `schemas/vocabulary.schema.json`
//! is their documentation and meta-schema.

mod judgement;
mod moment;
mod relation;
mod unique_items;

use jsonschema::paths::Location;
use jsonschema::{Keyword, ValidationError, ValidationOptions};
use serde_json::Value;

pub(crate) use judgement::{Recorded, address_of, at, recording};
pub(crate) use moment::keyword as moment_keyword;
pub(crate) use relation::{How, Relation};
pub(crate) use unique_items::KEYWORD as UNIQUE_BY;

use crate::model::{Order, Segment};

/// The keywords that only tell: normalization, uniqueness among records, and what is never stored.
pub const ANNOTATIONS: [&str; 3] = ["x-formwork-normalize", "x-formwork-unique", "x-formwork-virtual"];

/// The keywords that are checked.
pub const ASSERTIONS: [&str; 9] = [
    "x-formwork-compare",
    "x-formwork-confirmation",
    "x-formwork-required",
    "x-formwork-unique-by",
    "x-formwork-before",
    "x-formwork-after",
    "x-formwork-on-or-before",
    "x-formwork-on-or-after",
    "x-formwork-at",
];

/// What a keyword demands of a value.
trait Assertion: Send + Sync {
    fn holds(&self, value: &Value) -> bool;

    /// What in the value it refuses.
    fn failures(&self, value: &Value) -> Vec<Failure> {
        if self.holds(value) { Vec::new() } else { vec![Failure { path: Vec::new(), operand: None }] }
    }
}

/// A value that a keyword refuses.
pub(crate) struct Failure {
    /// The way to it from the value that has the keyword.
    pub(crate) path: Vec<Segment>,
    /// What it was held against, where only the request shows that.
    pub(crate) operand: Option<Value>,
}

struct Checked<A> {
    assertion: A,
    location: Location,
}

impl<'i, A: Assertion> Keyword<'i> for Checked<A> {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        // The message is never shown: the place of the keyword says which rule is violated.
        if self.assertion.holds(instance) { Ok(()) } else { Err(ValidationError::custom("does not hold")) }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        self.assertion.holds(instance)
    }

    fn iter_errors(&self, instance: &'i Value) -> Box<dyn Iterator<Item = ValidationError<'i>> + 'i> {
        let failures = self.assertion.failures(instance);
        if failures.is_empty() || judgement::record(&self.location, instance, failures) {
            return Box::new(std::iter::empty());
        }
        Box::new(self.validate(instance).err().into_iter())
    }
}

fn checked<A: Assertion + 'static>(
    assertion: Option<A>,
    location: Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'static>> {
    match assertion {
        Some(assertion) => Ok(Box::new(Checked { assertion, location })),
        None => Err(ValidationError::custom("the keyword does not take this value")),
    }
}

/// Teaches a validator the keywords that are checked.
#[must_use]
pub fn register(mut options: ValidationOptions<'static>) -> ValidationOptions<'static> {
    for keyword in relation::KEYWORDS {
        options = options.with_keyword(keyword, move |_, value, location| {
            checked(Relation::parse(keyword, value), location)
        });
    }
    for (_, order) in Order::ALL {
        options = options.with_keyword(moment_keyword(order), move |_, value, location| {
            checked(moment::Lies::parse(order, value), location)
        });
    }
    options
        .with_keyword(UNIQUE_BY, |_, value, location| checked(unique_items::UniqueBy::parse(value), location))
}
