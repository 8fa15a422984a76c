//! What a submission claims for itself among the records of its resource.

use serde_json::{Number, Value};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use crate::compile::CompiledForm;
use crate::model::{Check, Field, Unique, Validation};
use crate::schema::is_blank;

/// A value that no other record of the resource may have.
///
/// Two claims are equal exactly if their digests are: SHA-256 over the resource, the field, the scope and the
/// values. So that a long or secret value takes no room and tells nothing, the value itself is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The path of the field.
    pub path: Vec<String>,
    /// What is claimed.
    pub digest: [u8; 32],
    /// The value itself, for the message if it is taken; absent for secrets.
    pub(crate) value: Option<Value>,
}

/// Everything that prepared and valid values claim, in declared order.
pub(super) fn claims(form: &CompiledForm, values: &Value) -> Vec<Claim> {
    let mut found = Vec::new();
    collect(form, &form.form.fields, &mut Vec::new(), values, &mut found);
    found
}

fn collect<'a>(
    form: &CompiledForm,
    fields: &'a [Field],
    path: &mut Vec<&'a str>,
    values: &Value,
    found: &mut Vec<Claim>,
) {
    for field in fields {
        path.push(&field.name.value);
        for validation in &field.validations {
            if let Check::Unique(unique) = &validation.check {
                found.extend(claim(form, field, path, unique, validation, values));
            }
        }
        collect(form, field.fields(), path, values, found);
        path.pop();
    }
}

fn claim(
    form: &CompiledForm,
    field: &Field,
    path: &[&str],
    unique: &Unique,
    validation: &Validation,
    values: &Value,
) -> Option<Claim> {
    let value = at(values, path.iter().copied()).filter(|value| !value.is_null())?;
    if validation.allow_blank && value.as_str().is_some_and(is_blank) {
        return None;
    }
    let claimed = canonical(value, unique.case_sensitive);
    let mut scope: Vec<(&str, Value)> = unique
        .scope
        .iter()
        .map(|path| path.value.as_str())
        .map(|path| (path, at(values, path.split('.')).map_or(Value::Null, |value| canonical(value, true))))
        .collect();
    // The order in which an author lists the scope means nothing.
    scope.sort_by_key(|(path, _)| *path);
    scope.dedup_by_key(|(path, _)| *path);
    let everything =
        serde_json::json!([form.form.resource.name, path, unique.case_sensitive, claimed, scope]);
    Some(Claim {
        path: path.iter().map(|&name| name.to_owned()).collect(),
        digest: Sha256::digest(everything.to_string()).into(),
        value: (!field.secret).then(|| value.clone()),
    })
}

fn at<'a, 'p>(values: &'a Value, mut path: impl Iterator<Item = &'p str>) -> Option<&'a Value> {
    path.try_fold(values, |value, name| value.get(name))
}

/// One form for all values that count as equal: `1` and `1.0`, composed and decomposed letters, `A` and `a`.
fn canonical(value: &Value, case_sensitive: bool) -> Value {
    match value {
        Value::String(text) if case_sensitive => text.nfc().collect::<String>().into(),
        Value::String(text) => text.nfc().collect::<String>().to_lowercase().nfc().collect::<String>().into(),
        Value::Number(number) => Value::Number(whole(number).unwrap_or_else(|| number.clone())),
        other => other.clone(),
    }
}

/// The integer that a float is, if it is one that an integer type can say.
fn whole(number: &Number) -> Option<Number> {
    let float = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0)?;
    // Written without a fraction or exponent, a whole float is what its integer is written as.
    let text = format!("{float:.0}");
    text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from)).ok()
}
