//! `impossible-constraint`: rules of one field that no value can meet together.

use serde_json::Number;

use std::time::SystemTime;

use crate::compile::{CompiledForm, Compiler};
use crate::diagnostic::{Diagnostic, Rule};
use crate::lower::article;
use crate::model::{
    Check, Comparison, Field, FieldType, Form, Length, Numericality, Spanned, Step, Validation,
};
use crate::vocabulary;

/// The comparisons that bound a number from below, and those that do so from above.
const AT_LEAST: [Comparison; 3] =
    [Comparison::GreaterThan, Comparison::GreaterThanOrEqualTo, Comparison::EqualTo];
const AT_MOST: [Comparison; 3] = [Comparison::LessThan, Comparison::LessThanOrEqualTo, Comparison::EqualTo];

pub(super) fn check(form: &Form, field: &Field, path: &[Step]) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = field
        .validations
        .iter()
        .filter_map(|validation| match &validation.check {
            Check::Length(length) => impossible_length(form, field, validation, length),
            Check::Numericality(numericality) => impossible_number(form, field, numericality)
                .or_else(|| odd_and_even(form, validation, numericality)),
            _ => None,
        })
        .collect();
    found.extend(never_given(form, field, path));
    found.extend(present_and_absent(form, field));
    found
}

/// A list of which the field's other rules refuse every value.
pub(super) fn check_list(
    compiler: &Compiler,
    served: &CompiledForm,
    field: &Field,
    path: &[Step],
    now: SystemTime,
) -> Option<Diagnostic> {
    let form = &served.form;
    let (validation, values) = field.validations.iter().find_map(|validation| match &validation.check {
        Check::Inclusion(values) if !validation.allow_blank && validation.condition.is_none() => {
            Some((validation, values))
        }
        _ => None,
    })?;
    let validator = compiler.validator(served.schema_of(path)?)?;
    if vocabulary::at(now, || values.iter().any(|value| validator.is_valid(&value.value))) {
        return None;
    }
    let message = format!("the other rules of `{}` refuse every value that it may have", field.name.value);
    let diagnostic =
        Diagnostic::new(Rule::ImpossibleConstraint, &form.source, validation.span.clone(), message);
    Some(
        diagnostic
            .help("list values that meet the other rules, or remove those rules: the list alone decides"),
    )
}

/// A required field that no request can give and no default does.
fn never_given(form: &Form, field: &Field, path: &[Step]) -> Option<Diagnostic> {
    let given = field.default.is_some() || form.payload_computes(path);
    let presence = field.presence().filter(|_| field.readonly && !given)?;
    let message = format!("`{}` is required, and nothing can give it a value", field.name.value);
    let diagnostic =
        Diagnostic::new(Rule::ImpossibleConstraint, &form.source, presence.span.clone(), message);
    Some(diagnostic.help("give it a `default`, or a value under `[default_payload]`: what a request says is ignored, since it is `readonly`"))
}

/// A field that has to be there and must not be.
fn present_and_absent(form: &Form, field: &Field) -> Option<Diagnostic> {
    let always = |rule: &&Validation| rule.condition.is_none();
    let presence = field.presence().filter(always)?;
    let absence =
        field.validations.iter().filter(always).find(|rule| matches!(rule.check, Check::Absence))?;
    let message = format!("`{}` has to be present and absent", field.name.value);
    let diagnostic = Diagnostic::new(Rule::ImpossibleConstraint, &form.source, absence.span.clone(), message)
        .label("absent here")
        .help("give one of them an `if`, or remove it");
    let written = presence.span != field.name.span;
    Some(if written {
        diagnostic.also(&form.source, presence.span.clone(), "present here")
    } else {
        diagnostic
    })
}

fn odd_and_even(form: &Form, validation: &Validation, numericality: &Numericality) -> Option<Diagnostic> {
    let Numericality { odd: true, even: true, .. } = numericality else { return None };
    let message = "no number is odd and even";
    let diagnostic =
        Diagnostic::new(Rule::ImpossibleConstraint, &form.source, validation.span.clone(), message);
    Some(diagnostic.help("remove `odd` or `even`"))
}

fn impossible_length(
    form: &Form,
    field: &Field,
    validation: &Validation,
    length: &Length,
) -> Option<Diagnostic> {
    let Length { minimum, maximum, is } = length;
    let unstated = field.ty.default_maximum_length().map(|most| Spanned::new(most, validation.span.clone()));
    let least = [minimum, is].into_iter().flatten().max_by_key(|bound| bound.value)?;
    let stated = [maximum, is].into_iter().flatten().min_by_key(|bound| bound.value);
    let most = stated.or(unstated.as_ref()).filter(|most| least.value > most.value)?;
    let message = match field.ty {
        FieldType::Array(_) => {
            format!("no array can have at least {} and at most {} items", least.value, most.value)
        }
        _ => format!("no string can be at least {} and at most {} characters", least.value, most.value),
    };
    let diagnostic = Diagnostic::new(Rule::ImpossibleConstraint, &form.source, least.span.clone(), message)
        .label(format!("at least {} here", least.value));
    if stated.is_none() {
        let what = if field.items().is_some() { "items" } else { "characters" };
        let help = format!(
            "{} has at most {} {what} unless it states a `maximum`: state one",
            article(&field.ty),
            most.value
        );
        return Some(diagnostic.help(help));
    }
    let name = &field.name;
    Some(if most.span == name.span {
        diagnostic
            .also(
                &form.source,
                most.span.clone(),
                format!("built into `{}`: at most {}", name.value, most.value),
            )
            .help("lower `minimum`")
    } else if least.span == name.span {
        diagnostic
            .label(format!("built into `{}`: at least {}", name.value, least.value))
            .also(&form.source, most.span.clone(), format!("at most {} here", most.value))
            .help("raise `maximum`")
    } else {
        diagnostic
            .also(&form.source, most.span.clone(), format!("at most {} here", most.value))
            .help("raise `maximum` or lower `minimum`")
    })
}

/// A bound of a range of numbers: its value, whether the value itself belongs to it, where it is written.
struct Bound<'a> {
    value: f64,
    inclusive: bool,
    comparison: Comparison,
    written: &'a Spanned<Number>,
}

fn impossible_number(form: &Form, field: &Field, numericality: &Numericality) -> Option<Diagnostic> {
    let bounds = |wanted: &[Comparison]| -> Vec<Bound<'_>> {
        numericality
            .comparisons
            .iter()
            .filter(|(comparison, _)| wanted.contains(comparison))
            .filter_map(|(comparison, written)| {
                let inclusive = !matches!(comparison, Comparison::GreaterThan | Comparison::LessThan);
                Some(Bound { value: written.value.as_f64()?, inclusive, comparison: *comparison, written })
            })
            .collect()
    };
    let whole = matches!(field.ty, FieldType::Integer) || numericality.only_integer;
    for least in bounds(&AT_LEAST) {
        for most in bounds(&AT_MOST) {
            if !is_empty(&least, &most, whole) && !numericality_skips(numericality, &least, &most) {
                continue;
            }
            let describe = |bound: &Bound<'_>| {
                format!("{} {}", bound.comparison.name().replace('_', " "), bound.written.value)
            };
            let kind = if whole { "integer" } else { "number" };
            let same = std::ptr::eq(least.written, most.written);
            let range =
                if same { describe(&least) } else { format!("{} and {}", describe(&least), describe(&most)) };
            let message = if is_empty(&least, &most, whole) {
                format!("no {kind} can be {range}")
            } else {
                format!("no {kind} can be {range} and the multiple that it has to be")
            };
            let place = least.written.span.clone();
            let diagnostic = Diagnostic::new(Rule::ImpossibleConstraint, &form.source, place, message)
                .label(format!("{} here", describe(&least)))
                .help("lower the first bound, raise the second, or remove one");
            return Some(if same {
                diagnostic
            } else {
                diagnostic.also(&form.source, most.written.span.clone(), format!("{} here", describe(&most)))
            });
        }
    }
    None
}

/// Whether no multiple lies between two bounds; decided for whole numbers alone, with which floats are exact.
fn numericality_skips(numericality: &Numericality, least: &Bound<'_>, most: &Bound<'_>) -> bool {
    let exact = |value: f64| value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0;
    let divisors = numericality.comparisons.iter().filter(|(kind, _)| *kind == Comparison::MultipleOf);
    divisors.filter_map(|(_, bound)| bound.value.as_f64()).any(|divisor| {
        if !exact(divisor) || !exact(least.value) || !exact(most.value) {
            return false;
        }
        let first = (least.value / divisor).ceil() * divisor;
        let first = if first > least.value || least.inclusive { first } else { first + divisor };
        first > most.value || (first >= most.value && !most.inclusive)
    })
}

/// Whether nothing lies between two bounds. Bounds that floats cannot tell apart count as equal: no false alarm.
fn is_empty(least: &Bound<'_>, most: &Bound<'_>, whole: bool) -> bool {
    let both = least.inclusive && most.inclusive;
    if whole {
        let lowest = if least.inclusive { least.value.ceil() } else { least.value.floor() + 1.0 };
        let highest = if most.inclusive { most.value.floor() } else { most.value.ceil() - 1.0 };
        return lowest > highest;
    }
    least.value > most.value || (least.value.total_cmp(&most.value).is_eq() && !both)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let written = Spanned::new(Number::from(0), 0..0);
        let bound =
            |value, inclusive| Bound { value, inclusive, comparison: Comparison::EqualTo, written: &written };
        for (least, most, whole, empty) in [
            ((1.0, true), (1.0, true), false, false),
            ((1.0, false), (1.0, true), false, true),
            ((1.0, false), (2.0, false), false, false),
            ((1.0, false), (2.0, false), true, true),
            ((1.2, true), (1.8, true), true, true),
            ((1.2, true), (2.0, true), true, false),
            ((2.0, true), (1.0, true), false, true),
        ] {
            let (least, most) = (bound(least.0, least.1), bound(most.0, most.1));
            assert_eq!(is_empty(&least, &most, whole), empty, "{} {}", least.value, most.value);
        }
    }
}
