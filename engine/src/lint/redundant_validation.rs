//! `redundant-validation`: a rule that others imply. What repeats a resource's own rules is found where it is read, in
//! `lower`.
//!
//! Each finding is a proof: an option goes only if every value that the field's other rules accept meets it. Rules under
//! a condition, and those that a blank value escapes, imply nothing.

use std::time::SystemTime;

use crate::compile::{CompiledForm, Compiler};
use crate::diagnostic::{Diagnostic, Rule};
use crate::fix;
use crate::model::{
    Against, Check, Comparison, Field, FieldType, Form, Length, Moment, Numericality, Spanned, Validation,
};
use crate::schema;
use crate::source::Span;
use crate::vocabulary;

use super::lengths;

const HELP: &str = "remove it: it can never change a verdict";

/// What the rules themselves show.
pub(super) fn check(form: &Form, field: &Field) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for validation in &field.validations {
        match &validation.check {
            Check::Length(length) => {
                found.extend(no_minimum(form, validation, length));
                found.extend(implied_lengths(form, field, length));
            }
            Check::Numericality(numericality) => found.extend(implied_bounds(form, field, numericality)),
            _ => {}
        }
    }
    found
}

fn redundant(form: &Form, span: &Span, message: String) -> Diagnostic {
    Diagnostic::new(Rule::RedundantValidation, &form.source, span.clone(), message).help(HELP)
}

/// A minimum that never refuses anything, so that no error goes with it.
fn no_minimum(form: &Form, rule: &Validation, length: &Length) -> Option<Diagnostic> {
    let minimum = length.minimum.as_ref().filter(|minimum| minimum.value == 0)?;
    let found = redundant(form, &minimum.span, "no length is below 0".to_owned());
    // A message may be that of the greatest length which holds though nobody wrote it.
    let is_plain = rule.message.is_none() || length.maximum.is_some();
    let edits = fix::remove_option(&form.source, &rule.span, &minimum.span).filter(|_| is_plain);
    Some(match edits {
        Some(edits) => found.fix("remove `minimum`", edits),
        None => found,
    })
}

/// Bounds of a length that other rules keep anyway.
fn implied_lengths(form: &Form, field: &Field, length: &Length) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    for other in &field.validations {
        let array = matches!(field.ty, FieldType::Array(_));
        let always = other.condition.is_none() && !other.allow_blank;
        let implied = if array && always && matches!(other.check, Check::Presence) {
            lengths::Lengths { least: 1, most: None }
        } else if let Some(implied) = lengths::always(field, other) {
            implied
        } else {
            continue;
        };
        let minimum = length.minimum.as_ref().filter(|bound| bound.value > 0 && bound.value <= implied.least);
        let maximum = length.maximum.as_ref().filter(|bound| kept(field, implied.most, bound.value));
        let is = length.is.as_ref().filter(|bound| {
            implied.least == bound.value
                && implied.most == Some(bound.value)
                && kept(field, implied.most, bound.value)
        });
        let options = [("minimum", minimum), ("maximum", maximum), ("is", is)];
        for (option, bound) in options.into_iter().filter_map(|(option, bound)| Some((option, bound?))) {
            // What is built in stands nowhere, and one reason to remove a bound is enough.
            let built_in = bound.span == field.name.span;
            if built_in || found.iter().any(|earlier: &Diagnostic| earlier.primary.span == bound.span) {
                continue;
            }
            let message = format!("`{option} = {}` is implied by `{}`", bound.value, other.check.name());
            let diagnostic = redundant(form, &bound.span, message);
            let written = other.span != field.name.span;
            found.push(if written {
                diagnostic.also(&form.source, other.span.clone(), "by this")
            } else {
                diagnostic
            });
        }
    }
    found
}

/// Whether a maximum can go: the values have at most so many characters, and the maximum that stands in for an absent
/// one leaves them all.
fn kept(field: &Field, most: Option<u64>, maximum: u64) -> bool {
    let unstated = field.ty.default_maximum_length().unwrap_or(u64::MAX);
    most.is_some_and(|most| most <= maximum && most <= unstated)
}

/// Bounds of a number beside tighter ones.
fn implied_bounds(form: &Form, field: &Field, numericality: &Numericality) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let whole = matches!(field.ty, FieldType::Integer) || numericality.only_integer;
    let bounds = &numericality.comparisons;
    for (at, weaker) in bounds.iter().enumerate() {
        let tighter = bounds.iter().enumerate().find(|(other, tighter)| {
            // Of two that say the same the later one goes.
            *other != at
                && implies(tighter, weaker, whole)
                && (*other < at || !implies(weaker, tighter, whole))
        });
        let Some((_, tighter)) = tighter else { continue };
        let describe = |bound: &(Comparison, Spanned<serde_json::Number>)| {
            format!("{} {}", bound.0.name().replace('_', " "), bound.1.value)
        };
        let message = format!("what is {} is also {}", describe(tighter), describe(weaker));
        let place = tighter.1.span.clone();
        found.push(redundant(form, &weaker.1.span, message).also(&form.source, place, "implied by this"));
    }
    found
}

/// Whether every number that meets the first bound meets the second, decided where floats are exact.
fn implies(
    (own, bound): &(Comparison, Spanned<serde_json::Number>),
    (other, further): &(Comparison, Spanned<serde_json::Number>),
    whole: bool,
) -> bool {
    use Comparison::{EqualTo, GreaterThan, GreaterThanOrEqualTo, LessThan, LessThanOrEqualTo, OtherThan};
    let exact =
        |number: &serde_json::Number| number.as_f64().filter(|number| number.abs() < 9_007_199_254_740_992.0);
    let (Some(bound), Some(further)) = (exact(&bound.value), exact(&further.value)) else { return false };
    // The least whole number above a bound, and the greatest below one, are bounds of their own.
    let (own, bound) = match own {
        GreaterThan if whole => (GreaterThanOrEqualTo, bound.floor() + 1.0),
        LessThan if whole => (LessThanOrEqualTo, bound.ceil() - 1.0),
        _ => (*own, bound),
    };
    match (own, other) {
        (EqualTo | GreaterThanOrEqualTo, GreaterThan) | (GreaterThanOrEqualTo, OtherThan)
            if bound > further =>
        {
            true
        }
        (EqualTo | LessThanOrEqualTo, LessThan) | (LessThanOrEqualTo, OtherThan) if bound < further => true,
        (EqualTo | GreaterThanOrEqualTo | GreaterThan, GreaterThanOrEqualTo)
        | (GreaterThan, GreaterThan | OtherThan) => bound >= further,
        (EqualTo | LessThanOrEqualTo | LessThan, LessThanOrEqualTo) | (LessThan, LessThan | OtherThan) => {
            bound <= further
        }
        (EqualTo, OtherThan) => bound.total_cmp(&further).is_ne(),
        _ => false,
    }
}

/// Rules that every value of the field's list meets, asked of the rule's own schema.
pub(super) fn check_list(
    compiler: &Compiler,
    form: &CompiledForm,
    field: &Field,
    now: SystemTime,
) -> Vec<Diagnostic> {
    let lists = field.validations.iter().find_map(|list| match &list.check {
        Check::Inclusion(values) if list.condition.is_none() && !list.allow_blank => Some((list, values)),
        _ => None,
    });
    let Some((list, values)) = lists else { return Vec::new() };
    let judged =
        field.validations.iter().filter(|rule| rule.span != field.name.span && is_of_value(&rule.check));
    let met = judged.filter(|rule| {
        let validator = compiler.validator(&schema::of_rule(rule, field));
        validator.is_some_and(|validator| {
            vocabulary::at(now, || values.iter().all(|value| validator.is_valid(&value.value)))
        })
    });
    met.map(|rule| shadowed(&form.form, rule, list)).collect()
}

fn shadowed(form: &Form, rule: &Validation, list: &Validation) -> Diagnostic {
    let message = format!("every value of `in` meets `{}`", rule.check.name());
    redundant(form, &rule.span, message).also(&form.source, list.span.clone(), "the values are listed here")
}

/// Whether a rule judges a single value by itself, at any time alike. Lengths are decided from the rules themselves.
pub(super) fn is_of_value(check: &Check) -> bool {
    match check {
        Check::Format { .. }
        | Check::Email
        | Check::Url
        | Check::Uuid
        | Check::PhoneNumber
        | Check::Exclusion(_)
        | Check::Numericality(_) => true,
        Check::Timing(timing) => timing.bounds.iter().all(|(_, against)| {
            matches!(&against.value, Against::Moment(Moment::Date(_) | Moment::Instant(..), _))
        }),
        _ => false,
    }
}
