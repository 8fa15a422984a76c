//! `impossible-constraint`: rules of one field that no value can meet together.

use serde_json::Number;

use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{Check, Comparison, Field, FieldType, Form, Length, Numericality, Spanned};

/// The comparisons that bound a number from below, and those that do so from above.
const AT_LEAST: [Comparison; 3] =
    [Comparison::GreaterThan, Comparison::GreaterThanOrEqualTo, Comparison::EqualTo];
const AT_MOST: [Comparison; 3] = [Comparison::LessThan, Comparison::LessThanOrEqualTo, Comparison::EqualTo];

pub(super) fn check(form: &Form, field: &Field) -> Vec<Diagnostic> {
    field
        .validations
        .iter()
        .filter_map(|validation| match &validation.check {
            Check::Length(length) => impossible_length(form, length),
            Check::Numericality(numericality) => impossible_number(form, field, numericality),
            _ => None,
        })
        .collect()
}

fn impossible_length(form: &Form, length: &Length) -> Option<Diagnostic> {
    let Length { minimum, maximum, is } = length;
    let least = [minimum, is].into_iter().flatten().max_by_key(|bound| bound.value)?;
    let most = [maximum, is].into_iter().flatten().min_by_key(|bound| bound.value)?;
    (least.value > most.value).then(|| {
        let message =
            format!("no string can be at least {} and at most {} characters", least.value, most.value);
        Diagnostic::new(Rule::ImpossibleConstraint, &form.source, least.span.clone(), message)
            .label(format!("at least {} here", least.value))
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
            if !is_empty(&least, &most, whole) {
                continue;
            }
            let describe = |bound: &Bound<'_>| {
                format!("{} {}", bound.comparison.name().replace('_', " "), bound.written.value)
            };
            let kind = if whole { "integer" } else { "number" };
            let message = format!("no {kind} can be {} and {}", describe(&least), describe(&most));
            return Some(
                Diagnostic::new(
                    Rule::ImpossibleConstraint,
                    &form.source,
                    least.written.span.clone(),
                    message,
                )
                .label(format!("{} here", describe(&least)))
                .also(&form.source, most.written.span.clone(), format!("{} here", describe(&most)))
                .help("lower the first bound, raise the second, or remove one"),
            );
        }
    }
    None
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
