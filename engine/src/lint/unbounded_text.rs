//! `unbounded-text`: a text or array that may be larger than a request.
//!
//! Every text and array has a bound, its author's or the language's. Where these multiply to more than a request can
//! carry, it is the request that bounds the value: the client is told 413, and not which field is too long.

use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{Check, Field, FieldType, Form, Step, dotted};

use super::lengths;

/// The most bytes of a request; a character has one at least.
const REQUEST: u64 = 1 << 20;

pub(super) fn check(form: &Form, field: &Field, path: &[Step]) -> Option<Diagnostic> {
    // To ask what a pattern allows takes longer, and hardly ever has to be asked.
    if field.readonly || largest(field, stated) <= REQUEST || largest(field, most) <= REQUEST {
        return None;
    }
    let shown = dotted(path);
    let (message, help) = match &field.ty {
        // Said of the inner one, if that alone is too large.
        FieldType::Array(items) if largest(items, most) <= REQUEST => (
            format!(
                "`{shown}` may hold {} items of up to {} characters, more than a request can carry",
                most(field),
                largest(items, most)
            ),
            "lower its `validation.length.maximum`, or bound the texts in each item".to_owned(),
        ),
        FieldType::String | FieldType::Text => (
            format!("`{shown}` may have {} characters, more than a request can carry", most(field)),
            format!("lower its `validation.length.maximum`: a request has at most {REQUEST} bytes"),
        ),
        _ => return None,
    };
    Some(Diagnostic::new(Rule::UnboundedText, &form.source, field.name.span.clone(), message).help(help))
}

/// How many characters the largest value has, where a text or array may have `most`.
fn largest(field: &Field, most: fn(&Field) -> u64) -> u64 {
    match &field.ty {
        FieldType::String | FieldType::Text => most(field),
        FieldType::Array(items) => most(field).saturating_mul(largest(items, most)),
        FieldType::Object(fields) => {
            fields.iter().map(|field| largest(field, most)).fold(0, u64::saturating_add)
        }
        _ => 1,
    }
}

/// The most characters or items: what an author's rules always say, patterns among them, else what the language does.
fn most(field: &Field) -> u64 {
    let rules = field.validations.iter();
    rules.filter_map(|rule| lengths::always(field, rule)?.most).fold(stated(field), u64::min)
}

/// The most characters or items that the author's bounds allow, else the language's.
fn stated(field: &Field) -> u64 {
    let always = field.validations.iter().filter(|rule| rule.condition.is_none());
    let stated = always.filter_map(|rule| match &rule.check {
        Check::Length(length) => length.maximum.iter().chain(&length.is).map(|bound| bound.value).min(),
        _ => None,
    });
    let unstated = field.ty.default_maximum_length().unwrap_or(1);
    stated.min().unwrap_or(unstated)
}
