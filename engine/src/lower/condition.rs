//! Conditions: `when`, `if` and `unless`.

use toml::de::DeValue;

use super::{Lowering, Node, Table};
use crate::diagnostic::{Rule, alternatives, nearest};
use crate::model::{Comparison, Condition, Expectation, Spanned};

/// The words of a condition that are no paths.
const ANY: &str = "any";
const NOT: &str = "not";
/// The expectation that is no comparison.
const PRESENT: &str = "present";

impl Lowering<'_> {
    /// The condition under `key`, if it can be read.
    pub(super) fn condition(&mut self, table: &Table<'_>, key: &str) -> Option<Condition> {
        let node = table.get(key)?;
        self.condition_of(key, node)
    }

    fn condition_of(&mut self, key: &str, node: &Node<'_>) -> Option<Condition> {
        let table = self.table(key, node, "a condition")?;
        if table.iter().next().is_none() {
            let message = format!("`{key}` says nothing that could hold or not");
            let help =
                format!("write `{key} = {{ \"properties.account_type\" = \"business\" }}`, or remove it");
            self.report(self.diagnostic(Rule::MissingKey, node.span(), message).help(help));
            return None;
        }
        let mut parts = Vec::new();
        for (path, expected) in table.iter() {
            parts.push(match path.value {
                ANY => {
                    let Some(array) = self.array(&table, ANY) else { continue };
                    let any: Vec<Condition> =
                        array.iter().filter_map(|part| self.condition_of(ANY, part)).collect();
                    if array.is_empty() {
                        let message = "`any` lists no condition, so it never holds";
                        self.report(self.diagnostic(Rule::WrongType, expected.span(), message));
                        continue;
                    }
                    Condition::Any(any)
                }
                NOT => Condition::Not(Box::new(match self.condition_of(NOT, expected) {
                    Some(condition) => condition,
                    None => continue,
                })),
                _ => match self.expectation(&path, expected) {
                    Some(expectation) => {
                        Condition::Field { path: Spanned::new(path.value.to_owned(), path.span), expectation }
                    }
                    None => continue,
                },
            });
        }
        (!parts.is_empty()).then_some(if parts.len() == 1 {
            parts.swap_remove(0)
        } else {
            Condition::All(parts)
        })
    }

    fn expectation(&mut self, path: &Spanned<&str>, node: &Node<'_>) -> Option<Expectation> {
        match node.get_ref() {
            DeValue::Array(array) => {
                if array.is_empty() {
                    let message = format!("`{}` is never one of nothing", path.value);
                    let help = "list the values that it may have";
                    self.report(self.diagnostic(Rule::WrongType, node.span(), message).help(help));
                    return None;
                }
                let values = array.iter().filter_map(|item| self.expected_value(path.value, item)).collect();
                Some(Expectation::OneOf(values))
            }
            DeValue::Table(_) => self.expectation_table(path, node),
            _ => Some(Expectation::OneOf(vec![self.expected_value(path.value, node)?])),
        }
    }

    fn expected_value(&mut self, path: &str, node: &Node<'_>) -> Option<Spanned<serde_json::Value>> {
        if matches!(node.get_ref(), DeValue::Array(_) | DeValue::Table(_)) {
            self.wrong_type(path, "a string, a number, `true` or `false`", node);
            return None;
        }
        self.json(path, node)
    }

    fn expectation_table(&mut self, path: &Spanned<&str>, node: &Node<'_>) -> Option<Expectation> {
        let table = self.table(path.value, node, "an expectation")?;
        let names = || Comparison::between_values().map(|(name, _)| name).chain([PRESENT]);
        let mut compares = Vec::new();
        for (key, _) in table.iter() {
            let comparison = Comparison::between_values().find(|(name, _)| *name == key.value);
            if let Some((name, comparison)) = comparison {
                compares.extend(self.number(&table, name).map(|number| (comparison, number)));
            } else if key.value != PRESENT {
                let near = nearest(key.value, names());
                let message = format!("`{}` is no comparison", key.value);
                let help = near.map_or_else(
                    || {
                        format!(
                            "a path with dots is quoted: `\"{}.{}\" = …`; otherwise write {}",
                            path.value,
                            key.value,
                            alternatives(names())
                        )
                    },
                    |near| format!("did you mean `{near}`?"),
                );
                self.report(self.diagnostic(Rule::UnknownKey, key.span, message).help(help));
                return None;
            }
        }
        if table.get(PRESENT).is_none() {
            if compares.is_empty() && table.iter().next().is_none() {
                let message = format!("nothing is expected of `{}`", path.value);
                let help = "write `{ present = true }`, or a comparison: `{ less_than = 18 }`";
                self.report(self.diagnostic(Rule::MissingKey, node.span(), message).help(help));
            }
            return (!compares.is_empty()).then_some(Expectation::Compares(compares));
        }
        let present = self.boolean(&table, PRESENT)?;
        if !compares.is_empty() {
            let message = "a comparison already expects that the field is there";
            let help = "remove `present`, or the comparison";
            self.report(self.diagnostic(Rule::WrongType, present.span, message).help(help));
            return None;
        }
        Some(Expectation::Present(present.value))
    }
}
