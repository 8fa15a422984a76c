//! Conditions: `when`, `if` and `unless`.

use toml::de::DeValue;

use super::field::is_field_name;
use super::usage::{comparison_word, condition_word, usage};
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
            let usage = usage(key).unwrap_or_else(|| "write what has to hold".to_owned());
            let help = format!("{usage}, or remove it");
            self.report(self.diagnostic(Rule::MissingKey, node.span(), message).help(help));
            return None;
        }
        if self.is_of_another_language(&table) {
            return None;
        }
        let mut parts = Vec::new();
        for (path, expected) in table.iter() {
            parts.extend(match path.value {
                ANY => self.any(&table, expected),
                NOT => self.condition_of(NOT, expected).map(|condition| Condition::Not(Box::new(condition))),
                _ => self.expectation(&path, expected).map(|expectation| Condition::Field {
                    path: Spanned::new(path.value.to_owned(), path.span),
                    expectation,
                }),
            });
        }
        (!parts.is_empty()).then_some(if parts.len() == 1 {
            parts.swap_remove(0)
        } else {
            Condition::All(parts)
        })
    }

    fn any(&mut self, table: &Table<'_>, node: &Node<'_>) -> Option<Condition> {
        let array = self.array(table, ANY)?;
        if array.is_empty() {
            let message = "`any` lists no condition, so it never holds";
            self.report(self.diagnostic(Rule::WrongType, node.span(), message));
        }
        let mut any = Vec::new();
        for part in array {
            if matches!(part.get_ref(), DeValue::Table(_)) {
                any.extend(self.condition_of(ANY, part));
            } else {
                self.wrong_item(ANY, "a table", part);
            }
        }
        // One that cannot be read might hold.
        (!any.is_empty() && any.len() == array.len()).then_some(Condition::Any(any))
    }

    /// Whether a condition is said in another language's words; if so, says so.
    fn is_of_another_language(&mut self, table: &Table<'_>) -> bool {
        let mut found = false;
        for (word, node) in table.iter() {
            let named = word.value == "field" && table.iter().count() > 1;
            let named = node.get_ref().as_str().filter(|_| named);
            let help = match (named, node.get_ref()) {
                (Some(path), _) => Some(format!("write the field's path as the key: `\"{path}\" = \"…\"`")),
                (None, DeValue::Array(parts))
                    if parts.iter().any(|part| matches!(part.get_ref(), DeValue::Table(_))) =>
                {
                    condition_word(word.value)
                }
                _ => None,
            };
            if let Some(help) = help {
                let message = format!("`{}` is no word of a condition", word.value);
                self.report(self.diagnostic(Rule::UnknownKey, word.span, message).help(help));
                found = true;
            }
        }
        found
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
        for (key, value) in table.iter() {
            let comparison = Comparison::between_values().find(|(name, _)| *name == key.value);
            if let Some((name, comparison)) = comparison {
                if let DeValue::String(text) = value.get_ref() {
                    let help = match comparison {
                        _ if text.parse::<f64>().is_ok() => format!("write it without quotes: `{text}`"),
                        Comparison::EqualTo => format!("write `\"{}\" = \"{text}\"`", path.value),
                        Comparison::OtherThan => {
                            format!("write `not = {{ \"{}\" = \"{text}\" }}`", path.value)
                        }
                        _ => "a condition compares numbers alone".to_owned(),
                    };
                    self.wrong_type_so(name, "a number", value, Some(help));
                    return None;
                }
                compares.extend(self.number(&table, name).map(|number| (comparison, number)));
            } else if key.value != PRESENT {
                let near = nearest(key.value, names()).map(|near| format!("did you mean `{near}`?"));
                let help = comparison_word(path.value, key.value)
                    .or(near)
                    .unwrap_or_else(|| not_compared(path.value, node));
                let message = format!("`{}` is no comparison", key.value);
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

/// What to write where something is neither a comparison nor a word for one: the path, whole, or a comparison.
fn not_compared(path: &str, node: &Node<'_>) -> String {
    let words = Comparison::between_values().map(|(name, _)| name).chain([PRESENT]);
    let otherwise = format!("write {}", alternatives(words));
    // A path in pieces goes down to the value that is expected.
    match whole_path(path, node).filter(|_| !path.contains('.')) {
        Some(whole) if matches!(path, "properties" | "profiles") => {
            format!("a path with dots is quoted: `\"{whole}\" = …`")
        }
        Some(whole) => format!("a path with dots is quoted: `\"{whole}\" = …`; otherwise {otherwise}"),
        None => otherwise,
    }
}

/// The dotted path that tables within tables, each with one name, are read as.
fn whole_path(path: &str, node: &Node<'_>) -> Option<String> {
    let mut path = path.to_owned();
    let mut node = node;
    while let DeValue::Table(table) = node.get_ref() {
        let (key, inner) = table.iter().next()?;
        let key = key.get_ref().as_ref();
        if key == PRESENT || Comparison::between_values().any(|(name, _)| name == key) {
            break;
        }
        if table.len() > 1 || !is_field_name(key) {
            return None;
        }
        path = format!("{path}.{key}");
        node = inner;
    }
    Some(path)
}
