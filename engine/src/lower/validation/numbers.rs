//! `numericality`, and `comparison` with another field.

use toml::de::DeValue;

use super::super::{Lowering, Node, Table};
use crate::diagnostic::{Rule, alternatives};
use crate::model::{Check, Comparison, Numericality, Spanned};

impl Lowering<'_> {
    pub(super) fn numericality(&mut self, table: &Table<'_>, kind: &Spanned<&str>) -> Option<Check> {
        let comparisons = Comparison::ALL.iter().map(|(name, _)| *name);
        let options: Vec<&str> = ["only_integer", "odd", "even"].into_iter().chain(comparisons).collect();
        self.options(table, &options);
        if options.iter().all(|option| table.get(option).is_none()) {
            let message = "`numericality` alone changes nothing: the field's `type` already demands a number";
            let help = format!("remove it, or give it {}", alternatives(options.iter().copied()));
            let found = self.diagnostic(Rule::IneffectiveValidation, kind.span.clone(), message).help(help);
            self.report_superfluous(&kind.span, found);
            return None;
        }
        let mut numericality = Numericality {
            only_integer: self.flag(table, "only_integer"),
            odd: self.flag(table, "odd"),
            even: self.flag(table, "even"),
            comparisons: Vec::new(),
        };
        // In the order in which the author wrote them: it is the order of the errors.
        for (key, _) in table.iter() {
            let Some((name, comparison)) = Comparison::ALL.iter().find(|(name, _)| *name == key.value) else {
                continue;
            };
            let Some(bound) = self.number(table, name) else { continue };
            if *comparison == Comparison::MultipleOf && bound.value.as_f64().is_none_or(|bound| bound <= 0.0)
            {
                let message = "`multiple_of` takes a number above zero";
                self.report(self.diagnostic(Rule::WrongType, bound.span, message));
                continue;
            }
            numericality.comparisons.push((*comparison, bound));
        }
        Some(Check::Numericality(numericality))
    }

    /// `{ field = "…" }`: another field, by its dotted path.
    pub(super) fn field_reference(&mut self, key: &str, node: &Node<'_>) -> Option<Spanned<String>> {
        if !matches!(node.get_ref(), DeValue::Table(_)) {
            let named = node.get_ref().as_str().unwrap_or("properties.other");
            let help = format!("write `{key} = {{ field = \"{named}\" }}`");
            self.wrong_type_so(key, "another field", node, Some(help));
            return None;
        }
        let table = self.table(key, node, "a reference")?;
        self.check_keys(&table, &["field"]);
        if table.get("field").is_none() && table.iter().next().is_none() {
            let message = format!("`{key}` does not say which field");
            let help = format!("write `{key} = {{ field = \"properties.other\" }}`");
            self.report(self.diagnostic(Rule::MissingKey, node.span(), message).help(help));
        }
        self.string(&table, "field")
    }

    pub(super) fn comparison(&mut self, table: &Table<'_>, kind: &Spanned<&str>) -> Option<Check> {
        let options: Vec<&str> = Comparison::between_values().map(|(name, _)| name).collect();
        self.options(table, &options);
        if options.iter().all(|option| table.get(option).is_none()) {
            self.needs_one_of(kind, table, &options);
            return None;
        }
        let mut comparisons = Vec::new();
        for (key, node) in table.iter() {
            let Some((name, comparison)) = Comparison::between_values().find(|(name, _)| *name == key.value)
            else {
                continue;
            };
            if matches!(node.get_ref(), DeValue::Integer(_) | DeValue::Float(_)) {
                let message = format!("`{name}` of a `comparison` takes another field");
                let help = "a fixed bound is written as `numericality`";
                self.report(self.diagnostic(Rule::WrongType, node.span(), message).help(help));
                continue;
            }
            comparisons.extend(self.field_reference(name, node).map(|field| (comparison, field)));
        }
        Some(Check::Comparison(comparisons))
    }
}
