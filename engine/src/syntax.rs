//! Text → spanned TOML, with every syntax error of the file.
//!
//! Called by `registry` for each file; the tree goes to `lower`.

mod habit;

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, Error};

use crate::diagnostic::{Diagnostic, Rule};
use crate::source::{MAX_FILE_BYTES, ReadFault, SourceFile};

/// Parses a file as far as it can be parsed.
#[must_use]
pub fn parse(file: &Arc<SourceFile>) -> (Spanned<DeTable<'_>>, Vec<Diagnostic>) {
    let (table, errors) = DeTable::parse_recoverable(&file.text);
    if !errors.is_empty()
        && let Some((habit, span)) = habit::whole_file(&file.text)
    {
        return (table, vec![Diagnostic::new(Rule::TomlSyntax, file, span, habit.message).help(habit.help)]);
    }
    let mut diagnostics: Vec<Diagnostic> = errors.iter().map(|error| syntax_error(file, error)).collect();
    diagnostics.sort_by_key(|found| found.primary.span.start);
    // What follows on the same line is mostly the parser finding its way back, and so are the items of a list.
    diagnostics.dedup_by_key(|found| file.position(found.primary.span.start).line);
    diagnostics.dedup_by(|next, _| habit::is_list_item(file.line_at(next.primary.span.start)));
    (table, diagnostics)
}

fn syntax_error(file: &Arc<SourceFile>, error: &Error) -> Diagnostic {
    let span = error.span().unwrap_or(0..0);
    if let Some(habit) = habit::at(&file.text, span.start) {
        let found = Diagnostic::new(Rule::TomlSyntax, file, span, habit.message).help(habit.help);
        return match habit.first {
            Some(first) => found.also(file, first, "first here"),
            None => found,
        };
    }
    // The parser puts what it expected on lines of its own.
    let mut lines = error.message().lines();
    let message = lines.next().unwrap_or_default().to_owned();
    let diagnostic = Diagnostic::new(Rule::TomlSyntax, file, span, message);
    match lines.collect::<Vec<_>>().join("; ") {
        rest if rest.is_empty() => diagnostic,
        rest => diagnostic.help(rest),
    }
}

/// What to say of a file whose text could not be had.
#[must_use]
pub fn read_fault(file: &Arc<SourceFile>, fault: &ReadFault) -> Diagnostic {
    let end = file.text.len()..file.text.len();
    match fault {
        ReadFault::NotUtf8(byte) => Diagnostic::new(
            Rule::TomlSyntax,
            file,
            end,
            format!("the file is not UTF-8: byte {} is not valid", byte + 1),
        )
        .help("save the file as UTF-8"),
        ReadFault::TooLarge => Diagnostic::new(
            Rule::TomlSyntax,
            file,
            end,
            format!("the file is larger than {} KiB", MAX_FILE_BYTES / 1024),
        )
        .help("a form configuration is text written by hand; split what belongs to several forms"),
        ReadFault::Io(error) => {
            Diagnostic::new(Rule::TomlSyntax, file, end, format!("the file cannot be read: {error}"))
        }
    }
}
