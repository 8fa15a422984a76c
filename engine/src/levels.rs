//! How bad findings count, as `formwork.toml` says under `[lint]`.
//!
//! In: that file. Out: [`Levels`], which change the severity of findings or leave them out. Called by the command
//! line alone: whether a form is served follows from the rules themselves.

use std::collections::HashMap;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Rule, Severity, nearest};
use crate::source::{ReadFault, SourceFile, Span};
use crate::syntax;

/// The only table of the file.
const TABLE: &str = "lint";

/// What each rule that the file names counts as.
#[derive(Debug, Default)]
pub struct Levels(HashMap<Rule, Level>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Off,
    On(Severity),
}

impl Levels {
    /// Reads `formwork.toml`, and says what is wrong with it.
    #[must_use]
    pub fn read(file: &Arc<SourceFile>, fault: Option<&ReadFault>) -> (Self, Vec<Diagnostic>) {
        let mut reader = Reader { file, levels: Self::default(), diagnostics: Vec::new() };
        if let Some(fault) = fault {
            reader.diagnostics.push(syntax::read_fault(file, fault));
            return (reader.levels, reader.diagnostics);
        }
        let (table, diagnostics) = syntax::parse(file);
        reader.diagnostics = diagnostics;
        if reader.diagnostics.is_empty() {
            reader.tables(table.get_ref());
        }
        (reader.levels, reader.diagnostics)
    }

    /// Gives each finding the severity that is wished, and leaves out those of rules that are off.
    #[must_use]
    pub fn apply(&self, mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
        found.retain_mut(|found| match self.0.get(&found.rule) {
            None => true,
            Some(Level::Off) => false,
            Some(Level::On(severity)) => {
                found.severity = *severity;
                true
            }
        });
        found
    }
}

struct Reader<'f> {
    file: &'f Arc<SourceFile>,
    levels: Levels,
    diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn report(&mut self, rule: Rule, span: Span, message: String, help: impl Into<String>) {
        self.diagnostics.push(Diagnostic::new(rule, self.file, span, message).help(help));
    }

    fn tables(&mut self, table: &DeTable<'_>) {
        for (key, node) in table {
            let name = key.get_ref().as_ref();
            match node.get_ref() {
                DeValue::Table(levels) if name == TABLE => self.levels(levels),
                _ if name == TABLE => {
                    let message = "`lint` takes a table".to_owned();
                    self.report(Rule::WrongType, node.span(), message, "write `[lint]`");
                }
                _ => {
                    let message = format!("`formwork.toml` has no key `{name}`");
                    let help = format!("the only key of the file is `{TABLE}`: write `[{TABLE}]`");
                    self.report(Rule::UnknownKey, key.span(), message, help);
                }
            }
        }
    }

    fn levels(&mut self, table: &DeTable<'_>) {
        for (key, node) in table {
            let name = key.get_ref().as_ref();
            let Some(rule) = Rule::from_name(name) else {
                let help = nearest(name, Rule::ALL.iter().map(|rule| rule.name())).map_or_else(
                    || "the rule is what stands in brackets behind `error` or `warning`".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                self.report(Rule::UnknownKey, key.span(), format!("there is no rule `{name}`"), help);
                continue;
            };
            let Some(level) = self.level(node) else { continue };
            if rule.severity() == Severity::Error && level != Level::On(Severity::Error) {
                let message = format!("`{name}` is an error, and stays one");
                let help = "remove the line: what has an error is not served, whatever it is called";
                self.report(Rule::WrongType, node.span(), message, help);
                continue;
            }
            self.levels.0.insert(rule, level);
        }
    }

    fn level(&mut self, node: &Spanned<DeValue<'_>>) -> Option<Level> {
        match node.get_ref().as_str() {
            Some("error") => Some(Level::On(Severity::Error)),
            Some("warning") => Some(Level::On(Severity::Warning)),
            Some("off") => Some(Level::Off),
            _ => {
                let message = "this is no level".to_owned();
                self.report(
                    Rule::WrongType,
                    node.span(),
                    message,
                    "write `\"error\"`, `\"warning\"` or `\"off\"`",
                );
                None
            }
        }
    }
}
