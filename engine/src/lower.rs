//! Spanned TOML → model, with a diagnostic for everything that the language does not allow.
//!
//! Lowering never gives up: what cannot be read is reported and left out, so that one look at a file finds all of
//! its faults. Called by `registry` for each file.

mod condition;
mod example;
mod field;
mod form;
mod meant;
mod payload;
mod policy;
mod superseded;
mod usage;
mod validation;
mod value;

pub(crate) use field::{GROUP_SUFFIX, MAX_DEPTH as MAX_NESTING, article, with_article};
pub(crate) use form::is_name;

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned as TomlSpanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Rule, alternatives, nearest};
use crate::fix;
use crate::model::{FieldType, Form, Policy, Spanned};
use crate::source::{SourceFile, Span};

/// Reads a policy out of a file's TOML.
#[must_use]
pub fn lower_policy(file: &Arc<SourceFile>, table: &TomlSpanned<DeTable<'_>>) -> (Policy, Vec<Diagnostic>) {
    let mut lowering = Lowering { file, diagnostics: Vec::new() };
    let table = Table { entries: table.get_ref(), span: 0..0, what: "a policy", ty: "" };
    let policy = lowering.policy(&table);
    (policy, lowering.diagnostics)
}

/// Reads a form out of a file's TOML.
#[must_use]
pub fn lower(file: &Arc<SourceFile>, table: &TomlSpanned<DeTable<'_>>) -> (Form, Vec<Diagnostic>) {
    let mut lowering = Lowering { file, diagnostics: Vec::new() };
    let form = lowering.form(&Table { entries: table.get_ref(), span: 0..0, what: "a form", ty: "" });
    (form, lowering.diagnostics)
}

type Node<'a> = TomlSpanned<DeValue<'a>>;

/// A TOML table with its place and what it stands for in the language.
struct Table<'a> {
    entries: &'a DeTable<'a>,
    span: Span,
    what: &'static str,
    /// The type of the field that it is about; empty where it is about none.
    ty: &'static str,
}

impl<'a> Table<'a> {
    /// It as what is said of a field of this type.
    fn of(&self, ty: &FieldType) -> Self {
        Table { entries: self.entries, span: self.span.clone(), what: self.what, ty: ty.name() }
    }

    /// What a key says, also where it is written by its superseded name.
    fn get(&self, key: &str) -> Option<&'a Node<'a>> {
        self.entries.get(key).or_else(|| self.entries.get(superseded::old_name(self.what, key)?))
    }

    /// What each key says, by the name that it has now.
    fn iter(&self) -> impl Iterator<Item = (Spanned<&'a str>, &'a Node<'a>)> + use<'a> {
        let (entries, what) = (self.entries, self.what);
        entries.iter().filter_map(move |(key, value)| {
            let written = key.get_ref().as_ref();
            match superseded::new_name(what, written) {
                Some(new) if entries.contains_key(new) => None,
                Some(new) => Some((Spanned::new(new, key.span()), value)),
                None => Some((Spanned::new(written, key.span()), value)),
            }
        })
    }
}

struct Lowering<'f> {
    file: &'f Arc<SourceFile>,
    diagnostics: Vec<Diagnostic>,
}

impl Lowering<'_> {
    fn diagnostic(&self, rule: Rule, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(rule, self.file, span, message)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reports what is mended by removing the key at `key`, whatever its value is.
    fn report_superfluous(&mut self, key: &Span, diagnostic: Diagnostic) {
        let diagnostic = match fix::remove_key(self.file, key) {
            Some(edits) => diagnostic.fix(self.removal(key), edits),
            None => diagnostic,
        };
        self.report(diagnostic);
    }

    /// What a fix does that removes what stands at `span`.
    fn removal(&self, span: &Span) -> String {
        let text = self.file.text.get(span.clone()).unwrap_or_default();
        format!("remove `{}`", text.trim_matches(['"', '\'']))
    }

    /// Reports every key of `table` that is not among `known`.
    fn check_keys(&mut self, table: &Table<'_>, known: &[&str]) {
        self.check_superseded(table);
        for (key, node) in table.iter() {
            if known.contains(&key.value) {
                continue;
            }
            let message = format!("{} has no key `{}`", table.what, key.value);
            let value = self.file.text.get(node.span()).unwrap_or_default();
            let help = told(table, key.value, value).unwrap_or_else(|| {
                match (nearest(key.value, known.iter().copied()), known) {
                    (Some(near), _) => format!("did you mean `{near}`?"),
                    (None, [only]) => format!("the only key of {} is `{only}`", table.what),
                    (None, _) => {
                        let known = alternatives(known.iter().copied()).replace(" or ", " and ");
                        format!("the keys of {} are {known}", table.what)
                    }
                }
            });
            let diagnostic = self.diagnostic(Rule::UnknownKey, key.span, message).help(help);
            self.report(diagnostic);
        }
    }
}

/// What to write for a key, with its value as it is written, that `table` does not take and that stands elsewhere, or is
/// a word of another language.
fn told(table: &Table<'_>, key: &str, value: &str) -> Option<String> {
    let of_a_field = matches!(table.what, "a field" | "an item");
    if of_a_field && key == "default_payload" {
        return Some("write the field's name and value under `[default_payload.properties]`".to_owned());
    }
    if of_a_field && form::KEYS.contains(&key) {
        return Some(format!("`{key}` belongs to the form: write it above the first line in brackets"));
    }
    let format = (key == "format").then(|| usage::format_word(value.trim_matches(['"', '\'']))).flatten();
    match table.what {
        "a policy" => usage::policy_word(key, value),
        "a form" => usage::form_word(key, value).or_else(|| usage::synonym(table.ty, key, value)),
        "a field" | "an item" => format.or_else(|| usage::synonym(table.ty, key, value)),
        "`validation`" => {
            usage::option(table.what, key, value).or_else(|| usage::synonym(table.ty, key, value))
        }
        what if what.starts_with('`') => usage::option(what, key, value),
        _ => None,
    }
}
