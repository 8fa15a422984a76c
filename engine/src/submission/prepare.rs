//! What happens to a submission before it is judged: aliases, `readonly`, normalization, defaults, hidden fields, what
//! the form computes.

use std::borrow::Cow;

use rustc_hash::FxHashSet;
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization;

use crate::compile::CompiledForm;
use crate::lower::GROUP_SUFFIX;
use crate::model::{Field, FieldType, Normalizer, Step, UnknownFields};
use crate::payload::{Circumstances, PayloadFault};

/// Brings the submitted values into the shape that the form's schema judges, but for what the form computes.
pub(super) fn prepare(compiled: &CompiledForm, mut values: Map<String, Value>) -> Value {
    let form = &compiled.form;
    accept_aliases(&form.fields, &mut values);
    if form.unknown_fields == UnknownFields::Ignore {
        drop_unknown(&form.fields, &mut values);
    }
    drop_readonly(&form.fields, &mut values);
    normalize(&form.fields, &mut values);
    let unsent = unsent_profiles(&form.fields, &values);
    fill_defaults(&form.fields, &mut values);
    let mut values = Value::Object(values);
    drop_hidden(compiled, &mut values);
    drop_hollow(&unsent, &mut values);
    values
}

/// Values as the form's document spells them: groups under their own names, and nothing that is not the client's to say.
pub(super) fn canonical(compiled: &CompiledForm, mut values: Map<String, Value>) -> Map<String, Value> {
    accept_aliases(&compiled.form.fields, &mut values);
    drop_readonly(&compiled.form.fields, &mut values);
    values
}

/// Puts what the form computes over prepared values.
/// Where a value that the form computes cannot be had, the values are as they are without any.
pub(super) fn compute(
    compiled: &CompiledForm,
    mut values: Value,
    circumstances: &Circumstances,
) -> (Value, Option<PayloadFault>) {
    let form = &compiled.form;
    if let Value::Object(sent) = &values
        && !compiled.payload.is_empty()
    {
        let computed = match compiled.payload.compute(form, compiled.version(), sent, circumstances) {
            Ok(computed) => computed,
            Err(fault) => return (values, Some(fault)),
        };
        for (path, value) in computed {
            merge(&form.fields, &mut values, path, value);
        }
        // What is hidden stays so: nothing would judge a value that the form computes for it.
        drop_hidden(compiled, &mut values);
    }
    (values, None)
}

/// The profiles that the request does not carry and a default may bring about, with the group that they are in.
fn unsent_profiles<'f>(fields: &'f [Field], values: &Map<String, Value>) -> Vec<(&'f str, &'f str)> {
    let profiles = groups(fields).flat_map(|(group, profiles)| {
        groups(profiles)
            .map(move |(profile, _)| (group, profile))
            .filter(|(_, profile)| profile.has_default())
    });
    let sent = |(group, profile): &(&Field, &Field)| {
        let group = values.get(&group.name.value);
        group.and_then(|group| group.get(&profile.name.value)).is_some_and(|profile| !profile.is_null())
    };
    let unsent = profiles.filter(|names| !sent(names));
    unsent.map(|(group, profile)| (group.name.value.as_str(), profile.name.value.as_str())).collect()
}

/// Drops the profiles that only hidden defaults brought about.
fn drop_hollow(unsent: &[(&str, &str)], values: &mut Value) {
    for (group, profile) in unsent {
        if let Some(Value::Object(profiles)) = values.get_mut(*group)
            && profiles.get(*profile).is_some_and(is_hollow)
        {
            profiles.shift_remove(*profile);
        }
    }
}

fn is_hollow(value: &Value) -> bool {
    value.as_object().is_some_and(|object| object.values().all(is_hollow))
}

fn drop_hidden(compiled: &CompiledForm, values: &mut Value) {
    for field in &compiled.hideable {
        field.drop_where_hidden(values);
    }
}

fn groups(fields: &[Field]) -> impl Iterator<Item = (&Field, &[Field])> {
    fields.iter().filter_map(|field| match &field.ty {
        FieldType::Group { fields, .. } => Some((field, fields.as_slice())),
        _ => None,
    })
}

fn object_mut<'a>(values: &'a mut Map<String, Value>, name: &str) -> Option<&'a mut Map<String, Value>> {
    values.get_mut(name).and_then(Value::as_object_mut)
}

/// Visits every object that a field's value holds, with the fields that it has.
fn within(field: &Field, value: &mut Value, visit: &mut impl FnMut(&[Field], &mut Map<String, Value>)) {
    match (&field.ty, value) {
        (FieldType::Group { fields, .. } | FieldType::Object(fields), Value::Object(values)) => {
            visit(fields, values);
        }
        (FieldType::Array(items), Value::Array(values)) => {
            for value in values {
                within(items, value, visit);
            }
        }
        _ => {}
    }
}

/// `<group>_attributes` → `<group>`. Where a request has both, the alias stays and is an unknown field.
fn accept_aliases(fields: &[Field], values: &mut Map<String, Value>) {
    for (group, fields) in groups(fields) {
        let name = &group.name.value;
        if !values.contains_key(name)
            && let Some(value) = values.shift_remove(&format!("{name}{GROUP_SUFFIX}"))
        {
            values.insert(name.clone(), value);
        }
        if let Some(values) = object_mut(values, name) {
            accept_aliases(fields, values);
        }
    }
}

fn drop_unknown(fields: &[Field], values: &mut Map<String, Value>) {
    let known: FxHashSet<&str> = fields.iter().map(|field| field.name.value.as_str()).collect();
    if values.keys().any(|key| !known.contains(key.as_str())) {
        values.retain(|key, _| known.contains(key.as_str()));
    }
    for field in fields.iter().filter(|field| field.ty.is_compound()) {
        if let Some(value) = values.get_mut(&field.name.value) {
            within(field, value, &mut drop_unknown);
        }
    }
}

fn drop_readonly(fields: &[Field], values: &mut Map<String, Value>) {
    for field in fields {
        if field.readonly {
            values.shift_remove(&field.name.value);
        } else if field.ty.is_compound()
            && let Some(value) = values.get_mut(&field.name.value)
        {
            within(field, value, &mut drop_readonly);
        }
    }
}

fn normalize(fields: &[Field], values: &mut Map<String, Value>) {
    for field in fields.iter().filter(|field| field.ty.is_compound() || !field.normalize.is_empty()) {
        if let Some(value) = values.get_mut(&field.name.value) {
            normalize_value(field, value);
        }
    }
}

fn normalize_value(field: &Field, value: &mut Value) {
    match (&field.ty, value) {
        (FieldType::Array(items), Value::Array(values)) => {
            for value in values {
                normalize_value(items, value);
            }
        }
        (_, Value::String(text)) => {
            *text = normalized_by(field, text);
        }
        (_, value) => within(field, value, &mut normalize),
    }
}

/// A text as a field wants it.
pub(super) fn normalized_by(field: &Field, text: &str) -> String {
    let text = Cow::Borrowed(text);
    field.normalize.iter().fold(text, |text, step| normalized(*step, &text).into()).into_owned()
}

/// A text after one step of normalization; the same step once more changes nothing.
pub(crate) fn normalized(step: Normalizer, text: &str) -> String {
    match step {
        Normalizer::Trim => text.trim().to_owned(),
        Normalizer::Squish => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Normalizer::Lowercase => text.to_lowercase(),
        Normalizer::Uppercase => text.to_uppercase(),
        Normalizer::Nfc => text.nfc().collect(),
        Normalizer::Nfkc => text.nfkc().collect(),
        Normalizer::Digits => text.chars().filter(char::is_ascii_digit).collect(),
    }
}

/// Gives absent fields their defaults. An absent group is empty; an absent profile is there only if a default
/// gives it a value; an absent object stays absent.
fn fill_defaults(fields: &[Field], values: &mut Map<String, Value>) {
    for field in fields {
        let name = &field.name.value;
        if let FieldType::Group { implied, .. } = &field.ty {
            if values.get(name).is_none_or(Value::is_null) {
                values.shift_remove(name);
                if *implied || field.has_default() {
                    values.insert(name.clone(), Value::Object(Map::new()));
                }
            }
        } else if let Some(default) = &field.default
            && !values.contains_key(name)
        {
            values.insert(name.clone(), default.value.clone());
        }
        if field.ty.is_compound()
            && let Some(value) = values.get_mut(name)
        {
            within(field, value, &mut fill_defaults);
        }
    }
}

/// Puts a computed value where it belongs, making the groups and objects around it. What stands there and is none
/// stays, and is refused for its type.
fn merge(fields: &[Field], values: &mut Value, path: &[Step], value: Value) {
    let Value::Object(values) = values else { return };
    match path {
        [Step::Key(name)] => {
            let mut value = value;
            if let Some(field) = fields.iter().find(|field| field.name.value == *name) {
                within(field, &mut value, &mut fill_defaults);
            }
            values.insert(name.clone(), value);
        }
        [Step::Key(name), rest @ ..] => {
            let Some(field) = fields.iter().find(|field| field.name.value == *name) else { return };
            if values.get(name).is_none_or(Value::is_null) {
                let mut made = Map::new();
                fill_defaults(field.fields(), &mut made);
                values.insert(name.clone(), Value::Object(made));
            }
            if let Some(values) = values.get_mut(name) {
                merge(field.fields(), values, rest, value);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalizers() {
        for (step, text, expected) in [
            (Normalizer::Trim, " \u{a0}a b\t\n", "a b"),
            (Normalizer::Squish, "  a \n b ", "a b"),
            (Normalizer::Lowercase, "ŻÓŁĆ", "żółć"),
            (Normalizer::Uppercase, "straße", "STRASSE"),
            (Normalizer::Nfc, "e\u{301}", "é"),
            (Normalizer::Nfkc, "ﬁ①", "fi1"),
            (Normalizer::Digits, "+48 (12) 345", "4812345"),
        ] {
            assert_eq!(normalized(step, text), expected);
        }
    }
}
