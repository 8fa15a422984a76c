//! The `[[examples]]` of a form.

use std::time::SystemTime;

use toml::de::DeValue;

use super::usage::usage;
use super::{Lowering, Node, Table};
use crate::diagnostic::Rule;
use crate::model::{CodesByPath, Example, Instant, Spanned, parse_instant};

const KEYS: [&str; 7] = ["description", "form", "valid", "errors", "now", "token", "language"];

impl Lowering<'_> {
    /// The examples that can be read; nothing where the form states none.
    pub(super) fn examples(&mut self, form: &Table<'_>) -> Option<Vec<Example>> {
        form.get("examples")?;
        let stated = self.array(form, "examples").map(|array| array.iter().collect::<Vec<_>>());
        let examples =
            stated.as_ref().map(|nodes| nodes.iter().filter_map(|node| self.example(node)).collect());
        if stated.is_some_and(|nodes| nodes.is_empty()) { None } else { Some(examples.unwrap_or_default()) }
    }

    fn example(&mut self, node: &Node<'_>) -> Option<Example> {
        let table = self.table("examples", node, "an example")?;
        self.check_keys(&table, &KEYS);
        let description = self.string(&table, "description").map(|text| text.value);
        let errors = self.example_errors(&table);
        let valid =
            self.boolean(&table, "valid").unwrap_or_else(|| Spanned::new(errors.is_none(), node.span()));
        if let (true, Some(errors)) = (valid.value, &errors) {
            let message = "an example that is valid has no errors";
            let diagnostic = self
                .diagnostic(Rule::FailingExample, errors.span.clone(), message)
                .also(self.file, valid.span.clone(), "said to be valid here")
                .help("remove `errors`, or write `valid = false`");
            self.report(diagnostic);
        }
        let Some(form) = table.get("form") else {
            let diagnostic = self
                .diagnostic(
                    Rule::MissingKey,
                    node.span(),
                    "an example needs `form`, the value that a client sends",
                )
                .help("add `form = { … }`");
            self.report(diagnostic);
            return None;
        };
        let form = self.table("form", form, "`form`")?;
        let form = self.json_object(&form);
        let now = self.instant(&table, "now").and_then(|instant| SystemTime::try_from(instant).ok());
        let token = self.string(&table, "token").map(|text| text.value);
        let language = self.string(&table, "language").and_then(|tag| self.language(tag));
        Some(Example { description, form, valid, errors, now, token, language, span: node.span() })
    }

    /// One language tag, by its shape (RFC 5646, 2.1).
    fn language(&mut self, tag: Spanned<String>) -> Option<String> {
        let is_word = |word: &str| {
            (1..=8).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        let first = tag.value.split('-').next().unwrap_or_default();
        let named = first.len() > 1 && first.bytes().all(|byte| byte.is_ascii_alphabetic());
        if named && tag.value.split('-').all(is_word) {
            return Some(tag.value);
        }
        let message = format!("`language` takes one language tag, not `{}`", tag.value);
        self.report(self.diagnostic(Rule::WrongType, tag.span, message).help("write `language = \"pl\"`"));
        None
    }

    /// An instant, as a string or as TOML's own.
    fn instant(&mut self, table: &Table<'_>, key: &str) -> Option<Instant> {
        let node = table.get(key)?;
        let text = match node.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Datetime(value) => value.to_string(),
            _ => {
                self.wrong_type(key, "an RFC 3339 date-time", node);
                return None;
            }
        };
        let instant = parse_instant(&text);
        if instant.is_none() {
            let message = format!("`{key}` takes an instant, not `{text}`");
            let help = format!("write it with a time and an offset: `{key} = 2026-11-23T12:00:00Z`");
            self.report(self.diagnostic(Rule::WrongType, node.span(), message).help(help));
        }
        instant
    }

    fn example_errors(&mut self, example: &Table<'_>) -> Option<Spanned<CodesByPath>> {
        let node = example.get("errors")?;
        let table = self.table("errors", node, "`errors`")?;
        let mut errors = Vec::new();
        for (path, codes) in table.iter() {
            match codes.get_ref() {
                DeValue::Array(array) => {
                    let codes =
                        self.string_items("errors", array).into_iter().map(|code| code.value).collect();
                    errors.push((path.value.to_owned(), codes));
                }
                DeValue::Table(_) => {
                    let message =
                        format!("`errors` takes dotted paths as keys, and `{}` is a table", path.value);
                    let help = "quote the whole path: `\"properties.vat_number\" = [\"blank\"]`";
                    self.report(self.diagnostic(Rule::WrongType, path.span, message).help(help));
                }
                other => {
                    let help = other.as_str().map(|code| format!("write `[\"{code}\"]`"));
                    self.wrong_type_so(
                        path.value,
                        "an array of error codes",
                        codes,
                        help.or_else(|| usage("errors")),
                    );
                }
            }
        }
        Some(Spanned::new(errors, node.span()))
    }
}
