//! What happens to a submission before it is judged: aliases, `readonly`, normalization, defaults.

use std::collections::HashSet;

use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization;

use crate::lower::GROUP_SUFFIX;
use crate::model::{Field, FieldType, Form, Normalizer, UnknownFields};

/// Brings the submitted values into the shape that the form's schema judges.
pub(super) fn prepare(form: &Form, values: &mut Map<String, Value>) {
    accept_aliases(&form.fields, values);
    if form.unknown_fields == UnknownFields::Ignore {
        drop_unknown(&form.fields, values);
    }
    drop_readonly(&form.fields, values);
    normalize(&form.fields, values);
    fill_defaults(&form.fields, values);
}

fn groups(fields: &[Field]) -> impl Iterator<Item = (&Field, &[Field], bool)> {
    fields.iter().filter_map(|field| match &field.ty {
        FieldType::Group { fields, implied } => Some((field, fields.as_slice(), *implied)),
        _ => None,
    })
}

fn object_mut<'a>(values: &'a mut Map<String, Value>, name: &str) -> Option<&'a mut Map<String, Value>> {
    values.get_mut(name).and_then(Value::as_object_mut)
}

/// `<group>_attributes` → `<group>`. Where a request has both, the alias stays and is an unknown field.
fn accept_aliases(fields: &[Field], values: &mut Map<String, Value>) {
    for (group, fields, _) in groups(fields) {
        let name = &group.name.value;
        let alias = format!("{name}{GROUP_SUFFIX}");
        if !values.contains_key(name)
            && let Some(value) = values.shift_remove(&alias)
        {
            values.insert(name.clone(), value);
        }
        if let Some(values) = object_mut(values, name) {
            accept_aliases(fields, values);
        }
    }
}

fn drop_unknown(fields: &[Field], values: &mut Map<String, Value>) {
    let known: HashSet<&str> = fields.iter().map(|field| field.name.value.as_str()).collect();
    values.retain(|key, _| known.contains(key.as_str()));
    for (group, fields, _) in groups(fields) {
        if let Some(values) = object_mut(values, &group.name.value) {
            drop_unknown(fields, values);
        }
    }
}

fn drop_readonly(fields: &[Field], values: &mut Map<String, Value>) {
    for field in fields {
        if field.readonly {
            values.shift_remove(&field.name.value);
        } else if let Some(values) = object_mut(values, &field.name.value) {
            drop_readonly(field.fields(), values);
        }
    }
}

fn normalize(fields: &[Field], values: &mut Map<String, Value>) {
    for field in fields {
        match values.get_mut(&field.name.value) {
            Some(Value::String(text)) => {
                for step in &field.normalize {
                    *text = normalized(*step, text);
                }
            }
            Some(Value::Object(values)) => normalize(field.fields(), values),
            _ => {}
        }
    }
}

fn normalized(step: Normalizer, text: &str) -> String {
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
/// gives it a value.
fn fill_defaults(fields: &[Field], values: &mut Map<String, Value>) {
    for field in fields {
        let name = &field.name.value;
        if let FieldType::Group { fields, implied } = &field.ty {
            if values.get(name).is_none_or(Value::is_null) {
                values.shift_remove(name);
                if *implied || field.has_default() {
                    values.insert(name.clone(), Value::Object(Map::new()));
                }
            }
            if let Some(values) = object_mut(values, name) {
                fill_defaults(fields, values);
            }
        } else if let Some(default) = &field.default
            && !values.contains_key(name)
        {
            values.insert(name.clone(), default.value.clone());
        }
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
