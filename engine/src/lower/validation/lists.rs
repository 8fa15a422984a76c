//! The values of `inclusion` and `exclusion`.

use serde_json::Value;

use super::super::field::article;
use super::super::meant::{Wanted, is_number};
use super::super::{Lowering, Node, Table};
use crate::diagnostic::Rule;
use crate::model::{Field, FieldType, Spanned};

impl Lowering<'_> {
    pub(super) fn values(
        &mut self,
        field: &Field,
        table: &Table<'_>,
        kind: &Spanned<&str>,
    ) -> Option<Vec<Spanned<Value>>> {
        if table.get("in").is_none() {
            self.needs_one_of(kind, table, &["in"]);
            return None;
        }
        let array = self.array(table, "in")?;
        if array.is_empty() {
            let message = format!("`{}` lists no value", kind.value);
            let span = table.get("in").map_or(kind.span.clone(), Node::span);
            self.report(self.diagnostic(Rule::WrongType, span, message).help("list at least one value"));
            return None;
        }
        let mut values: Vec<Spanned<Value>> = Vec::new();
        for node in array {
            let Some(value) = self.json("in", node) else { continue };
            if !has_type(&value.value, &field.ty) {
                let held = match &value.value {
                    number @ Value::Number(_) => format!("`{number}`"),
                    other => json_kind(other).to_owned(),
                };
                let message = format!("`in` holds {held}, and this field is {}", article(&field.ty));
                let mut diagnostic = self.diagnostic(Rule::WrongType, value.span, message);
                let whole = value
                    .value
                    .as_f64()
                    .filter(|number| number.fract() == 0.0 && matches!(field.ty, FieldType::Integer));
                let text = self.file.text.get(node.span()).unwrap_or_default();
                diagnostic.help = match (whole, &value.value, &field.ty) {
                    (Some(whole), ..) => Some(format!("write it without a fraction: `{whole}`")),
                    (None, Value::Number(_) | Value::Bool(_), FieldType::String | FieldType::Text) => {
                        Some(format!("write it in quotes: `\"{text}\"`"))
                    }
                    (None, Value::String(said), FieldType::Integer) if is_number(said, Wanted::Whole) => {
                        Some(format!("write it without quotes: `{said}`"))
                    }
                    (None, Value::String(said), FieldType::Number) if is_number(said, Wanted::Number) => {
                        Some(format!("write it without quotes: `{said}`"))
                    }
                    _ => None,
                };
                self.report(diagnostic);
            } else if !values.iter().any(|earlier| earlier.value == value.value) {
                // JSON Schema, 6.1.2: the elements of `enum` should be unique.
                values.push(value);
            }
        }
        Some(values)
    }
}

/// Whether a value can be one of a field of this type.
fn has_type(value: &Value, ty: &FieldType) -> bool {
    match ty {
        FieldType::String | FieldType::Text | FieldType::Date | FieldType::DateTime => value.is_string(),
        FieldType::Integer => value.is_i64(),
        FieldType::Number => value.is_number(),
        FieldType::Boolean => value.is_boolean(),
        FieldType::Array(_) | FieldType::Object(_) | FieldType::Group { .. } => false,
    }
}

fn json_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "a table",
    }
}
