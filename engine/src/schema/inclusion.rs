//! `inclusion` and `exclusion`: closed lists of values.

use serde_json::{Value, json};

use super::Constraint;
use crate::model::Spanned;

pub(super) fn listed(values: &[Spanned<Value>]) -> Vec<Value> {
    values.iter().map(|value| value.value.clone()).collect()
}

pub(super) fn inclusion(values: &[Spanned<Value>], nullable: bool) -> Vec<Constraint> {
    let mut options = listed(values);
    if nullable {
        options.push(Value::Null);
    }
    vec![Constraint::new("inclusion", vec![("enum", Value::Array(options))])]
}

pub(super) fn exclusion(values: &[Spanned<Value>]) -> Vec<Constraint> {
    vec![Constraint::new("exclusion", vec![("not", json!({ "enum": listed(values) }))])]
}
