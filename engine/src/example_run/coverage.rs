//! What the examples of a form do not show.

use std::collections::BTreeSet;

use serde_json::Value;

use super::ExampleRun;
use crate::model::{Check, Field, Form, Step, dotted};

/// What of a form its examples show, and what they do not.
#[derive(Debug)]
pub struct Coverage {
    /// How many errors the author's own rules can give: pairs of a path without indexes and a code.
    pub rules: usize,
    /// Those that no example gives, in declared order.
    pub unbroken: Vec<(String, &'static str)>,
    /// The fields that no valid example sends, in declared order.
    pub unsent: Vec<String>,
}

/// Compares what a form's rules can say with what its examples make it say.
///
/// What types and resources bring along is not the author's to show, and uniqueness is decided by the database: neither
/// counts.
#[must_use]
pub fn coverage(form: &Form, runs: &[ExampleRun<'_>]) -> Coverage {
    let broken: BTreeSet<(String, &str)> = runs
        .iter()
        .flat_map(|run| &run.actual)
        .map(|(path, code)| (without_indexes(path), code.as_str()))
        .collect();
    let mut rules: Vec<(String, &'static str)> = Vec::new();
    let mut unsent = Vec::new();
    form.for_each_field(&mut |field, path| {
        for pair in stated(field, path) {
            if !rules.contains(&pair) {
                rules.push(pair);
            }
        }
        if is_for_requests(form, field, path) {
            let mut valid = runs.iter().filter(|run| run.example.valid.value);
            if !valid
                .any(|run| run.example.form.get(&first(path)).is_some_and(|value| is_sent(value, &path[1..])))
            {
                unsent.push(dotted(path));
            }
        }
    });
    let unbroken =
        rules.iter().filter(|(path, code)| !broken.contains(&(path.clone(), *code))).cloned().collect();
    Coverage { rules: rules.len(), unbroken, unsent }
}

/// The errors of the rules that the author wrote for a field.
fn stated(field: &Field, path: &[Step]) -> Vec<(String, &'static str)> {
    // The rules of a built-in field are said to be written where the field is.
    let own = field.validations.iter().filter(|validation| validation.span != field.name.span);
    own.filter(|validation| !matches!(validation.check, Check::Unique(_)))
        .flat_map(|validation| {
            let path = match validation.check {
                Check::Confirmation { .. } => format!("{}_confirmation", dotted(path)),
                _ => dotted(path),
            };
            validation.check.codes().into_iter().map(move |code| (path.clone(), code))
        })
        .collect()
}

/// Whether a client may send the field, and it is no group that only holds others.
fn is_for_requests(form: &Form, field: &Field, path: &[Step]) -> bool {
    let is_twin = field.name.value.ends_with("_confirmation");
    let is_item = path.last() == Some(&Step::Item);
    let is_group = matches!(field.ty, crate::model::FieldType::Group { .. });
    !(field.readonly || is_twin || is_item || is_group || form.payload_computes(path))
}

fn first(path: &[Step]) -> String {
    match path.first() {
        Some(Step::Key(name)) => name.clone(),
        _ => String::new(),
    }
}

fn is_sent(value: &Value, path: &[Step]) -> bool {
    match path.split_first() {
        None => !value.is_null(),
        Some((Step::Key(name), rest)) => value.get(name).is_some_and(|value| is_sent(value, rest)),
        Some((Step::Item, rest)) => value.as_array().into_iter().flatten().any(|item| is_sent(item, rest)),
    }
}

fn without_indexes(path: &str) -> String {
    let keys: Vec<&str> = path.split('.').filter(|key| key.parse::<usize>().is_err()).collect();
    keys.join(".")
}
