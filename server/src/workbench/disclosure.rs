//! What may be shown of a stored record: what its form declares, and does not call secret.
//!
//! In: the attributes as they were stored, and the form as it is now, if there still is one. Out: the same with
//! [`Disclosed::Hidden`] in the place of whatever cannot be shown not to be a secret. Called by the page of recent creates.
//!
//! The form may have changed since, so it is the attribute that has to be declared, wherever it came from: what no field
//! declares any more may have been a secret when it was stored.

use formwork_engine::compile::CompiledForm;
use formwork_engine::model::{Field, FieldType, Role};
use serde_json::{Map, Value};

/// A part of a record as it may be shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Disclosed {
    /// It is there, and not shown.
    Hidden,
    /// A value by itself.
    Value(Value),
    /// Parts by name.
    Object(Vec<(String, Disclosed)>),
    /// Parts in order.
    Array(Vec<Disclosed>),
}

/// What may be shown of the attributes of a record.
#[must_use]
pub fn disclose(form: Option<&CompiledForm>, attributes: &Map<String, Value>) -> Vec<(String, Disclosed)> {
    members(form.map_or(&[][..], |form| &form.form.fields), attributes)
}

fn members(fields: &[Field], values: &Map<String, Value>) -> Vec<(String, Disclosed)> {
    let member = |(name, value): (&String, &Value)| {
        let field = fields.iter().find(|field| field.name.value == *name);
        (name.clone(), field.map_or(Disclosed::Hidden, |field| part(field, value)))
    };
    values.iter().map(member).collect()
}

fn part(field: &Field, value: &Value) -> Disclosed {
    if field.secret || field.role == Role::Password {
        return Disclosed::Hidden;
    }
    match (&field.ty, value) {
        (_, Value::Null) => Disclosed::Value(Value::Null),
        (FieldType::Group { fields, .. } | FieldType::Object(fields), Value::Object(values)) => {
            Disclosed::Object(members(fields, values))
        }
        (FieldType::Array(items), Value::Array(values)) => {
            Disclosed::Array(values.iter().map(|value| part(items, value)).collect())
        }
        (ty, Value::String(_)) if ty.json_type() == "string" => Disclosed::Value(value.clone()),
        (ty, Value::Number(_)) if ty.is_numeric() => Disclosed::Value(value.clone()),
        (FieldType::Boolean, Value::Bool(_)) => Disclosed::Value(value.clone()),
        // What is of another type than the field has now was something else when it was stored.
        _ => Disclosed::Hidden,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::Arc;
    use std::time::SystemTime;

    use formwork_engine::build::build_untested;
    use formwork_engine::compile::Compiler;
    use formwork_engine::source::SourceFile;
    use serde_json::json;

    use super::*;

    fn shown(form: &str, attributes: &Value) -> String {
        let source = Arc::new(SourceFile::new("f.toml".into(), "f".into(), form.to_owned()));
        let built = build_untested(&Compiler::new(), &source, None, SystemTime::UNIX_EPOCH);
        let form = built.form.unwrap();
        let object = |parts: Vec<(String, Disclosed)>| {
            Value::Object(parts.into_iter().map(|(name, part)| (name, value(part))).collect())
        };
        object(disclose(Some(&form), attributes.as_object().unwrap())).to_string()
    }

    fn value(part: Disclosed) -> Value {
        match part {
            Disclosed::Hidden => "HIDDEN".into(),
            Disclosed::Value(value) => value,
            Disclosed::Object(parts) => {
                Value::Object(parts.into_iter().map(|(name, part)| (name, value(part))).collect())
            }
            Disclosed::Array(parts) => parts.into_iter().map(value).collect(),
        }
    }

    #[test]
    fn what_is_declared_and_no_secret_is_shown_and_nothing_else_is() {
        let form = "resource = \"User\"\n[fields.email]\n[fields.properties.pin]\nsecret = true\n\
            [fields.properties.colour]\n[fields.properties.count]\ntype = \"integer\"\n\
            [fields.properties.sure]\ntype = \"boolean\"\n[fields.properties.changed]\ntype = \"array\"\nitems.type = \"string\"\n\
            [fields.properties.codes]\ntype = \"array\"\nitems = { type = \"string\", secret = true }\n\
            [fields.properties.people]\ntype = \"array\"\nitems.type = \"object\"\n\
            [fields.properties.people.items.fields.name]\n[fields.properties.people.items.fields.key]\nsecret = true\n";
        let attributes = json!({
            "email": "a@example.com",
            "first_name": "gone",
            "properties": {
                "pin": "4711", "colour": "red", "no_longer": "s", "changed": "s", "codes": ["s", "s"],
                "count": "s", "sure": true,
                "people": [{ "name": "Ada", "key": "s", "other": "s" }],
            },
            "profiles": { "p": { "properties": { "x": "s" } } },
        });
        let expected = json!({
            "email": "a@example.com",
            "first_name": "HIDDEN",
            "properties": {
                "pin": "HIDDEN", "colour": "red", "no_longer": "HIDDEN", "changed": "HIDDEN",
                "codes": ["HIDDEN", "HIDDEN"], "count": "HIDDEN", "sure": true,
                "people": [{ "name": "Ada", "key": "HIDDEN", "other": "HIDDEN" }],
            },
            "profiles": "HIDDEN",
        });
        assert_eq!(shown(form, &attributes), expected.to_string());
    }

    #[test]
    fn without_a_form_nothing_is_shown() {
        let attributes = json!({ "email": "a@example.com" });
        let hidden = disclose(None, attributes.as_object().unwrap());
        assert_eq!(hidden, [("email".to_owned(), Disclosed::Hidden)]);
    }
}
