//! A form's text, line by line, with what there is to say of it where it is said.

use std::collections::BTreeSet;
use std::path::Path;

use formwork_engine::diagnostic::{Diagnostic, Severity};
use formwork_engine::source::{SourceFile, Span};
use minijinja::{Value, context};
use serde::Serialize;

use super::super::error::ApiError;
use super::diagnostics::{self, Place};
use crate::html::workbench::{listed, piece};

#[derive(Serialize)]
struct Line<'t> {
    number: usize,
    mark: Option<&'static str>,
    parts: Vec<Part<'t>>,
    notes: Option<Value>,
}

#[derive(Serialize)]
struct Part<'t> {
    text: &'t str,
    mark: Option<&'static str>,
}

/// How a part of the text is marked; what comes later counts for more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Context,
    Warning,
    Error,
}

impl Mark {
    fn of(severity: Severity) -> Self {
        match severity {
            Severity::Warning => Self::Warning,
            Severity::Error => Self::Error,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// The text with what was found in it.
pub(super) fn view(file: &SourceFile, found: &[Diagnostic]) -> Result<Value, ApiError> {
    let marks = marks(&file.path, found);
    let starts = line_starts(&file.text);
    let mut lines = Vec::with_capacity(starts.len());
    for (index, start) in starts.iter().enumerate() {
        let end = starts.get(index + 1).copied().unwrap_or(file.text.len());
        let text = file.text.get(*start..end).unwrap_or_default().trim_end_matches(['\n', '\r']);
        let number = index + 1;
        let here = |found: &&Diagnostic| {
            is_in(&found.primary.file, &file.path)
                && found.primary.file.position(found.primary.span.start).line == number
        };
        let notes: Vec<&Diagnostic> = if marks.is_empty() && found.is_empty() {
            Vec::new()
        } else {
            found.iter().filter(here).collect()
        };
        let mark = notes.iter().map(|found| Mark::of(found.severity)).max();
        lines.push(Line {
            number,
            mark: mark.map(Mark::name),
            parts: parts(text, *start, &marks),
            notes: if notes.is_empty() { None } else { Some(diagnostics::list(notes, Place::InText)?) },
        });
    }
    let summary = diagnostics::count(found).map_or_else(
        || format!("{} lines, no findings", lines.len()),
        |found| format!("{} lines, {found}", lines.len()),
    );
    piece("source.html", context! { lines => listed(&lines), summary })
}

fn is_in(file: &SourceFile, path: &Path) -> bool {
    file.path == path
}

fn marks(path: &Path, found: &[Diagnostic]) -> Vec<(Span, Mark)> {
    let primary = found.iter().map(|found| (&found.primary, Mark::of(found.severity)));
    let others = found.iter().flat_map(|found| &found.secondary).map(|label| (label, Mark::Context));
    let of_file = primary.chain(others).filter(|(label, _)| is_in(&label.file, path));
    of_file.map(|(label, mark)| (label.span.clone(), mark)).collect()
}

/// A text without an end of line at its end has as many lines as one with it.
fn line_starts(text: &str) -> Vec<usize> {
    let ends = text.match_indices('\n').map(|(at, _)| at + 1).filter(|at| *at < text.len());
    std::iter::once(0).chain(ends).collect()
}

/// A line that starts at a byte, taken apart where marks begin and end.
fn parts<'t>(text: &'t str, start: usize, marks: &[(Span, Mark)]) -> Vec<Part<'t>> {
    let end = start + text.len();
    let touching: Vec<(usize, usize, Mark)> = marks
        .iter()
        .filter(|(span, _)| span.start < end && span.end > start)
        .map(|(span, mark)| {
            let within = |byte: usize| text.floor_char_boundary(byte.clamp(start, end) - start);
            (within(span.start), within(span.end), *mark)
        })
        .collect();
    let mut cuts: BTreeSet<usize> = touching.iter().flat_map(|(from, to, _)| [*from, *to]).collect();
    cuts.extend([0, text.len()]);
    let cuts: Vec<usize> = cuts.into_iter().collect();
    let pieces = cuts.windows(2).filter_map(|cut| {
        let (from, to) = (*cut.first()?, *cut.last()?);
        let covering = touching.iter().filter(|(start, end, _)| *start <= from && to <= *end);
        let mark = covering.map(|(_, _, mark)| *mark).max();
        Some(Part { text: text.get(from..to)?, mark: mark.map(Mark::name) })
    });
    pieces.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, start: usize, marks: &[(Span, Mark)]) -> String {
        let shown = |part: &Part<'_>| match part.mark {
            Some(mark) => format!("<{mark}:{}>", part.text),
            None => part.text.to_owned(),
        };
        parts(text, start, marks).iter().map(shown).collect()
    }

    #[test]
    fn a_line_is_taken_apart_where_marks_begin_and_end() {
        let marks = [(2..4, Mark::Error), (3..8, Mark::Context), (20..30, Mark::Warning)];
        assert_eq!(shown("abcdef", 0, &marks), "ab<error:c><error:d><context:ef>");
        assert_eq!(shown("ghi", 7, &marks), "<context:g>hi");
        assert_eq!(shown("", 9, &marks), "");
        assert_eq!(shown("x", 40, &marks), "x");
        assert_eq!(shown("wholly marked", 22, &[(0..90, Mark::Warning)]), "<warning:wholly marked>");
    }

    #[test]
    fn marks_do_not_cut_characters() {
        assert_eq!(shown("zażółć", 0, &[(3..4, Mark::Error)]), "za<error:ż>ółć");
        assert_eq!(shown("zażółć", 0, &[(2..5, Mark::Error)]), "za<error:ż>ółć");
    }

    #[test]
    fn lines_are_counted_as_editors_do() {
        assert_eq!(line_starts("a\nb\n"), [0, 2]);
        assert_eq!(line_starts("a\nb"), [0, 2]);
        assert_eq!(line_starts(""), [0]);
    }
}
