//! Conditions as JSON Schema: what stands in an `if`.

use serde_json::{Value, json};

use crate::model::{Comparison, Condition, Expectation, Field, Form, Step};

use super::presence;

/// A part of a condition with the place that it can be judged at.
pub(crate) struct Clause {
    /// How many steps of the owner's path lead to the form or item that all of its fields are in.
    pub(crate) scope: usize,
    /// A schema of that form or item, met where the clause holds.
    pub(crate) schema: Value,
    /// Whether its fields are in different scopes, so that no place sees all of them.
    pub(crate) mixed: bool,
}

/// The parts of a condition of the field at `owner` that must all hold. Mentions of unknown fields hold: they are
/// refused elsewhere.
pub(crate) fn clauses(form: &Form, owner: &[Step], condition: &Condition) -> Vec<Clause> {
    condition
        .conjuncts()
        .into_iter()
        .map(|conjunct| {
            let mut scopes = Vec::new();
            conjunct.for_each_field(&mut |path, _| {
                scopes.extend(form.resolve(owner, &path.value).map(|target| target.scope()));
            });
            let scope = scopes.iter().copied().max().unwrap_or(0);
            let mixed = scopes.iter().any(|other| *other != scope);
            Clause { scope, schema: schema(form, owner, scope, conjunct), mixed }
        })
        .collect()
}

/// A schema of what meets every one of several schemas.
pub(super) fn all(mut schemas: Vec<Value>) -> Value {
    if schemas.len() == 1 { schemas.swap_remove(0) } else { json!({ "allOf": schemas }) }
}

fn schema(form: &Form, owner: &[Step], scope: usize, condition: &Condition) -> Value {
    let each = |parts: &[Condition]| -> Vec<Value> {
        parts.iter().map(|part| schema(form, owner, scope, part)).collect()
    };
    match condition {
        Condition::All(parts) => all(each(parts)),
        Condition::Any(parts) => json!({ "anyOf": each(parts) }),
        Condition::Not(part) => json!({ "not": schema(form, owner, scope, part) }),
        Condition::Field { path, expectation } => match form.resolve(owner, &path.value) {
            None => Value::Bool(true),
            Some(target) => {
                let steps = target.path.get(scope..).unwrap_or_default();
                match expectation {
                    Expectation::Present(false) => {
                        json!({ "not": below(steps, presence::present(target.field)) })
                    }
                    Expectation::Present(true) => below(steps, presence::present(target.field)),
                    Expectation::OneOf(values) => {
                        let values: Vec<&Value> = values.iter().map(|value| &value.value).collect();
                        let one = match values.as_slice() {
                            [value] => json!({ "const": value }),
                            _ => json!({ "enum": values }),
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
        let mut object = json!({ "properties": { name.as_str(): inner }, "required": [name] });
        if at > 0 {
            // The outermost is known to be an object.
            object["type"] = json!("object");
        }
        object
    })
}

fn compares(field: &Field, comparisons: &[(Comparison, crate::model::Spanned<serde_json::Number>)]) -> Value {
    let mut schemas: Vec<Value> = comparisons
        .iter()
        .map(|(comparison, bound)| {
            let (keyword, value) = super::numericality::keyword(*comparison, &bound.value);
            json!({ "type": field.ty.json_type(), keyword: value })
        })
        .collect();
    if schemas.len() == 1 { schemas.swap_remove(0) } else { json!({ "allOf": schemas }) }
}
