//! What a submission claims for itself among the records of its resource.

use serde_json::{Number, Value};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use crate::compile::CompiledForm;
use crate::guard::Scope;
use crate::model::{Check, Field, Segment, Step, Unique, Validation};
use crate::schema::is_blank;

/// A value that no other record of the resource may have.
///
/// Two claims are equal exactly if their digests are: SHA-256 over the resource, the field, the scope and the
/// values. So that a long or secret value takes no room and tells nothing, the value itself is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The way to the value.
    pub path: Vec<Segment>,
    /// What is claimed.
    pub digest: [u8; 32],
    /// The value itself, for the message if it is taken; absent for secrets.
    pub(crate) value: Option<Value>,
}

impl Claim {
    /// The dotted path of the field, the same for every item of an array.
    #[must_use]
    pub fn declared_path(&self) -> String {
        let keys = self.path.iter().filter_map(|segment| match segment {
            Segment::Key(key) => Some(key.as_str()),
            Segment::Index(_) => None,
        });
        keys.collect::<Vec<_>>().join(".")
    }
}

/// Everything that prepared and valid values claim, in declared order.
pub(super) fn claims(form: &CompiledForm, values: &Value) -> Vec<Claim> {
    let mut claims =
        Claims { form, declared: Vec::new(), path: Vec::new(), scopes: vec![(0, values)], found: Vec::new() };
    claims.object(&form.form.fields, values);
    claims.found
}

struct Claims<'v> {
    form: &'v CompiledForm,
    /// The way to the field, and the way to its value.
    declared: Vec<Step>,
    path: Vec<Segment>,
    scopes: Vec<Scope<'v>>,
    found: Vec<Claim>,
}

impl<'v> Claims<'v> {
    fn object(&mut self, fields: &[Field], values: &'v Value) {
        for field in fields {
            let is_unique = |validation: &Validation| matches!(validation.check, Check::Unique(_));
            if !field.ty.is_compound() && !field.validations.iter().any(is_unique) {
                continue;
            }
            let Some(value) = values.get(&field.name.value) else { continue };
            self.declared.push(Step::Key(field.name.value.clone()));
            self.path.push(Segment::Key(field.name.value.clone()));
            self.value(field, value);
            self.path.pop();
            self.declared.pop();
        }
    }

    fn value(&mut self, field: &Field, value: &'v Value) {
        for validation in &field.validations {
            if let Check::Unique(unique) = &validation.check {
                self.claim(field, unique, validation, value);
            }
        }
        match field.items() {
            None => self.object(field.fields(), value),
            Some(items) => {
                self.declared.push(Step::Item);
                for (index, value) in value.as_array().into_iter().flatten().enumerate() {
                    self.path.push(Segment::Index(index));
                    self.scopes.push((self.declared.len(), value));
                    self.value(items, value);
                    self.scopes.pop();
                    self.path.pop();
                }
                self.declared.pop();
            }
        }
    }

    fn claim(&mut self, field: &Field, unique: &Unique, validation: &Validation, value: &Value) {
        let is_exempt = validation.allow_blank && value.as_str().is_some_and(is_blank);
        if value.is_null() || is_exempt {
            return;
        }
        let guard = self.form.guards.get(&validation.span.start);
        if guard.is_some_and(|guard| !guard.holds(&self.scopes)) {
            return;
        }
        let claimed = canonical(value, unique.case_sensitive);
        let mut scope: Vec<(String, Value)> = unique
            .scope
            .iter()
            .map(|path| {
                (
                    path.value.clone(),
                    self.scoped(&path.value).map_or(Value::Null, |value| canonical(value, true)),
                )
            })
            .collect();
        // The order in which an author lists the scope means nothing.
        scope.sort_by(|(a, _), (b, _)| a.cmp(b));
        scope.dedup_by(|(a, _), (b, _)| a == b);
        let names: Vec<&str> = self
            .declared
            .iter()
            .map(|step| match step {
                Step::Key(name) => name.as_str(),
                Step::Item => "*",
            })
            .collect();
        let resource = self.form.form.resource.name;
        // What is JSON already is written without fail.
        let everything = serde_json::to_vec(&(resource, names, unique.case_sensitive, claimed, scope));
        self.found.push(Claim {
            path: self.path.clone(),
            digest: Sha256::digest(everything.unwrap_or_default()).into(),
            value: (!field.secret).then(|| value.clone()),
        });
    }

    /// The value that a path in a `scope` names here.
    fn scoped(&self, written: &str) -> Option<&'v Value> {
        let target = self.form.form.resolve(&self.declared, written)?;
        let (length, value) = self.scopes.iter().find(|(length, _)| *length == target.scope())?;
        target.path[*length..].iter().try_fold(*value, |value, step| match step {
            Step::Key(name) => value.get(name),
            Step::Item => None,
        })
    }
}

/// One form for all values that count as equal: `1` and `1.0`, composed and decomposed letters, `A` and `a`.
fn canonical(value: &Value, case_sensitive: bool) -> Value {
    match value {
        // ASCII is composed, and one letter stays one.
        Value::String(text) if text.is_ascii() && case_sensitive => text.as_str().into(),
        Value::String(text) if text.is_ascii() => text.to_ascii_lowercase().into(),
        Value::String(text) if case_sensitive => text.nfc().collect::<String>().into(),
        Value::String(text) => text.nfc().collect::<String>().to_lowercase().nfc().collect::<String>().into(),
        Value::Number(number) => Value::Number(whole(number).unwrap_or_else(|| number.clone())),
        Value::Array(values) => values.iter().map(|value| canonical(value, case_sensitive)).collect(),
        Value::Object(values) => {
            // What is null is absent, and the order of keys means nothing.
            let mut entries: Vec<(String, Value)> = values
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name.clone(), canonical(value, case_sensitive)))
                .collect();
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(entries.into_iter().collect())
        }
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
