//! `unanchored-pattern`: a pattern that describes a value and holds for any value with such a part.
//!
//! A pattern matches anywhere in a value, so at an end that is not anchored the most that a quantifier allows is lost:
//! `[a-z]+` holds for whatever `[a-z]` holds for. Whoever wrote the quantifier meant the end of the value. What a search
//! would say, a single character or a fixed text at such an end, is left alone.

use regex_syntax::ast::parse::Parser;
use regex_syntax::ast::{AssertionKind, Ast, GroupKind, Repetition, RepetitionKind, RepetitionRange};

use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{Check, Field, Form, Spanned};

pub(super) fn check(form: &Form, field: &Field) -> Vec<Diagnostic> {
    let patterns = field.validations.iter().filter_map(|validation| match &validation.check {
        Check::Format { with: Some(pattern), .. } => Some(pattern),
        _ => None,
    });
    patterns.filter_map(|pattern| unanchored(form, pattern)).collect()
}

fn unanchored(form: &Form, pattern: &Spanned<String>) -> Option<Diagnostic> {
    if is_plainly_anchored(&pattern.value) {
        return None;
    }
    let ast = Parser::new().parse(&pattern.value).ok()?;
    let (message, part) = loose_alternatives(&ast).or_else(|| loose_end(&ast))?;
    let span = form.source.span_in_string(&pattern.span, &pattern.value, part);
    let whole = anchored(&ast, &pattern.value);
    let diagnostic = Diagnostic::new(Rule::UnanchoredPattern, &form.source, span, message);
    Some(diagnostic.help(format!("write `{whole}` for a pattern of the whole value")))
}

/// Whether both ends are held, as those of most patterns are, which then need not be parsed.
fn is_plainly_anchored(pattern: &str) -> bool {
    // A comment may hide the last anchor, but only in a pattern that is no ECMAScript.
    pattern.starts_with('^')
        && pattern.ends_with('$')
        && !pattern.ends_with(r"\$")
        && !pattern.contains(['|', '#'])
}

/// `^a|b$`, in which each anchor belongs to one of the alternatives.
fn loose_alternatives(ast: &Ast) -> Option<(String, std::ops::Range<usize>)> {
    let Ast::Alternation(ways) = ast else { return None };
    let held = |way: &Ast| (end(way, Side::Start) == End::Anchored, end(way, Side::End) == End::Anchored);
    let ends: Vec<(bool, bool)> = ways.asts.iter().map(held).collect();
    let only_start = ends.iter().position(|held| *held == (true, false))?;
    ends.iter().position(|held| *held == (false, true))?;
    let way = ways.asts.get(only_start)?.span();
    let message = "`|` binds loosest: each anchor holds for one of the alternatives alone".to_owned();
    Some((message, way.start.offset..way.end.offset))
}

/// A quantifier at an end that nothing holds.
fn loose_end(ast: &Ast) -> Option<(String, std::ops::Range<usize>)> {
    let (start, finish) = (end(ast, Side::Start), end(ast, Side::End));
    let nothing_holds = start != End::Anchored && finish != End::Anchored;
    let part = match (start, finish) {
        (_, End::Varies(part)) | (End::Varies(part), _) => part,
        // `[A-Z]{2}-[0-9]{6}` counts; with one anchor it may be what a value begins or ends with.
        (_, End::Counts(part)) | (End::Counts(part), _) if nothing_holds => part,
        _ => return None,
    };
    let message = "nothing holds this end of the pattern, so any value with such a part matches".to_owned();
    Some((message, part))
}

/// The pattern with both its ends held.
fn anchored(ast: &Ast, pattern: &str) -> String {
    let Ast::Alternation(ways) = ast else {
        let start = if end(ast, Side::Start) == End::Anchored { "" } else { "^" };
        let finish = if end(ast, Side::End) == End::Anchored { "" } else { "$" };
        return format!("{start}{pattern}{finish}");
    };
    let ways: Vec<&str> = ways
        .asts
        .iter()
        .map(|way| {
            let span = way.span();
            let written = pattern.get(span.start.offset..span.end.offset).unwrap_or_default();
            let written = written.strip_prefix('^').unwrap_or(written);
            if end(way, Side::End) == End::Anchored {
                written.strip_suffix('$').unwrap_or(written)
            } else {
                written
            }
        })
        .collect();
    format!("^(?:{})$", ways.join("|"))
}

#[derive(Clone, Copy)]
enum Side {
    Start,
    End,
}

/// What stands at an end of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    /// The end of the value.
    Anchored,
    /// Something that may repeat more or less often, at these bytes.
    Varies(std::ops::Range<usize>),
    /// A class that repeats so many times, at these bytes.
    Counts(std::ops::Range<usize>),
    /// Anything that a search may end with.
    Open,
}

fn end(ast: &Ast, side: Side) -> End {
    match ast {
        Ast::Assertion(assertion) => match (&assertion.kind, side) {
            (AssertionKind::StartLine, Side::Start) | (AssertionKind::EndLine, Side::End) => End::Anchored,
            _ => End::Open,
        },
        Ast::Group(group) if !matches!(group.kind, GroupKind::NonCapturing(ref flags) if !flags.items.is_empty()) => {
            end(&group.ast, side)
        }
        Ast::Concat(concat) => {
            let outermost = match side {
                Side::Start => concat.asts.first(),
                Side::End => concat.asts.last(),
            };
            outermost.map_or(End::Open, |part| end(part, side))
        }
        Ast::Alternation(ways) => {
            let ends: Vec<End> = ways.asts.iter().map(|way| end(way, side)).collect();
            let loose = ends.iter().find(|end| matches!(end, End::Varies(_))).cloned();
            let held = ends.iter().all(|end| *end == End::Anchored);
            loose.unwrap_or(if held { End::Anchored } else { End::Open })
        }
        Ast::Repetition(repetition) => repeated(repetition),
        _ => End::Open,
    }
}

fn repeated(repetition: &Repetition) -> End {
    let part = repetition.span.start.offset..repetition.span.end.offset;
    let class = matches!(*repetition.ast, Ast::ClassBracketed(_) | Ast::ClassPerl(_) | Ast::ClassUnicode(_));
    match &repetition.op.kind {
        // `.*` says that anything may stand there, which is so; a group may hold what a search looks for.
        _ if !class => End::Open,
        RepetitionKind::Range(RepetitionRange::Exactly(count)) if *count > 1 => End::Counts(part),
        RepetitionKind::Range(RepetitionRange::Exactly(_)) => End::Open,
        _ => End::Varies(part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suggested(pattern: &str) -> Option<String> {
        let ast = Parser::new().parse(pattern).ok()?;
        loose_alternatives(&ast).or_else(|| loose_end(&ast))?;
        Some(anchored(&ast, pattern))
    }

    #[test]
    fn patterns_that_describe_a_whole_value() {
        for (pattern, whole) in [
            ("[a-z]+", "^[a-z]+$"),
            (r"\d{4}", r"^\d{4}$"),
            ("[A-Z]{2}-[0-9]{6}", "^[A-Z]{2}-[0-9]{6}$"),
            ("^[a-z][a-z0-9]*", "^[a-z][a-z0-9]*$"),
            ("[0-9]{2,4}$", "^[0-9]{2,4}$"),
            ("([a-z]+)", "^([a-z]+)$"),
            ("#[0-9a-f]{6}", "^#[0-9a-f]{6}$"),
            ("^a|b$", "^(?:a|b)$"),
            ("^a|b|c$", "^(?:a|b|c)$"),
            ("[a-z]+|[0-9]+", "^(?:[a-z]+|[0-9]+)$"),
        ] {
            assert!(!is_plainly_anchored(pattern), "{pattern}");
            assert_eq!(suggested(pattern).as_deref(), Some(whole), "{pattern}");
        }
    }

    #[test]
    fn searches() {
        for pattern in [
            r"@example\.com$",
            "^[A-Z]",
            "^[A-Z]{2}",
            "[0-9]",
            r"\d",
            "^https://",
            ".+@.+",
            ".*[0-9].*",
            "foo",
            "^[a-z]+$",
            "^(?:a|b)$",
            "^a$|^b$",
            "^([a-z]+|[0-9]+)$",
            "^a|^b",
            "-(draft)?$",
            "",
        ] {
            assert_eq!(suggested(pattern), None, "{pattern}");
        }
    }
}
