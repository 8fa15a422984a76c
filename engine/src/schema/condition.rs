//! Conditions as JSON Schema: what stands in an `if`.

use serde_json::{Map, Value, json};

use crate::model::{Comparison, Condition, Expectation, Field, Form, Step};

use super::presence;

/// A part of a condition with the place that it can be judged at.
pub(crate) struct Clause {
    /// How many steps of the owner's path lead to the form or item that all of its fields are in.
    pub(crate) scope: usize,
    /// A schema of that form or item, met where the clause holds.
    pub(crate) schema: Value,
}

/// The parts of a condition of the field at `owner` that must all hold. Mentions of unknown fields hold: they are
/// refused elsewhere.
pub(crate) fn clauses(form: &Form, owner: &[Step], condition: &Condition) -> Vec<Clause> {
    condition
        .conjuncts()
        .into_iter()
        .map(|conjunct| {
            let scope = scopes(form, owner, conjunct).into_iter().max().unwrap_or(0);
            Clause { scope, schema: schema(form, owner, scope, conjunct) }
        })
        .collect()
}

/// Whether a part of a condition is about fields in different scopes, so that no place sees all of them.
pub(crate) fn is_mixed(form: &Form, owner: &[Step], condition: &Condition) -> bool {
    condition.conjuncts().into_iter().any(|conjunct| {
        if matches!(conjunct, Condition::Field { .. }) {
            return false;
        }
        let scopes = scopes(form, owner, conjunct);
        scopes.windows(2).any(|pair| pair[0] != pair[1])
    })
}

/// For each field that a condition mentions: how many steps lead to the form or item that it is in.
fn scopes(form: &Form, owner: &[Step], condition: &Condition) -> Vec<usize> {
    let mut scopes = Vec::new();
    condition.for_each_field(&mut |path, _| {
        scopes.extend(form.resolve(owner, &path.value).map(|target| target.scope()));
    });
    scopes
}

/// The most ways in which a condition may hold that is about fields of the form and of an item at once.
const MOST_ALTERNATIVES: usize = 16;

/// Conditions of which no part is about fields in different scopes, and of which one holds where `condition` does;
/// nothing where there are too many. A rule under `condition` is a rule under each of them.
pub(crate) fn alternatives(form: &Form, owner: &[Step], condition: &Condition) -> Option<Vec<Condition>> {
    if !is_mixed(form, owner, condition) {
        return Some(vec![condition.clone()]);
    }
    let found = match without_outer_not(condition) {
        Condition::Any(parts) => {
            let each: Option<Vec<_>> = parts.iter().map(|part| alternatives(form, owner, part)).collect();
            each?.into_iter().flatten().collect()
        }
        Condition::All(parts) => {
            parts.iter().try_fold(vec![Condition::All(Vec::new())], |before, part| {
                let ways = alternatives(form, owner, part)?;
                let both =
                    before.iter().flat_map(|before| ways.iter().map(|way| before.clone().and(way.clone())));
                Some(both.take(MOST_ALTERNATIVES + 1).collect::<Vec<_>>())
            })?
        }
        _ => return None,
    };
    (found.len() <= MOST_ALTERNATIVES).then_some(found)
}

/// The same condition with `not` further inside (De Morgan).
fn without_outer_not(condition: &Condition) -> Condition {
    let not = |parts: &[Condition]| parts.iter().map(|part| Condition::Not(Box::new(part.clone()))).collect();
    match condition {
        Condition::Not(inner) => match inner.as_ref() {
            Condition::All(parts) => Condition::Any(not(parts)),
            Condition::Any(parts) => Condition::All(not(parts)),
            Condition::Not(inner) => without_outer_not(inner),
            Condition::Field { .. } => condition.clone(),
        },
        other => other.clone(),
    }
}

/// A schema of what meets every one of several schemas.
pub(super) fn all(mut schemas: Vec<Value>) -> Value {
    if schemas.len() == 1 { schemas.swap_remove(0) } else { keyword("allOf", schemas) }
}

/// A schema of one keyword, which takes the value as it is: `json!` would copy it, with all that is in it.
fn keyword(name: &str, value: impl Into<Value>) -> Value {
    let mut schema = Map::with_capacity(1);
    schema.insert(name.to_owned(), value.into());
    Value::Object(schema)
}

/// A schema of everything that another refuses.
fn not(mut schema: Value) -> Value {
    match schema.get_mut("not") {
        // Said twice, it says nothing; nothing stands beside a `not` that was made here.
        Some(inner) => inner.take(),
        None => keyword("not", schema),
    }
}

fn schema(form: &Form, owner: &[Step], scope: usize, condition: &Condition) -> Value {
    let each = |parts: &[Condition]| -> Vec<Value> {
        parts.iter().map(|part| schema(form, owner, scope, part)).collect()
    };
    match condition {
        Condition::All(parts) => all(each(parts)),
        Condition::Any(parts) => keyword("anyOf", each(parts)),
        Condition::Not(part) => not(schema(form, owner, scope, part)),
        Condition::Field { path, expectation } => match form.resolve(owner, &path.value) {
            None => Value::Bool(true),
            Some(target) => {
                let steps = target.path.get(scope..).unwrap_or_default();
                match expectation {
                    Expectation::Present(false) => {
                        keyword("not", below(steps, presence::present(target.field)))
                    }
                    Expectation::Present(true) => below(steps, presence::present(target.field)),
                    Expectation::OneOf(values) => {
                        let one = match values.as_slice() {
                            [value] => keyword("const", value.value.clone()),
                            _ => keyword("enum", super::inclusion::listed(values)),
                        };
                        below(steps, one)
                    }
                    Expectation::Compares(comparisons) => below(steps, compares(target.field, comparisons)),
                }
            }
        },
    }
}

/// A schema of objects that have, where `steps` lead, what `schema` describes.
fn below(steps: &[Step], schema: Value) -> Value {
    steps.iter().enumerate().rev().fold(schema, |inner, (at, step)| {
        let Step::Key(name) = step else { return inner };
        let mut object = Map::with_capacity(3);
        object.insert("properties".to_owned(), keyword(name, inner));
        object.insert("required".to_owned(), vec![name.as_str()].into());
        if at > 0 {
            // The outermost is known to be an object.
            object.insert("type".to_owned(), "object".into());
        }
        Value::Object(object)
    })
}

fn compares(field: &Field, comparisons: &[(Comparison, crate::model::Spanned<serde_json::Number>)]) -> Value {
    let schemas: Vec<Value> = comparisons
        .iter()
        .map(|(comparison, bound)| {
            let (keyword, value) = super::numericality::keyword(*comparison, &bound.value);
            json!({ "type": field.ty.json_type(), keyword: value })
        })
        .collect();
    all(schemas)
}
