//! Comments that silence warnings: `# formwork: ignore[rule-name, other-rule] reason`.
//!
//! In: a file, and everything that is to be said of it. Out: what is left to say, and what is wrong with the comments
//! themselves. Called by `build` and `registry`, so that every command and the server's log say the same.

use std::ops::RangeInclusive;
use std::sync::Arc;

use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use crate::diagnostic::{Diagnostic, Edit, Rule, Severity, has_errors, nearest};
use crate::source::{SourceFile, Span};

/// What a comment begins with that speaks to formwork.
const ADDRESS: &str = "formwork";
/// How a suppression is written.
const USAGE: &str = "write `# formwork: ignore[rule-name]`, and after it why the finding is right as it is";

/// The suppressions of one file.
#[derive(Debug, Default)]
pub struct Suppressions {
    entries: Vec<Suppression>,
}

#[derive(Debug)]
struct Suppression {
    file: Arc<SourceFile>,
    comment: Comment,
    rules: Vec<Named>,
}

/// A rule with the place where a suppression names it.
#[derive(Debug)]
struct Named {
    rule: Rule,
    span: Span,
}

/// A comment with the lines that it is about.
#[derive(Debug)]
struct Comment {
    span: Span,
    lines: RangeInclusive<usize>,
    /// Whether it has its line to itself.
    alone: bool,
}

/// How much was looked at, and so which suppressions can be known to silence nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Some files, each by itself.
    Files,
    /// A whole directory: also what is between its files.
    Directory,
}

impl Suppressions {
    /// Reads the suppressions of a file that is sound TOML, and says what is wrong with them.
    #[must_use]
    pub fn read(file: &Arc<SourceFile>) -> (Self, Vec<Diagnostic>) {
        let mut entries = Vec::new();
        let mut diagnostics = Vec::new();
        // Nearly every file has none, and is not taken apart for it.
        if file.text.contains(ADDRESS) {
            for comment in comments(file) {
                if let Some(directive) = directive(file, &comment) {
                    let rules = named_rules(file, directive, &mut diagnostics);
                    entries.push(Suppression { file: Arc::clone(file), comment, rules });
                }
            }
        }
        (Self { entries }, diagnostics)
    }

    /// Whether any of them is about what is between this file and others.
    #[must_use]
    pub fn are_about_others(&self) -> bool {
        self.entries.iter().flat_map(|entry| &entry.rules).any(|named| named.rule.is_between_files())
    }

    /// What is left of everything that was found in the file, with the suppressions that silence nothing.
    #[must_use]
    pub fn apply(&self, mut found: Vec<Diagnostic>, scope: Scope) -> Vec<Diagnostic> {
        if self.entries.is_empty() {
            return found;
        }
        // Beside an error not everything is looked for: what is not found may be there.
        let is_whole = !has_errors(&found);
        let mut unused = Vec::new();
        for entry in &self.entries {
            for (index, named) in entry.rules.iter().enumerate() {
                match found.iter().position(|found| entry.is_about(named.rule, found)) {
                    Some(at) => {
                        found.remove(at);
                    }
                    None if scope == Scope::Files && named.rule.is_between_files() => {}
                    None => unused.push(entry.unused(index)),
                }
            }
        }
        if is_whole {
            found.append(&mut unused);
            found.sort_by_key(|found| found.primary.span.start);
        }
        found
    }
}

impl Suppression {
    fn is_about(&self, rule: Rule, found: &Diagnostic) -> bool {
        let line = || self.file.position(found.primary.span.start).line;
        found.rule == rule && self.comment.lines.contains(&line())
    }

    fn unused(&self, index: usize) -> Diagnostic {
        let named = &self.rules[index];
        let message = format!("there is no `{}` here to silence", named.rule.name());
        let (title, span) = match self.rules.as_slice() {
            [_] => ("remove the suppression", self.without_comment()),
            _ => ("remove the rule from the suppression", self.without_rule(index)),
        };
        Diagnostic::new(Rule::UnusedSuppression, &self.file, named.span.clone(), message)
            .help(format!("{title}, or put it on the line of the finding or above it"))
            .fix(title, vec![Edit { span, text: String::new() }])
    }

    /// The comment with its line, or with the space before it.
    fn without_comment(&self) -> Span {
        let Span { start, end } = self.comment.span.clone();
        let text = &self.file.text;
        let before = text[..start].trim_end_matches([' ', '\t']).len();
        if !self.comment.alone {
            return before..end;
        }
        let rest = &text[end..];
        let line_end = rest.strip_prefix('\r').unwrap_or(rest);
        let line_end = line_end.strip_prefix('\n').unwrap_or(line_end);
        before..text.len() - line_end.len()
    }

    /// A rule of several with the comma that sets it apart.
    fn without_rule(&self, index: usize) -> Span {
        let span = &self.rules[index].span;
        match self.rules.get(index + 1) {
            Some(next) => span.start..next.span.start,
            None => self.rules[index - 1].span.end..span.end,
        }
    }
}

/// Every comment, found by the lexer: a `#` may also stand in a string.
///
/// Comments one below the other are all about the line that follows, and so about the form where they head it.
fn comments(file: &SourceFile) -> Vec<Comment> {
    let tokens = Source::new(&file.text).lex().filter(|token| token.kind() == TokenKind::Comment);
    let mut comments: Vec<Comment> = tokens
        .map(|token| {
            let span = token.span().start()..token.span().end();
            let before = file.text[..span.start].trim_end_matches([' ', '\t']);
            let line = file.position(span.start).line;
            Comment { lines: line..=line, alone: before.is_empty() || before.ends_with('\n'), span }
        })
        .collect();
    for block in comments
        .chunk_by_mut(|one, next| one.alone && next.alone && one.lines.end() + 1 == *next.lines.start())
    {
        // A comment behind something is a block of its own, about its own line.
        let Some(Comment { lines, alone: true, .. }) = block.first() else { continue };
        let lines = *lines.start()..=lines.start() + block.len();
        for comment in block.iter_mut() {
            comment.lines = lines.clone();
        }
    }
    comments
}

/// The part of a comment that is meant for formwork; nothing where it is for people.
fn directive(file: &SourceFile, comment: &Comment) -> Option<Span> {
    let text = file.text[comment.span.clone()].trim_end();
    let whole = text.trim_start_matches('#').trim_start();
    let told = whole.strip_prefix(ADDRESS)?.trim_start();
    let told = match told.strip_prefix(':') {
        Some(told) => told.trim_start(),
        // A slip, not a sentence: without the colon it says nothing that there is.
        None if told.starts_with("ignore[") => whole,
        None => return None,
    };
    let start = comment.span.start + text.len() - told.len();
    Some(start..start + told.len())
}

/// The rules that a suppression may silence; what is wrong with it is reported.
fn named_rules(file: &Arc<SourceFile>, directive: Span, diagnostics: &mut Vec<Diagnostic>) -> Vec<Named> {
    let mut fault = |span: Span, message: String, help: String| {
        diagnostics.push(Diagnostic::new(Rule::InvalidSuppression, file, span, message).help(help));
    };
    let text = &file.text[directive.clone()];
    let Some((list, reason)) = text.strip_prefix("ignore[").and_then(|rest| rest.split_once(']')) else {
        fault(directive, "this tells formwork nothing that it knows".to_owned(), USAGE.to_owned());
        return Vec::new();
    };
    let mut rules = Vec::new();
    let mut start = directive.start + "ignore[".len();
    let list_span = start..start + list.len();
    for part in list.split(',') {
        let name = part.trim();
        let at = start + part.len() - part.trim_start().len();
        start += part.len() + 1;
        if name.is_empty() {
            continue;
        }
        let span = at..at + name.len();
        match silenceable(name) {
            Ok(rule) => rules.push(Named { rule, span }),
            Err((message, help)) => fault(span, message, help),
        }
    }
    if list.split(',').all(|part| part.trim().is_empty()) {
        fault(list_span, "the suppression names no rule".to_owned(), USAGE.to_owned());
    } else if reason.trim_matches([' ', '\t', ':', '-', '–', '—']).is_empty() {
        let help = "say after the bracket why the finding is right as it is".to_owned();
        fault(directive, "the suppression gives no reason".to_owned(), help);
    }
    rules
}

/// The rule of this name, or why it cannot be silenced and what to do instead.
fn silenceable(name: &str) -> Result<Rule, (String, String)> {
    let silent = || Rule::ALL.iter().copied().filter(|rule| is_silenceable(*rule)).map(Rule::name);
    match Rule::from_name(name) {
        Some(rule) if is_silenceable(rule) => Ok(rule),
        Some(Rule::UnusedSuppression) => Err((
            "`unused-suppression` cannot be silenced".to_owned(),
            "remove the suppression that silences nothing".to_owned(),
        )),
        Some(_) => Err((
            format!("`{name}` is an error and cannot be silenced"),
            "mend it: what has an error is not served".to_owned(),
        )),
        None => Err((
            format!("there is no rule `{name}`"),
            nearest(name, silent()).map_or_else(
                || "the rule is what stands in brackets behind `warning`".to_owned(),
                |near| format!("did you mean `{near}`?"),
            ),
        )),
    }
}

fn is_silenceable(rule: Rule) -> bool {
    rule.severity() == Severity::Warning && rule != Rule::UnusedSuppression
}
