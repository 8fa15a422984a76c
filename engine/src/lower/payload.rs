//! `[default_payload]`: what the form computes.

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
        for (key, node) in table.iter() {
            path.push(Step::Key(key.value.to_owned()));
            match node.get_ref() {
                DeValue::Table(inner) if inner.get(EXPRESSION).is_none_or(is_table) => {
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
            path.pop();
        }
    }

    fn payload_source(&mut self, key: &str, node: &Node<'_>) -> Option<Spanned<PayloadSource>> {
        if let DeValue::String(text) = node.get_ref() {
            return Some(Spanned::new(PayloadSource::Template(text.to_string()), node.span()));
        }
        if !is_table(node) {
            let constant = self.json(key, node)?;
            return Some(Spanned::new(PayloadSource::Constant(constant.value), constant.span));
        }
        let table = self.table(key, node, "a computed value")?;
        self.check_keys(&table, &[EXPRESSION], &[]);
        let expression = self.string(&table, EXPRESSION)?;
        Some(Spanned::new(PayloadSource::Expression(expression.value), expression.span))
    }
}

fn is_table(node: &Node<'_>) -> bool {
    matches!(node.get_ref(), DeValue::Table(_))
}
