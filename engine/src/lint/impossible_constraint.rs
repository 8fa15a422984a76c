//! `impossible-constraint`: rules of one field that no value can meet together.

use std::time::SystemTime;

use crate::compile::without_slashes;
use crate::diagnostic::{Diagnostic, Rule};
use crate::lower::article;
use crate::model::{
    Against, Check, Comparison, Field, FieldType, Form, Length, Normalizer, Numericality, Order, Spanned,
    Step, Timing, Validation, dotted,
};
use crate::vocabulary;

use super::Judges;
use super::bounds::{Bound, excludes, is_empty, ranges};
use super::lengths;

pub(super) fn check(form: &Form, field: &Field, path: &[Step]) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = field
        .validations
        .iter()
        .filter_map(|validation| match &validation.check {
            Check::Length(length) => impossible_length(form, field, validation, length),
            Check::Numericality(numericality) => impossible_number(form, field, numericality)
                .or_else(|| odd_and_even(form, validation, numericality))
                .or_else(|| odd_or_even_number(form, numericality))
                .or_else(|| equal_and_other(form, numericality)),
            Check::Timing(timing) => impossible_time(form, timing),
            Check::Format { with: Some(with), without } => {
                impossible_pattern(form, with).or_else(|| with_and_without(form, with, without.as_ref()))
            }
            check => impossible_after_digits(form, field, validation, check),
        })
        .collect();
    if found.is_empty() {
        found.extend(impossible_text(form, field));
    }
    found.extend(never_given(form, field, path));
    found.extend(present_and_absent(form, field, path));
    found
}

/// A field by its name, an item by that of its array.
fn shown(field: &Field, path: &[Step]) -> String {
    match field.name.value.as_str() {
        "" => format!("each item of `{}`", dotted(path)),
        name => format!("`{name}`"),
    }
}

/// A list of which the field's other rules refuse every value.
pub(super) fn check_list(
    judges: &Judges<'_>,
    field: &Field,
    path: &[Step],
    now: SystemTime,
) -> Option<Diagnostic> {
    let form = &judges.form.form;
    // What is refused today may be allowed tomorrow.
    if field.is_about_the_present() {
        return None;
    }
    let (validation, values) = field.validations.iter().find_map(|validation| match &validation.check {
        Check::Inclusion(values) if !validation.allow_blank && validation.condition.is_none() => {
            Some((validation, values))
        }
        _ => None,
    })?;
    let (_, validator) = judges.of(path)?;
    if vocabulary::at(now, || values.iter().any(|value| validator.is_valid(&value.value))) {
        return None;
    }
    let name = shown(field, path);
    let message = format!("the other rules of {name} refuse every value that it may have");
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
    // What the form computes reaches no item.
    let or_payload = if path.contains(&Step::Item) { "" } else { ", or a value under `[default_payload]`" };
    Some(diagnostic.help(format!(
        "give it a `default`{or_payload}: what a request says is ignored, since it is `readonly`"
    )))
}

/// A field that has to be there and must not be.
fn present_and_absent(form: &Form, field: &Field, path: &[Step]) -> Option<Diagnostic> {
    let always = |rule: &&Validation| rule.condition.is_none();
    let presence = field.presence().filter(always)?;
    let absence =
        field.validations.iter().filter(always).find(|rule| matches!(rule.check, Check::Absence))?;
    let message = format!("{} has to be present and absent", shown(field, path));
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

/// A number that has to be odd or even, and equal to, or a multiple of, one that is not.
fn odd_or_even_number(form: &Form, numericality: &Numericality) -> Option<Diagnostic> {
    let Numericality { odd, even, comparisons, .. } = numericality;
    let parity = if *odd { "odd" } else { "even" };
    let (comparison, bound) = comparisons.iter().find(|(comparison, bound)| {
        let is_even = bound.value.as_i64().map(|bound| bound % 2 == 0);
        match comparison {
            Comparison::EqualTo => (*odd && is_even == Some(true)) || (*even && is_even == Some(false)),
            Comparison::MultipleOf => *odd && is_even == Some(true),
            _ => false,
        }
    })?;
    let demanded = if *comparison == Comparison::EqualTo { "equal to" } else { "a multiple of" };
    let message = format!("no {parity} number is {demanded} {}", bound.value);
    let diagnostic = Diagnostic::new(Rule::ImpossibleConstraint, &form.source, bound.span.clone(), message);
    Some(diagnostic.help(format!("remove `{parity}` or `{}`", comparison.name())))
}

/// A number that has to be the one that it must not be.
fn equal_and_other(form: &Form, numericality: &Numericality) -> Option<Diagnostic> {
    let bounds =
        |wanted| numericality.comparisons.iter().filter(move |(comparison, _)| *comparison == wanted);
    let (equal, other) = bounds(Comparison::EqualTo).find_map(|(_, equal)| {
        let (_, other) = bounds(Comparison::OtherThan).find(|(_, other)| equal.value == other.value)?;
        Some((equal, other))
    })?;
    let message = format!("no number is {} and another", equal.value);
    let diagnostic = Diagnostic::new(Rule::ImpossibleConstraint, &form.source, other.span.clone(), message)
        .label("other than it here")
        .also(&form.source, equal.span.clone(), "equal to it here");
    Some(diagnostic.help("remove `equal_to` or `other_than`"))
}

/// A pattern or kind of text that is never so long, or so short, as `length` demands.
fn impossible_text(form: &Form, field: &Field) -> Option<Diagnostic> {
    let always = |rule: &&Validation| rule.condition.is_none() && !rule.allow_blank;
    let length = field.validations.iter().filter(always).find_map(|rule| match &rule.check {
        Check::Length(length) => Some(length),
        _ => None,
    })?;
    // A list is held against the compiled schema.
    let others = field.validations.iter().filter(|rule| !matches!(rule.check, Check::Inclusion(_)));
    others.filter_map(|rule| Some((rule, lengths::always(field, rule)?))).find_map(|(rule, lengths)| {
        let long = length
            .minimum
            .iter()
            .chain(&length.is)
            .find(|least| lengths.most.is_some_and(|most| least.value > most));
        let short = length.maximum.iter().chain(&length.is).find(|most| most.value < lengths.least);
        let (bound, demanded, has) = match (long, short) {
            (Some(bound), _) => (bound, "at least", format!("at most {}", lengths.most.unwrap_or_default())),
            (None, Some(bound)) => (bound, "at most", format!("at least {}", lengths.least)),
            (None, None) => return None,
        };
        let kind = rule.check.name();
        let message = format!("no text that meets `{kind}` has {demanded} {} characters", bound.value);
        let diagnostic =
            Diagnostic::new(Rule::ImpossibleConstraint, &form.source, bound.span.clone(), message)
                .label(format!("{demanded} {} here", bound.value))
                .help(format!("change `length` or `{kind}`, or remove one of them"));
        let written = rule.span != field.name.span;
        Some(if written { diagnostic.also(&form.source, rule.span.clone(), has) } else { diagnostic })
    })
}

fn impossible_pattern(form: &Form, pattern: &Spanned<String>) -> Option<Diagnostic> {
    // Ruby's anchors are reported as such.
    let is_foreign = [r"\A", r"\z", r"\Z"].iter().any(|anchor| pattern.value.contains(anchor));
    if is_foreign || !lengths::is_never_matched(&pattern.value) {
        return None;
    }
    let message = "no text matches the pattern: `^` is the start of the text, and `$` its end".to_owned();
    let help = without_slashes(&pattern.value).map_or_else(
        || "write `^` only at the beginning and `$` only at the end, or `[$^]` for the characters".to_owned(),
        |help| format!("a pattern stands without slashes: {help}"),
    );
    Some(Diagnostic::new(Rule::ImpossibleConstraint, &form.source, pattern.span.clone(), message).help(help))
}

fn with_and_without(
    form: &Form,
    with: &Spanned<String>,
    without: Option<&Spanned<String>>,
) -> Option<Diagnostic> {
    let without = without.filter(|without| without.value == with.value)?;
    let message = "no text matches a pattern and does not".to_owned();
    Some(
        Diagnostic::new(Rule::ImpossibleConstraint, &form.source, without.span.clone(), message)
            .label("and must not here")
            .also(&form.source, with.span.clone(), "must match here")
            .help("remove one of them"),
    )
}

/// What has to hold another character than digits, of which normalization leaves nothing else.
fn impossible_after_digits(
    form: &Form,
    field: &Field,
    validation: &Validation,
    check: &Check,
) -> Option<Diagnostic> {
    let demands = matches!(check, Check::PhoneNumber | Check::Email | Check::Url | Check::Uuid);
    if !demands || !field.normalize.contains(&Normalizer::Digits) {
        return None;
    }
    let kind = check.name();
    let message = format!("`normalize` leaves digits alone, and `{kind}` wants more than digits");
    Some(
        Diagnostic::new(Rule::ImpossibleConstraint, &form.source, validation.span.clone(), message)
            .help(format!("take `digits` out of `normalize`, or remove `{kind}`")),
    )
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

fn impossible_number(form: &Form, field: &Field, numericality: &Numericality) -> Option<Diagnostic> {
    let whole = matches!(field.ty, FieldType::Integer) || numericality.only_integer;
    for (least, most) in ranges(&numericality.comparisons) {
        if !is_empty(&least, &most, whole) && !numericality_skips(numericality, &least, &most) {
            continue;
        }
        let kind = if whole { "integer" } else { "number" };
        let same = std::ptr::eq(least.written, most.written);
        let range =
            if same { least.describe() } else { format!("{} and {}", least.describe(), most.describe()) };
        let message = if is_empty(&least, &most, whole) {
            format!("no {kind} can be {range}")
        } else {
            format!("no {kind} can be {range} and the multiple that it has to be")
        };
        let place = least.written.span.clone();
        let diagnostic = Diagnostic::new(Rule::ImpossibleConstraint, &form.source, place, message)
            .label(format!("{} here", least.describe()))
            .help("lower the first bound, raise the second, or remove one");
        return Some(if same {
            diagnostic
        } else {
            diagnostic.also(&form.source, most.written.span.clone(), format!("{} here", most.describe()))
        });
    }
    None
}

/// Bounds of time that exclude each other: fixed ones, or ones that move with the clock.
fn impossible_time(form: &Form, timing: &Timing) -> Option<Diagnostic> {
    let moments: Vec<_> = timing
        .bounds
        .iter()
        .filter_map(|(order, against)| {
            let Against::Moment(moment, written) = &against.value else { return None };
            Some((*order, moment, written, &against.span))
        })
        .collect();
    moments.iter().enumerate().find_map(|(at, least)| {
        let other = moments.iter().enumerate().find(|(other, most)| {
            *other != at && excludes((least.0, least.1), (most.0, most.1), timing.with_time)
        });
        let (_, most) = other?;
        let what = if timing.with_time { "instant" } else { "date" };
        let describe = |order: Order, written: &str| format!("{} {written}", order.name().replace('_', " "));
        let (after, before) = (describe(least.0, least.2), describe(most.0, most.2));
        let message = format!("no {what} can be {after} and {before}");
        let diagnostic = Diagnostic::new(Rule::ImpossibleConstraint, &form.source, least.3.clone(), message)
            .label(format!("{after} here"))
            .also(&form.source, most.3.clone(), format!("{before} here"));
        Some(diagnostic.help("change one of them, or remove it"))
    })
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
