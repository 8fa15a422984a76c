//! Values at which rules, conditions and normalization make a difference.

use serde_json::{Value, json};

use crate::compile::CompiledForm;
use crate::model::{
    Check, Comparison, Condition, Expectation, Field, FieldType, Form, Normalizer, PayloadSource, Step,
    dotted,
};
use crate::sample::turning_points;

/// How many constants of the two forms are tried for every field.
const CONSTANTS: usize = 64;

/// The longest text or array that is tried, which is above every bound that nobody wrote.
const LONGEST: (usize, usize) = (70_000, 1001);

/// The values that are tried for the fields of two forms.
pub(super) struct Values<'f> {
    forms: [&'f Form; 2],
    /// What stands in the forms, and what is next to it.
    constants: Vec<Value>,
}

impl<'f> Values<'f> {
    pub(super) fn new(old: &'f CompiledForm, new: &'f CompiledForm) -> Self {
        let forms = [&old.form, &new.form];
        let mut constants = Vec::new();
        for value in forms.into_iter().flat_map(constants_of).filter(|value| !value.is_null()) {
            if !constants.contains(&value) && constants.len() < CONSTANTS {
                constants.push(value);
            }
        }
        Self { forms, constants }
    }

    /// Values of the field at a dotted path; `None` leaves it out.
    pub(super) fn at(&self, path: &str) -> Vec<Option<Value>> {
        let mut values = vec![Value::Null, json!(""), json!(" a "), json!("Aa"), json!(1.5)];
        let mut types = Vec::new();
        for form in self.forms {
            form.for_each_field(&mut |field, at| {
                if dotted(at) == path && !matches!(at.last(), Some(Step::Item)) {
                    values.extend(of_field(field));
                    types.push(&field.ty);
                }
            });
            values.extend(decisive(form, path));
        }
        let fits = |value: &&Value| types.iter().any(|ty| fits(ty, value));
        values.extend(self.constants.iter().filter(fits).cloned());
        // What other cases are made one by normalization.
        let texts: Vec<String> = values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        for text in texts.iter().filter(|text| text.len() <= 64) {
            values.extend([text.to_uppercase(), text.to_lowercase(), format!(" {text} ")].map(Value::from));
        }
        let mut found: Vec<Option<Value>> = vec![None];
        for value in values.into_iter().map(Some) {
            if !found.contains(&value) {
                found.push(value);
            }
        }
        found
    }
}

/// The values of the field at a path at which conditions of the form change their minds.
fn decisive(form: &Form, path: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for_each_expectation(form, &mut |owner, seen, expectation| {
        if form.resolve(owner, seen).is_some_and(|target| dotted(&target.path) == path) {
            found.extend(turning_points(expectation));
        }
    });
    found
}

fn for_each_expectation(form: &Form, visit: &mut dyn FnMut(&[Step], &str, &Expectation)) {
    form.for_each_field(&mut |field, at| {
        let rules = field.validations.iter().filter_map(|rule| rule.condition.as_ref());
        for condition in field.when.iter().chain(rules) {
            let condition: &Condition = condition;
            condition.for_each_field(&mut |seen, expectation| visit(at, &seen.value, expectation));
        }
    });
}

/// The constants that stand in a form, but for those of secret fields.
fn constants_of(form: &Form) -> Vec<Value> {
    let mut found = Vec::new();
    form.for_each_field(&mut |field, _| {
        if field.secret {
            return;
        }
        found.extend(field.default.as_ref().map(|default| default.value.clone()));
        for validation in &field.validations {
            if let Check::Inclusion(listed) | Check::Exclusion(listed) = &validation.check {
                found.extend(listed.iter().map(|value| value.value.clone()));
            }
        }
    });
    for_each_expectation(form, &mut |_, _, expectation| found.extend(turning_points(expectation)));
    found.extend(form.payload.iter().filter_map(|entry| match &entry.source.value {
        PayloadSource::Constant(value) => Some(value.clone()),
        _ => None,
    }));
    found.into_iter().flat_map(beside).collect()
}

/// A value, and the whole numbers next to it.
fn beside(value: Value) -> Vec<Value> {
    match value.as_i64() {
        Some(number) => [0, -1, 1].map(|by| json!(number.saturating_add(by))).to_vec(),
        None => vec![value],
    }
}

fn fits(ty: &FieldType, value: &Value) -> bool {
    match ty.json_type() {
        "string" => value.is_string(),
        "integer" | "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        _ => false,
    }
}

/// The values at the bounds that a field has.
fn of_field(field: &Field) -> Vec<Value> {
    let mut values = Vec::new();
    let characters = characters(field);
    let mut sized = |count: u64| {
        for count in [count.saturating_sub(1), count, count.saturating_add(1)] {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            match &field.ty {
                FieldType::Array(items) => {
                    values.push(vec![of_type(&items.ty); count.min(LONGEST.1)].into());
                }
                _ => values.extend(characters.iter().map(|one| one.repeat(count.min(LONGEST.0)).into())),
            }
        }
    };
    if let Some(maximum) = field.ty.default_maximum_length() {
        sized(maximum);
    }
    for validation in &field.validations {
        if let Check::Length(length) = &validation.check {
            for bound in length.minimum.iter().chain(&length.maximum).chain(&length.is) {
                sized(bound.value);
            }
        }
    }
    for validation in &field.validations {
        match &validation.check {
            Check::Inclusion(listed) | Check::Exclusion(listed) => {
                values.extend(listed.iter().map(|value| value.value.clone()));
            }
            Check::Numericality(numericality) => {
                for (comparison, bound) in &numericality.comparisons {
                    values.extend(around(*comparison, &bound.value));
                }
            }
            _ => {}
        }
    }
    if let Some(keywords) = &field.schema {
        for value in keywords.value.values() {
            within(value, &mut values);
        }
    }
    if let Some(FieldType::String | FieldType::Text) = field.items().map(|items| &items.ty) {
        // Items that normalization makes the same.
        values.extend([json!(["a", " a"]), json!(["a", "A"])]);
    }
    values.extend([of_type(&field.ty), json!(false), json!(0), json!(1), json!(2)]);
    values
}

/// A value of a type, as good as any.
fn of_type(ty: &FieldType) -> Value {
    match ty {
        FieldType::String | FieldType::Text => json!("a"),
        FieldType::Integer | FieldType::Number => json!(1),
        FieldType::Boolean => json!(true),
        FieldType::Date => json!("2026-11-23"),
        FieldType::DateTime => json!("2026-11-23T12:00:00Z"),
        FieldType::Array(items) => json!([of_type(&items.ty)]),
        FieldType::Object(_) | FieldType::Group { .. } => json!({}),
    }
}

fn around(comparison: Comparison, bound: &serde_json::Number) -> Vec<Value> {
    let step = i64::from(comparison != Comparison::MultipleOf);
    match bound.as_i64() {
        Some(bound) => {
            vec![json!(bound.saturating_sub(step)), json!(bound), json!(bound.saturating_add(step))]
        }
        None => vec![Value::Number(bound.clone())],
    }
}

/// The characters of which texts of a length are made: a plain one, and those of which normalization makes more or fewer.
fn characters(field: &Field) -> Vec<&'static str> {
    let mut found = vec!["a"];
    for step in &field.normalize {
        found.push(match step {
            Normalizer::Trim | Normalizer::Squish => " ",
            Normalizer::Uppercase => "ß",
            Normalizer::Lowercase => "İ",
            // It is decomposed, though this form composes.
            Normalizer::Nfc => "\u{1d160}",
            Normalizer::Nfkc => "ﷺ",
            Normalizer::Digits => "1",
        });
    }
    found
}

/// The constants in further keywords, with texts of the lengths that they may speak of.
fn within(schema: &Value, found: &mut Vec<Value>) {
    match schema {
        Value::Object(keywords) => keywords.values().for_each(|value| within(value, found)),
        Value::Array(entries) => entries.iter().for_each(|value| within(value, found)),
        Value::Number(number) => {
            found.extend(beside(schema.clone()));
            let count = number.as_u64().and_then(|count| usize::try_from(count).ok());
            let counts = count.filter(|count| *count < LONGEST.1).into_iter();
            found.extend(
                counts
                    .flat_map(|count| [count.saturating_sub(1), count, count + 1])
                    .map(|count| Value::from("a".repeat(count))),
            );
        }
        value => found.push(value.clone()),
    }
}
