//! Typed reads of TOML values: what is asked for, or a diagnostic and nothing.

use serde_json::{Map, Number, Value};
use toml::de::{DeArray, DeInteger, DeValue};

use super::meant::{Wanted, meant};
use super::usage::{other_word, usage};
use super::{Lowering, Node, Table};
use crate::diagnostic::{Rule, alternatives, nearest};
use crate::model::Spanned;

/// The TOML type of a value with its article.
fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date-time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

fn integer(value: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(value.as_str(), value.radix()).ok()
}

impl Lowering<'_> {
    pub(super) fn wrong_type(&mut self, key: &str, expected: &str, node: &Node<'_>) {
        self.wrong_type_so(key, expected, node, usage(key));
    }

    /// Like [`Self::wrong_type`], where another value can say what is asked for.
    fn wrong_value(&mut self, key: &str, wanted: Wanted, node: &Node<'_>) {
        let help = usage(key).or_else(|| self.meant(key, wanted, node));
        self.wrong_type_so(key, wanted.name(), node, help);
    }

    /// What to write for a value that says in its own way what is asked for.
    pub(super) fn meant(&self, key: &str, wanted: Wanted, node: &Node<'_>) -> Option<String> {
        meant(key, wanted, node, self.file.text.get(node.span())?)
    }

    /// Like [`Self::wrong_type`], with what to write instead.
    pub(super) fn wrong_type_so(&mut self, key: &str, expected: &str, node: &Node<'_>, help: Option<String>) {
        let message = format!("`{key}` takes {expected}, not {}", kind(node.get_ref()));
        let mut diagnostic = self.diagnostic(Rule::WrongType, node.span(), message);
        diagnostic.help = help;
        self.report(diagnostic);
    }

    /// Like [`Self::wrong_type`], of a value inside an array.
    pub(super) fn wrong_item(&mut self, key: &str, expected: &str, node: &Node<'_>) {
        let message = format!("each of `{key}` is {expected}, and this is {}", kind(node.get_ref()));
        let mut diagnostic = self.diagnostic(Rule::WrongType, node.span(), message);
        diagnostic.help = usage(key);
        self.report(diagnostic);
    }

    pub(super) fn string(&mut self, table: &Table<'_>, key: &str) -> Option<Spanned<String>> {
        let node = table.get(key)?;
        if let DeValue::String(text) = node.get_ref() {
            return Some(Spanned::new(text.to_string(), node.span()));
        }
        self.wrong_value(key, Wanted::Text, node);
        None
    }

    pub(super) fn boolean(&mut self, table: &Table<'_>, key: &str) -> Option<Spanned<bool>> {
        let node = table.get(key)?;
        if let DeValue::Boolean(value) = node.get_ref() {
            return Some(Spanned::new(*value, node.span()));
        }
        self.wrong_value(key, Wanted::Truth, node);
        None
    }

    pub(super) fn flag(&mut self, table: &Table<'_>, key: &str) -> bool {
        self.boolean(table, key).is_some_and(|flag| flag.value)
    }

    /// A whole number from 0.
    pub(super) fn count(&mut self, table: &Table<'_>, key: &str) -> Option<Spanned<u64>> {
        let node = table.get(key)?;
        let count = match node.get_ref() {
            DeValue::Integer(value) => integer(value).and_then(|value| u64::try_from(value).ok()),
            _ => None,
        };
        if count.is_none() {
            let found = match node.get_ref() {
                DeValue::Integer(value) => format!("`{value}`"),
                other => kind(other).to_owned(),
            };
            let message = format!("`{key}` takes {}, not {found}", Wanted::Count.name());
            let mut diagnostic = self.diagnostic(Rule::WrongType, node.span(), message);
            diagnostic.help = self.meant(key, Wanted::Count, node);
            self.report(diagnostic);
        }
        count.map(|count| Spanned::new(count, node.span()))
    }

    /// A whole number.
    pub(super) fn whole(&mut self, table: &Table<'_>, key: &str) -> Option<i64> {
        let node = table.get(key)?;
        let whole = match node.get_ref() {
            DeValue::Integer(value) => integer(value),
            _ => None,
        };
        if whole.is_none() {
            self.wrong_value(key, Wanted::Whole, node);
        }
        whole
    }

    pub(super) fn number(&mut self, table: &Table<'_>, key: &str) -> Option<Spanned<Number>> {
        let node = table.get(key)?;
        match node.get_ref() {
            DeValue::Integer(_) | DeValue::Float(_) => match self.json(key, node)?.value {
                Value::Number(number) => Some(Spanned::new(number, node.span())),
                _ => None,
            },
            _ => {
                self.wrong_value(key, Wanted::Number, node);
                None
            }
        }
    }

    pub(super) fn table<'a>(
        &mut self,
        key: &str,
        node: &'a Node<'a>,
        what: &'static str,
    ) -> Option<Table<'a>> {
        if let DeValue::Table(entries) = node.get_ref() {
            return Some(Table { entries, span: node.span(), what, ty: "" });
        }
        let help = match (what, node.get_ref()) {
            // A field of which nothing is said is there all the same.
            ("a field", DeValue::Boolean(true)) => Some(format!("write `{key} = {{}}`")),
            ("a field", _) => None,
            _ => usage(key),
        };
        self.wrong_type_so(key, "a table", node, help);
        None
    }

    pub(super) fn array<'a>(&mut self, table: &Table<'a>, key: &str) -> Option<&'a DeArray<'a>> {
        let node = table.get(key)?;
        if let DeValue::Array(array) = node.get_ref() {
            return Some(array);
        }
        self.wrong_type(key, "an array", node);
        None
    }

    pub(super) fn strings(&mut self, table: &Table<'_>, key: &str) -> Vec<Spanned<String>> {
        self.array(table, key).map_or_else(Vec::new, |array| self.string_items(key, array))
    }

    /// The strings of an array; whatever else is in it is reported.
    pub(super) fn string_items(&mut self, key: &str, array: &DeArray<'_>) -> Vec<Spanned<String>> {
        let mut strings = Vec::new();
        for node in array {
            match node.get_ref() {
                DeValue::String(text) => strings.push(Spanned::new(text.to_string(), node.span())),
                _ => self.wrong_item(key, "a string", node),
            }
        }
        strings
    }

    /// One of a closed set of words.
    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &str,
        word: &Spanned<String>,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let found = choices.iter().find(|(name, _)| *name == word.value);
        if found.is_none() {
            let names = || choices.iter().map(|(name, _)| *name);
            let message = format!("`{key}` takes {}, not `{}`", alternatives(names()), word.value);
            let mut diagnostic = self.diagnostic(Rule::WrongType, word.span.clone(), message);
            let meant = other_word(&word.value, names()).or_else(|| nearest(&word.value, names()));
            diagnostic.help = meant.map(|meant| format!("did you mean `{meant}`?"));
            self.report(diagnostic);
        }
        found.map(|(_, choice)| *choice)
    }

    /// Any value that JSON can say.
    pub(super) fn json(&mut self, key: &str, node: &Node<'_>) -> Option<Spanned<Value>> {
        let fault = match node.get_ref() {
            DeValue::String(text) => return Some(Spanned::new(Value::String(text.to_string()), node.span())),
            DeValue::Boolean(value) => return Some(Spanned::new(Value::Bool(*value), node.span())),
            DeValue::Integer(value) => match integer(value) {
                Some(value) => return Some(Spanned::new(Value::from(value), node.span())),
                None => "an integer that does not fit into 64 bits",
            },
            DeValue::Float(value) => match value.as_str().parse().ok().and_then(Number::from_f64) {
                Some(number) => return Some(Spanned::new(Value::Number(number), node.span())),
                None => "a float that JSON cannot say",
            },
            DeValue::Array(array) => {
                let items: Vec<Value> =
                    array.iter().filter_map(|item| self.json(key, item)).map(|item| item.value).collect();
                return Some(Spanned::new(Value::Array(items), node.span()));
            }
            DeValue::Table(_) => {
                let table = self.table(key, node, "a value")?;
                return Some(Spanned::new(Value::Object(self.json_object(&table)), node.span()));
            }
            DeValue::Datetime(_) => "a date-time, which JSON cannot say",
        };
        let message = format!("`{key}` holds {fault}");
        let mut diagnostic = self.diagnostic(Rule::WrongType, node.span(), message);
        if let DeValue::Datetime(value) = node.get_ref() {
            diagnostic.help = Some(format!("write it as a string: \"{value}\""));
        }
        self.report(diagnostic);
        None
    }

    pub(super) fn json_object(&mut self, table: &Table<'_>) -> Map<String, Value> {
        table
            .iter()
            .filter_map(|(key, node)| Some((key.value.to_owned(), self.json(key.value, node)?.value)))
            .collect()
    }
}
