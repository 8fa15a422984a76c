//! The `x-formwork-` keywords: what JSON Schema itself cannot say.
//!
//! `schema` writes them into documents; the validator checks those that can be decided in memory with the code
//! here. A standard validator that does not know them accepts more, never less. `schemas/vocabulary.schema.json`
//! is their documentation and meta-schema.

mod clock;
mod moment;
mod relation;
mod unique_items;

use jsonschema::{Keyword, ValidationError, ValidationOptions};
use serde_json::Value;

pub(crate) use clock::at;
pub(crate) use moment::keyword as moment_keyword;
pub(crate) use relation::{How, Relation};
pub(crate) use unique_items::KEYWORD as UNIQUE_BY;

use crate::model::Order;

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

/// A keyword that only has to say yes or no.
trait Assertion: Send + Sync {
    fn holds(&self, value: &Value) -> bool;
}

struct Checked<A>(A);

impl<'i, A: Assertion> Keyword<'i> for Checked<A> {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        // The message is never shown: the place of the keyword says which rule is violated.
        if self.0.holds(instance) { Ok(()) } else { Err(ValidationError::custom("does not hold")) }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        self.0.holds(instance)
    }
}

fn checked<A: Assertion + 'static>(
    assertion: Option<A>,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'static>> {
    match assertion {
        Some(assertion) => Ok(Box::new(Checked(assertion))),
        None => Err(ValidationError::custom("the keyword does not take this value")),
    }
}

/// Teaches a validator the keywords that are checked.
pub(crate) fn register(mut options: ValidationOptions<'static>) -> ValidationOptions<'static> {
    for keyword in relation::KEYWORDS {
        options = options.with_keyword(keyword, move |_, value, _| checked(Relation::parse(keyword, value)));
    }
    for (_, order) in Order::ALL {
        options = options.with_keyword(moment_keyword(order), move |_, value, _| {
            checked(moment::Lies::parse(order, value))
        });
    }
    options.with_keyword(UNIQUE_BY, |_, value, _| checked(unique_items::UniqueBy::parse(value)))
}
