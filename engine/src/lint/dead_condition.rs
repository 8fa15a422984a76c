//! `dead-condition`: an expectation that no valid value meets, proved on the compiled schema.

use std::time::SystemTime;

use serde_json::Number;

use crate::diagnostic::{Diagnostic, Rule, nearest};
use crate::model::{Check, Comparison, Expectation, Field, FieldType, Form, Spanned, Step};
use crate::vocabulary;

use super::Judges;
use super::bounds::{Bound, is_empty, ranges};

pub(super) fn check(judges: &Judges<'_>, field: &Field, owner: &[Step], now: SystemTime) -> Vec<Diagnostic> {
    let form = judges.form;
    let rules = field.validations.iter().filter_map(|validation| validation.condition.as_ref());
    let mut diagnostics = Vec::new();
    for condition in field.when.iter().chain(rules) {
        condition.for_each_field(&mut |path, expectation| {
            let target = form.form.resolve(owner, &path.value);
            let values = match expectation {
                Expectation::OneOf(values) => values,
                Expectation::Compares(comparisons) => {
                    let found = target.and_then(|target| never(&form.form, path, target.field, comparisons));
                    diagnostics.extend(found);
                    return;
                }
                Expectation::Present(_) => return,
            };
            // What is refused today may be allowed tomorrow.
            let target = target.filter(|target| !target.field.is_about_the_present());
            let judge = target.and_then(|target| judges.of(&target.path));
            let Some((schema, validator)) = judge else { return };
            for value in values {
                if vocabulary::at(now, || validator.is_valid(&value.value)) {
                    continue;
                }
                let message = format!("`{}` is never {}", path.value, value.value);
                let found =
                    Diagnostic::new(Rule::DeadCondition, &form.form.source, value.span.clone(), message);
                let options: Vec<&str> = schema
                    .get("enum")
                    .and_then(serde_json::Value::as_array)
                    .into_iter()
                    .flatten()
                    .filter_map(serde_json::Value::as_str)
                    .collect();
                let near = value.value.as_str().and_then(|written| nearest(written, options));
                let help = near.map_or_else(
                    || "the field's own rules refuse this value: expect one that they allow".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                diagnostics.push(found.help(help));
            }
        });
    }
    diagnostics
}

/// Comparisons that no number meets together, or none that the field's own rules allow.
fn never(
    form: &Form,
    path: &Spanned<String>,
    field: &Field,
    comparisons: &[(Comparison, Spanned<Number>)],
) -> Option<Diagnostic> {
    let numericality = field.validations.iter().filter(|rule| rule.condition.is_none());
    let numericality = numericality.filter_map(|rule| match &rule.check {
        Check::Numericality(numericality) => Some(numericality),
        _ => None,
    });
    let own: Vec<_> = numericality.flat_map(|numericality| &numericality.comparisons).collect();
    let whole = matches!(field.ty, FieldType::Integer);
    let all = comparisons.iter().chain(own.iter().copied());
    let (least, most) = ranges(all).into_iter().find(|(least, most)| is_empty(least, most, whole))?;
    let is_expected =
        |bound: &Bound<'_>| comparisons.iter().any(|(_, written)| std::ptr::eq(written, bound.written));
    let (expected, help) = match (is_expected(&least), is_expected(&most)) {
        (true, true) => (
            format!("{} and {}", least.describe(), most.describe()),
            "lower the first bound, raise the second, or write `any = [ … ]` if one of them is enough"
                .to_owned(),
        ),
        (true, false) => (least.describe(), format!("the field's own rules make it {}", most.describe())),
        _ => (most.describe(), format!("the field's own rules make it {}", least.describe())),
    };
    let place = if is_expected(&most) { most.written } else { least.written };
    let message = format!("`{}` is never {expected}", path.value);
    Some(Diagnostic::new(Rule::DeadCondition, &form.source, place.span.clone(), message).help(help))
}
