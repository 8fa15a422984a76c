//! `[default_payload]`: what the form computes.

use serde_json::Value;
use toml::de::DeValue;

use super::field::MAX_DEPTH;
use super::{Lowering, Node, Table};
use crate::diagnostic::Rule;
use crate::model::{PayloadEntry, PayloadSource, Spanned, Step};

const EXPRESSION: &str = "expression";

impl Lowering<'_> {
    /// Every computed value, in declared order.
    pub(super) fn payload(&mut self, form: &Table<'_>) -> Vec<PayloadEntry> {
        let mut entries = Vec::new();
        if let Some(table) =
            form.get("default_payload").and_then(|node| self.table("default_payload", node, ""))
        {
            self.payload_table(&table, &mut Vec::new(), &mut entries);
        }
        entries
    }

    fn payload_table(&mut self, table: &Table<'_>, path: &mut Vec<Step>, entries: &mut Vec<PayloadEntry>) {
        if path.len() > MAX_DEPTH {
            let message = format!("fields nest deeper than {MAX_DEPTH} levels");
            self.report(self.diagnostic(Rule::WrongType, table.span.clone(), message));
            return;
        }
        let length = path.len();
        for (key, node) in table.iter() {
            // A quoted path means what a path of tables means.
            path.extend(key.value.split('.').map(|name| Step::Key(name.to_owned())));
            match node.get_ref() {
                DeValue::Table(inner) if is_group(path) || inner.get(EXPRESSION).is_none_or(is_table) => {
                    if let Some(table) = self.table(key.value, node, "") {
                        self.payload_table(&table, path, entries);
                    }
                }
                _ => entries.extend(self.payload_source(key.value, node).map(|source| PayloadEntry {
                    path: path.clone(),
                    key: key.span,
                    source,
                })),
            }
            path.truncate(length);
        }
    }

    fn payload_source(&mut self, key: &str, node: &Node<'_>) -> Option<Spanned<PayloadSource>> {
        if let DeValue::String(text) = node.get_ref() {
            return Some(Spanned::new(PayloadSource::Template(text.to_string()), node.span()));
        }
        if !is_table(node) {
            let constant = self.json(key, node)?;
            if holds_template(&constant.value) {
                let message =
                    format!("`{key}` is a constant, and a template inside it would be stored as it stands");
                let help =
                    "write `{ expression = \"[{'kind': form.email}]\" }`, which gives values of any type";
                self.report(
                    self.diagnostic(Rule::InvalidTemplate, constant.span.clone(), message).help(help),
                );
            }
            return Some(Spanned::new(PayloadSource::Constant(constant.value), constant.span));
        }
        let table = self.table(key, node, "a computed value")?;
        self.check_keys(&table, &[EXPRESSION]);
        let expression = self.string(&table, EXPRESSION)?;
        Some(Spanned::new(PayloadSource::Expression(expression.value), expression.span))
    }
}

/// Whether a path leads to a built-in group, which no expression can give.
fn is_group(path: &[Step]) -> bool {
    let names: Vec<&str> = path
        .iter()
        .filter_map(|step| if let Step::Key(name) = step { Some(name.as_str()) } else { None })
        .collect();
    matches!(names.as_slice(), ["properties" | "profiles"] | ["profiles", _] | ["profiles", _, "properties"])
}

/// Whether a value has a template in it.
pub(super) fn holds_template(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("{{") || text.contains("{%"),
        Value::Array(values) => values.iter().any(holds_template),
        Value::Object(values) => values.values().any(holds_template),
        _ => false,
    }
}

fn is_table(node: &Node<'_>) -> bool {
    matches!(node.get_ref(), DeValue::Table(_))
}
