//! The verdict of a form's compiled schema, as violations in the form's own words.

use std::time::SystemTime;

use jsonschema::error::ValidationErrorKind;
use jsonschema::paths::{Location, LocationSegment};
use serde_json::{Map, Value};

use super::{MAX_VIOLATIONS, Segment, Violation};
use crate::compile::CompiledForm;
use crate::schema::Operand;
use crate::vocabulary::Relation;

/// Judges prepared values.
pub(super) fn validate(form: &CompiledForm, values: &Value, now: SystemTime) -> Result<(), Vec<Violation>> {
    if form.validator.is_valid(values) {
        return Ok(());
    }
    let mut found = Vec::new();
    // Of these values nothing else is said: they are not what any other rule is about.
    let mut mistyped = Vec::new();
    for error in form.validator.iter_errors(values) {
        let path = segments(error.instance_path());
        let location = error.schema_path().as_str();
        match error.kind() {
            ValidationErrorKind::Required { property } => {
                let property = property.as_str().unwrap_or_default();
                let rule = form.rules.requiring(location, property);
                found.push(violation(form, rule, with(path, property), None));
            }
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                let rule = form.rules.at(location);
                let keys = unexpected.iter().take(MAX_VIOLATIONS);
                found.extend(keys.map(|key| violation(form, rule, with(path.clone(), key), None)));
            }
            ValidationErrorKind::Type { .. } => {
                let null = error.instance().is_null();
                let rule = null.then(|| form.rules.refusing_null(location)).flatten();
                mistyped.push(violation(form, rule.or_else(|| form.rules.at(location)), path, None));
            }
            _ => {
                let rule = form.rules.at(location);
                let operand = rule.and_then(|rule| form.rules.rules.get(rule)?.operand.as_ref());
                match operand {
                    Some(Operand::Relation(relation)) => {
                        found.extend(related(form, rule, relation, &path, error.instance()));
                    }
                    operand => {
                        let mut violation = violation(form, rule, path, Some(error.instance().as_ref()));
                        if let Some(Operand::Moment { moment, with_time }) = operand {
                            violation.params.insert("value".into(), moment.text(*with_time, now).into());
                        }
                        found.push(violation);
                    }
                }
            }
        }
    }
    let of_mistyped = |path: &[Segment]| mistyped.iter().any(|mistyped: &Violation| mistyped.path == path);
    found.retain(|found| !of_mistyped(&found.path));
    found.append(&mut mistyped);
    Err(in_declared_order(form, found))
}

/// What a relation refuses in an object, each with what it was held against.
fn related(
    form: &CompiledForm,
    rule: Option<usize>,
    relation: &Relation,
    base: &[Segment],
    object: &Value,
) -> Vec<Violation> {
    let failures = relation.failures(object).into_iter().take(MAX_VIOLATIONS);
    failures
        .map(|failure| {
            let path = base.iter().cloned().chain(failure.path).collect();
            let mut violation = violation(form, rule, path, None);
            if let (Some(param), Some(operand)) = (relation.param(), failure.operand) {
                violation.params.insert(param.to_owned(), operand);
            }
            violation
        })
        .collect()
}

fn violation(
    form: &CompiledForm,
    index: Option<usize>,
    path: Vec<Segment>,
    value: Option<&Value>,
) -> Violation {
    let rule = index.and_then(|index| form.rules.rules.get(index));
    debug_assert!(rule.is_some(), "a schema location without a rule");
    let secret = rule.and_then(|rule| form.rules.fields.get(rule.field?)).is_none_or(|field| field.secret);
    Violation {
        path,
        // A keyword that no rule put there cannot exist; if it does, the refusal still stands.
        code: rule.map_or("invalid", |rule| rule.code),
        params: rule.map_or_else(Map::new, |rule| rule.params.clone()),
        rule: index,
        // Only a single value is ever quoted.
        value: value.filter(|value| !secret && !value.is_object() && !value.is_array()).cloned(),
    }
}

fn with(mut path: Vec<Segment>, key: &str) -> Vec<Segment> {
    path.push(Segment::Key(key.to_owned()));
    path
}

fn segments(location: &Location) -> Vec<Segment> {
    location
        .into_iter()
        .map(|segment| match segment {
            LocationSegment::Property(key) => Segment::Key(key.into_owned()),
            LocationSegment::Index(index) => Segment::Index(index),
        })
        .collect()
}

/// Sorts by the order in which the form declares its rules, item by item in arrays, and reports each rule once.
fn in_declared_order(form: &CompiledForm, mut violations: Vec<Violation>) -> Vec<Violation> {
    // Stable: unknown keys share one rule and keep the order of the request.
    violations.sort_by(|a, b| order(form, a).cmp(order(form, b)));
    violations.dedup_by(|later, earlier| later.rule == earlier.rule && later.path == earlier.path);
    violations.truncate(MAX_VIOLATIONS);
    violations
}

/// For each array around a violation, where its items' rules begin and which item it is in; then its rule.
fn order<'v>(form: &'v CompiledForm, violation: &'v Violation) -> impl Iterator<Item = (usize, usize)> + 'v {
    let rule = violation.rule.and_then(|rule| form.rules.rules.get(rule));
    let indexes = violation.path.iter().filter_map(|segment| match segment {
        Segment::Index(index) => Some(*index),
        Segment::Key(_) => None,
    });
    let arrays = rule.into_iter().flat_map(|rule| rule.arrays.iter().copied());
    arrays.zip(indexes).chain(std::iter::once((violation.rule.unwrap_or(usize::MAX), 0)))
}
