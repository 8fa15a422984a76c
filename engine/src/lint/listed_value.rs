//! Single values of lists that the field's other rules decide: `ineffective-validation` where a listed value can never
//! be chosen, or never comes to be excluded; `redundant-validation` where an excluded value is refused anyway.
//!
//! Each finding is a proof: the other rule always counts, says the same at any time, and has refused the value. What is
//! true of every value of a list is said once, by the rules about whole lists.

use std::sync::Arc;
use std::time::SystemTime;

use jsonschema::Validator;
use serde_json::Value;

use crate::compile::{CompiledForm, Compiler};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{Check, Field, Spanned, Step, Validation};
use crate::schema;
use crate::submission::normalized;
use crate::vocabulary;

use super::redundant_validation::is_of_value;

/// What is found of the lists of a field of which no rule about whole lists has found anything.
pub(super) fn check(
    compiler: &Compiler,
    form: &CompiledForm,
    field: &Field,
    path: &[Step],
    now: SystemTime,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for list in &field.validations {
        let (Check::Inclusion(values) | Check::Exclusion(values)) = &list.check else { continue };
        let judges: Vec<(&Validation, Arc<Validator>)> = field
            .validations
            .iter()
            .filter(|rule| !std::ptr::eq(*rule, list) && rule.condition.is_none() && judges(&rule.check))
            .filter_map(|rule| Some((rule, compiler.validator(&schema::of_rule(rule, field))?)))
            .collect();
        for value in values {
            let refuses = |(rule, validator): &&(&Validation, Arc<Validator>)| {
                vocabulary::at(now, || refuses(rule, validator, &value.value))
            };
            found.extend(never_so(form, field, path, list, value).or_else(|| {
                let (rule, _) = judges.iter().find(refuses)?;
                Some(refused(form, field, list, value, rule))
            }));
        }
    }
    found
}

/// Whether a rule judges a value by itself, at any time alike.
fn judges(check: &Check) -> bool {
    is_of_value(check) || matches!(check, Check::Length(_) | Check::Inclusion(_) | Check::Presence)
}

fn refuses(rule: &Validation, validator: &Validator, value: &Value) -> bool {
    let is_blank = value.as_str().is_some_and(schema::is_blank);
    match rule.check {
        Check::Presence => is_blank,
        _ if is_blank && rule.allow_blank => false,
        _ => !validator.is_valid(value),
    }
}

fn refused(
    form: &CompiledForm,
    field: &Field,
    list: &Validation,
    value: &Spanned<Value>,
    rule: &Validation,
) -> Diagnostic {
    let kind = rule.check.name();
    // What is built in stands nowhere, and cannot be changed.
    let built_in = rule.span == field.name.span;
    let (finding, message, help) = match list.check {
        Check::Exclusion(_) => (
            Rule::RedundantValidation,
            format!("`{}` is refused by `{kind}` anyway", value.value),
            "remove it: it can never change a verdict".to_owned(),
        ),
        _ => (
            Rule::IneffectiveValidation,
            format!("`{}` can never be chosen: `{kind}` refuses it", value.value),
            if built_in {
                "remove it from the list".to_owned()
            } else {
                format!("remove it from the list, or change `{kind}`")
            },
        ),
    };
    let source = &form.form.source;
    let found = Diagnostic::new(finding, source, value.span.clone(), message).help(help);
    if built_in { found } else { found.also(source, rule.span.clone(), "by this") }
}

/// A value that no request comes to have, since the last step of normalization makes another of it.
///
/// The step leaves alone what it has made; so what it does not leave alone it never makes. Defaults and computed values
/// are not normalized.
fn never_so(
    form: &CompiledForm,
    field: &Field,
    path: &[Step],
    list: &Validation,
    value: &Spanned<Value>,
) -> Option<Diagnostic> {
    let comes_otherwise = field.default.is_some()
        || path.contains(&Step::Item)
        || (1..=path.len()).any(|length| form.form.payload_computes(&path[..length]));
    let step = *field.normalize.last().filter(|_| !comes_otherwise && !field.readonly)?;
    let written = value.value.as_str()?;
    let made = normalized(step, written);
    if made == written {
        return None;
    }
    let fate = match list.check {
        Check::Exclusion(_) => "never comes",
        _ => "can never be chosen",
    };
    let made = Value::String(made);
    let message = format!("`{}` {fate}: `{}` makes it `{made}`", value.value, step.name());
    let found = Diagnostic::new(Rule::IneffectiveValidation, &form.form.source, value.span.clone(), message);
    Some(found.help(format!("write `{made}`: rules judge what is normalized")))
}
