//! The verdict of a form's compiled schema, as violations in the form's own words.

use std::time::SystemTime;

use jsonschema::error::ValidationErrorKind;
use jsonschema::paths::Location;
use serde_json::Value;

use super::{MAX_VIOLATIONS, Violation};
use crate::compile::CompiledForm;
use crate::schema::{Operand, push_token};
use crate::vocabulary::{Recorded, address_of, recording};

/// Judges prepared values.
pub(super) fn validate(form: &CompiledForm, values: &Value, now: SystemTime) -> Result<(), Vec<Violation>> {
    if form.validator.is_valid(values) {
        return Ok(());
    }
    let mut found = Vec::with_capacity(16);
    // Of these values nothing else is said: they are not what any other rule is about.
    let mut mistyped: Vec<Violation> = Vec::new();
    let (errors, recorded) = recording(|| form.validator.iter_errors(values));
    for error in errors {
        let location = error.schema_path().as_str();
        let violation = |rule| Violation::new(form, rule, error.instance_path().clone());
        match error.kind() {
            ValidationErrorKind::Required { property } => {
                let property = property.as_str().unwrap_or_default();
                found.push(violation(form.rules.requiring(location, property)).at_key(property));
            }
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                let rule = form.rules.at(location);
                found.extend(unexpected.iter().take(MAX_VIOLATIONS).map(|key| violation(rule).at_key(key)));
            }
            ValidationErrorKind::Type { .. } => {
                let null = error.instance().is_null();
                let rule = null.then(|| form.rules.refusing_null(location)).flatten();
                mistyped.push(violation(rule.or_else(|| form.rules.at(location))));
            }
            _ => found.push(violation(form.rules.at(location))),
        }
    }
    if !recorded.is_empty() {
        locate(values, &mut String::new(), &mut |value, way| {
            let address = address_of(value);
            for recorded in recorded.iter().filter(|recorded| recorded.address == address) {
                found.extend(of_vocabulary(form, recorded, way, now));
            }
        });
    }
    if !mistyped.is_empty() {
        found.retain(|found| !mistyped.iter().any(|mistyped| mistyped.is_beside(found)));
        found.append(&mut mistyped);
    }
    Err(in_declared_order(form, found))
}

/// What a keyword of ours refuses; with what it was held against, where only the request shows that.
fn of_vocabulary<'f>(
    form: &'f CompiledForm,
    recorded: &'f Recorded,
    way: &str,
    now: SystemTime,
) -> impl Iterator<Item = Violation> + 'f {
    let rule = form.rules.at(recorded.keyword.as_str());
    let operand = rule.and_then(|rule| form.rules.rules.get(rule)?.operand.as_ref());
    let way = way.to_owned();
    recorded.failures.iter().take(MAX_VIOLATIONS).map(move |failure| {
        let violation = Violation::new(form, rule, Location::new()).at(&way).below(&failure.path);
        match operand {
            Some(Operand::Moment { .. }) => violation.judged_at(now),
            Some(Operand::Relation(relation)) => {
                violation.against(relation.param().zip(failure.operand.clone()))
            }
            None => violation,
        }
    })
}

/// Visits every object, array and text with its JSON Pointer.
fn locate(value: &Value, way: &mut String, visit: &mut impl FnMut(&Value, &str)) {
    visit(value, way);
    let length = way.len();
    match value {
        Value::Object(values) => {
            for (key, value) in values.iter().filter(|(_, value)| may_have_keywords(value)) {
                push_token(way, key);
                locate(value, way, visit);
                way.truncate(length);
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate().filter(|(_, value)| may_have_keywords(value)) {
                push_token(way, &index.to_string());
                locate(value, way, visit);
                way.truncate(length);
            }
        }
        _ => {}
    }
}

fn may_have_keywords(value: &Value) -> bool {
    matches!(value, Value::Object(_) | Value::Array(_) | Value::String(_))
}

/// Sorts by the order in which the form declares its rules, item by item in arrays, and reports each rule once.
fn in_declared_order(form: &CompiledForm, mut violations: Vec<Violation>) -> Vec<Violation> {
    let arrays = |violation: &Violation| {
        let rule = violation.rule.and_then(|rule| form.rules.rules.get(rule));
        rule.map_or(&[][..], |rule| rule.arrays.as_slice())
    };
    // Stable: unknown keys share one rule and keep the order of the request.
    violations.sort_by(|a, b| match (arrays(a), arrays(b)) {
        ([], []) => a.rule.cmp(&b.rule),
        (of_a, of_b) => order(of_a, a).cmp(order(of_b, b)),
    });
    violations.dedup_by(|later, earlier| later.rule == earlier.rule && later.is_beside(earlier));
    violations.truncate(MAX_VIOLATIONS);
    violations
}

/// For each array around a violation, where its items' rules begin and which item it is in; then its rule.
fn order<'v>(
    arrays: &'v [(usize, usize)],
    violation: &'v Violation,
) -> impl Iterator<Item = (Option<usize>, usize)> + 'v {
    let items = arrays.iter().map(|(first_rule, depth)| (Some(*first_rule), violation.index_at(*depth)));
    items.chain(std::iter::once((violation.rule, 0)))
}
