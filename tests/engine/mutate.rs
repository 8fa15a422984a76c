//! Forms that are a little unlike others: the text of a form enters, the text of a changed one leaves. Whether it is a
//! form at all is for the compiler to say.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use toml::de::{DeTable, DeValue};

use crate::generate::Random;

/// A form as a tree without examples and aliases: those would not fit the changed one.
pub(crate) fn tree(form: &str) -> Value {
    let table = DeTable::parse(form).unwrap();
    let mut tree = value(&DeValue::Table(table.into_inner()));
    let top = tree.as_object_mut().unwrap();
    for key in ["examples", "aliases", "name"] {
        top.shift_remove(key);
    }
    tree
}

fn value(written: &DeValue<'_>) -> Value {
    match written {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).unwrap().into(),
        DeValue::Float(number) => number.as_str().parse::<f64>().unwrap().into(),
        DeValue::Boolean(truth) => Value::from(*truth),
        DeValue::Datetime(time) => Value::from(time.to_string()),
        DeValue::Array(items) => items.iter().map(|item| value(item.get_ref())).collect(),
        DeValue::Table(table) => {
            let entry = |(key, node): (_, &toml::Spanned<DeValue<'_>>)| (text_of(key), value(node.get_ref()));
            Value::Object(table.iter().map(entry).collect())
        }
    }
}

fn text_of(key: &toml::Spanned<toml::de::DeString<'_>>) -> String {
    key.get_ref().to_string()
}

/// The tree as TOML: an entry a line, everything within it in braces.
pub(crate) fn written(tree: &Value) -> String {
    let mut text = String::new();
    for (key, value) in tree.as_object().unwrap() {
        let _ = writeln!(text, "{} = {}", quoted(key), inline(value));
    }
    text
}

fn inline(value: &Value) -> String {
    match value {
        Value::Object(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{} = {}", quoted(key), inline(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

/// As JSON writes it, but for the one control character that TOML escapes and JSON does not.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007F")
}

/// What may be said of a field, or a rule, beside what is said there.
const WORDS: &str = r#"[
    { "type": "string" }, { "type": "text" }, { "type": "integer" }, { "type": "number" }, { "type": "boolean" },
    { "type": "date" }, { "type": "datetime" }, { "default": "free" }, { "default": 3 }, { "default": true },
    { "default": "2026-01-01" }, { "readonly": true }, { "virtual": true }, { "secret": true },
    { "normalize": ["trim"] }, { "normalize": ["squish"] }, { "normalize": ["lowercase"] },
    { "normalize": ["uppercase", "nfkc"] }, { "normalize": ["digits"] }, { "normalize": ["nfc", "trim"] },
    { "when": { "featured": true } }, { "when": { "email": { "present": true } } },
    { "when": { "not": { "first_name": { "present": true } } } }, { "when": { "first_name": ["free", "Ada"] } },
    { "if": { "featured": true } }, { "unless": { "featured": true } }, { "if": { "first_name": { "present": true } } },
    { "if": { "any": [{ "featured": true }, { "first_name": "Ada" }] } }, { "unless": { "featured": false } },
    { "allow_blank": true }, { "message": "no" }, { "schema": { "maxLength": 5 } }, { "schema": { "minimum": 2 } },
    { "schema": { "maxLength": 9, "minLength": 2 } }, { "schema": { "not": { "const": "free" } } },
    { "validation": {} }, { "validation": { "presence": true } }, { "presence": true }, { "absence": true },
    { "length": { "maximum": 4 } }, { "length": { "minimum": 2 } }, { "length": { "is": 4 } },
    { "length": { "minimum": 1, "maximum": 3000 } }, { "minimum": 0 }, { "minimum": 3 }, { "maximum": 5 },
    { "maximum": 2048 }, { "maximum": 2100 }, { "is": 3 },
    { "format": { "with": "^[a-z]+$" } }, { "format": { "with": "^[a-z]*$" } }, { "format": { "without": "x" } },
    { "format": { "with": "^[A-Za-z ]+$" } }, { "format": { "with": "a" } }, { "with": "^[a-zA-Z]+$" },
    { "without": "[0-9]" }, { "email": true }, { "url": true }, { "uuid": true }, { "phone_number": true },
    { "inclusion": { "in": ["free", "paid"] } }, { "inclusion": { "in": ["free", "paid", "team", ""] } },
    { "inclusion": { "in": [1, 2, 3] } }, { "inclusion": { "in": [true] } }, { "inclusion": { "in": [1.0, 2.5] } },
    { "exclusion": { "in": ["free"] } }, { "exclusion": { "in": [3] } }, { "exclusion": { "in": ["FREE", "x"] } },
    { "numericality": { "greater_than": 0 } }, { "numericality": { "greater_than_or_equal_to": 1 } },
    { "numericality": { "less_than": 10.5 } }, { "numericality": { "odd": true } }, { "only_integer": true },
    { "numericality": { "even": true } }, { "numericality": { "multiple_of": 3 } }, { "multiple_of": 6 },
    { "greater_than": 0 }, { "greater_than": -1 }, { "less_than": 7 }, { "equal_to": 3 }, { "other_than": 4 },
    { "less_than_or_equal_to": 9 }, { "odd": true }, { "multiple_of": 0.5 },
    { "date": { "before": "2026-12-31" } }, { "date": { "after": "2000-01-01" } }, { "date": true },
    { "date": { "on_or_before": "today" } }, { "date": { "before": "18 years ago" } }, { "datetime": true },
    { "datetime": { "after": "now" } }, { "datetime": { "before": "2 days from now" } }, { "before": "today" },
    { "on_or_after": "30 days ago" }, { "after": "2026-11-23" }, { "on_or_before": "2026-11-23" },
    { "confirmation": true }, { "confirmation": { "case_sensitive": false } }, { "case_sensitive": true },
    { "acceptance": true }, { "unique": true }, { "unique": { "scope": ["first_name"] } }, { "scope": ["email"] },
    { "unique": { "case_sensitive": true } }, { "unique_items": true }, { "unique_items": { "by": "a" } },
    { "a": {} }, { "b": { "validation": { "presence": true } } }, { "x": { "type": "integer" } }, { "featured": {} },
    { "first_name": { "validation": { "presence": true } } }, { "password": {} }, { "last_name": {} },
    { "type": "array", "items": { "type": "string" } }, { "items": { "type": "integer" } },
    { "type": "object", "fields": { "a": {} } }, { "fields": { "a": { "type": "integer" } } },
    { "access": "public" }, { "access": "token" }, { "unknown_fields": "ignore" }, { "unknown_fields": "reject" },
    { "default_payload": { "properties": { "x": "a" } } }, { "x": { "expression": "form.first_name" } },
    { "rate_limit": { "requests": 3, "per": "1 hour" } }
]"#;

/// What changes trees.
pub(crate) struct Mutator {
    words: Vec<Value>,
    /// Parts of other forms.
    parts: Vec<(String, Value)>,
}

impl Mutator {
    pub(crate) fn new(forms: &[Value]) -> Self {
        let mut parts = Vec::new();
        for form in forms {
            for place in places(form) {
                let Some(object) = form.pointer(&place).and_then(Value::as_object) else { continue };
                parts.extend(object.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
        }
        Self { words: serde_json::from_str(WORDS).unwrap(), parts }
    }

    /// Changes one thing somewhere.
    pub(crate) fn change(&self, tree: &mut Value, random: &mut Random) {
        let places = places(tree);
        let place = random.pick(&places).clone();
        let part = tree.pointer_mut(&place).unwrap();
        match part {
            Value::Object(entries) => self.change_table(entries, random),
            Value::Array(items) => change_list(items, random),
            other => *other = scalar(other, random),
        }
    }

    fn change_table(&self, entries: &mut Map<String, Value>, random: &mut Random) {
        let keys: Vec<String> = entries.keys().filter(|key| *key != "resource").cloned().collect();
        match random.below(6) {
            0 | 1 if !keys.is_empty() => {
                entries.shift_remove(random.pick(&keys));
            }
            2 if !keys.is_empty() => {
                let key = random.pick(&keys);
                let alike: Vec<&Value> =
                    self.parts.iter().filter(|(name, _)| name == key).map(|(_, part)| part).collect();
                if !alike.is_empty() {
                    entries.insert(key.clone(), (*random.pick(&alike)).clone());
                }
            }
            3 if !keys.is_empty() => {
                let (old, new) = (random.pick(&keys).clone(), random.pick(&self.parts).0.clone());
                if let Some(value) = entries.shift_remove(&old) {
                    entries.insert(new, value);
                }
            }
            _ => {
                for (key, value) in random.pick(&self.words).as_object().unwrap() {
                    entries.insert(key.clone(), value.clone());
                }
            }
        }
    }
}

fn change_list(items: &mut Vec<Value>, random: &mut Random) {
    if items.is_empty() || random.one_in(3) {
        let alike = items.first().map_or_else(|| json!("other"), |first| scalar(first, random));
        items.push(alike);
    } else if random.one_in(2) {
        items.remove(random.below(items.len()));
    } else {
        let at = random.below(items.len());
        items[at] = scalar(&items[at], random);
    }
}

/// Another value of the same kind.
fn scalar(value: &Value, random: &mut Random) -> Value {
    const TEXTS: [&str; 10] =
        ["", "free", "FREE", "^[a-z]{1,4}$", "^.*$", "today", "2026-06-01", "first_name", "string", "trim"];
    match value {
        Value::Bool(truth) => json!(!truth),
        Value::Number(number) => match number.as_i64() {
            Some(number) => json!(*random.pick(&[number - 1, number + 1, number * 2, 0, -number])),
            None => json!(number.as_f64().unwrap_or_default() + 0.5),
        },
        Value::String(_) => json!(random.pick(&TEXTS)),
        other => other.clone(),
    }
}

/// Every place in a tree but that of its resource, as a JSON pointer.
fn places(tree: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(tree, String::new(), &mut found);
    found
}

fn collect(tree: &Value, place: String, found: &mut Vec<String>) {
    match tree {
        Value::Object(entries) => {
            for (key, value) in entries.iter().filter(|(key, _)| *key != "resource") {
                let key = key.replace('~', "~0").replace('/', "~1");
                collect(value, format!("{place}/{key}"), found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                collect(value, format!("{place}/{index}"), found);
            }
        }
        _ => {}
    }
    found.push(place);
}
