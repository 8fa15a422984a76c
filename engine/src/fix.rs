//! Edits that take something out of a TOML file, or give a key another name, and leave all else as it is: layout,
//! comments, meaning.
//!
//! Called by the rules that can say how to mend what they find, with the span of what is to go; [`apply`] is called by
//! the command line. What comes of an edit is parsed again before it is offered: where anything but the part that
//! goes would read otherwise, there is none.

mod places;

use toml::de::{DeTable, DeValue};
use toml_parser::Source;
use toml_parser::lexer::{Token, TokenKind};

use crate::diagnostic::{Edit, Fix};
use crate::source::{SourceFile, Span};

/// A table that may go with the last of its keys: empty, it says what its absence says.
const SAME_IF_EMPTY: &str = "validation";

/// Takes out the key that stands at `key`, with its value.
#[must_use]
pub fn remove_key(file: &SourceFile, key: &Span) -> Option<Vec<Edit>> {
    let before = DeTable::parse(&file.text).ok()?;
    let value = written(&file.text, before.get_ref(), key)?;
    let tokens = Source::new(&file.text).lex().into_vec();
    let at = tokens.iter().position(|token| token.span().start() == key.start)?;
    let mut first = at;
    while first > 0 && is_of_key(tokens[first - 1].kind()) {
        first -= 1;
    }
    let boundary = first.checked_sub(1).map(|before| tokens[before].kind());
    let span = match boundary {
        None | Some(TokenKind::Newline) if !in_inline_table(&tokens[..at]) => {
            with_line(&file.text, tokens[first].span().start()..value.end)
        }
        Some(TokenKind::Comma | TokenKind::LeftCurlyBracket) => entry(&tokens, first, value.end)?,
        _ => return None,
    };
    checked(file, before.get_ref(), key, span)
}

/// Takes out the item of an array that stands at `item`.
#[must_use]
pub fn remove_item(file: &SourceFile, item: &Span) -> Option<Vec<Edit>> {
    let before = DeTable::parse(&file.text).ok()?;
    let tokens = Source::new(&file.text).lex().into_vec();
    let at = tokens.iter().position(|token| token.span().start() == item.start)?;
    let mut first = at;
    while first > 0 && tokens[first - 1].kind() == TokenKind::Whitespace {
        first -= 1;
    }
    let span = entry(&tokens, first, item.end)?;
    checked(file, before.get_ref(), item, span)
}

/// Takes out the option whose value stands at `value`; with the rule that stands at `rule` where it is the only one.
#[must_use]
pub fn remove_option(file: &SourceFile, rule: &Span, value: &Span) -> Option<Vec<Edit>> {
    let table = DeTable::parse(&file.text).ok()?;
    let options = found(table.get_ref(), rule)?.as_table()?;
    let (option, _) = options.iter().find(|(_, node)| node.span() == *value)?;
    remove_key(file, &if options.len() == 1 { rule.clone() } else { option.span() })
}

/// What the key at `wanted` holds.
fn found<'t>(table: &'t DeTable<'t>, wanted: &Span) -> Option<&'t DeValue<'t>> {
    table.iter().find_map(|(key, node)| {
        if key.span() == *wanted {
            return Some(node.get_ref());
        }
        match node.get_ref() {
            DeValue::Table(inner) => found(inner, wanted),
            _ => None,
        }
    })
}

/// Gives the key that stands at `key` another name, wherever it is written: a dotted key and a header may say it again.
#[must_use]
pub fn rename_key(file: &SourceFile, key: &Span, name: &str) -> Option<Vec<Edit>> {
    let before = DeTable::parse(&file.text).ok()?;
    let renamed = |span| Edit { span, text: name.to_owned() };
    let edits: Vec<Edit> = places::of_key(&file.text, key)?.into_iter().map(renamed).collect();
    let change = Change { at: key, name: Some(name) };
    changed_alone(file, before.get_ref(), &change, &edits).then_some(edits)
}

/// Applies the fixes that do not touch one another, in the order of the text; the text that they leave, and which they were.
#[must_use]
pub fn apply<'a>(text: &str, fixes: &[&'a Fix]) -> (String, Vec<&'a Fix>) {
    let extent = |fix: &Fix| Some((fix.edits.first()?.span.start, fix.edits.last()?.span.end));
    let mut ordered: Vec<(usize, usize, &Fix)> =
        fixes.iter().copied().filter_map(|fix| extent(fix).map(|(start, end)| (start, end, fix))).collect();
    ordered.sort_by_key(|(start, end, _)| (*start, *end));
    let mut mended = String::with_capacity(text.len());
    let mut applied = Vec::new();
    let mut done = 0;
    for (start, _, fix) in ordered {
        if start < done {
            continue;
        }
        for edit in &fix.edits {
            mended.push_str(text.get(done..edit.span.start).unwrap_or_default());
            mended.push_str(&edit.text);
            done = edit.span.end;
        }
        applied.push(fix);
    }
    mended.push_str(text.get(done..).unwrap_or_default());
    (mended, applied)
}

/// Where the value of the key at `wanted` is written; of a dotted key, that of the one key which it holds.
fn written(text: &str, table: &DeTable<'_>, wanted: &Span) -> Option<Span> {
    for (key, node) in table {
        if key.span() == *wanted {
            let rest = text.get(wanted.end..)?.trim_start();
            if rest.starts_with('=') {
                return Some(node.span());
            }
            let inner =
                node.get_ref().as_table().filter(|inner| inner.len() == 1 && rest.starts_with('.'))?;
            return written(text, inner, &inner.iter().next()?.0.span());
        }
        if let Some(found) = written_below(text, node.get_ref(), wanted) {
            return Some(found);
        }
    }
    None
}

fn written_below(text: &str, value: &DeValue<'_>, wanted: &Span) -> Option<Span> {
    match value {
        DeValue::Table(table) => written(text, table, wanted),
        DeValue::Array(items) => items.iter().find_map(|item| written_below(text, item.get_ref(), wanted)),
        _ => None,
    }
}

fn is_of_key(kind: TokenKind) -> bool {
    use TokenKind::{Atom, BasicString, Dot, LiteralString, Whitespace};
    matches!(kind, Whitespace | Dot | Atom | BasicString | LiteralString)
}

fn in_inline_table(before: &[Token]) -> bool {
    let count = |wanted| before.iter().filter(|token| token.kind() == wanted).count();
    count(TokenKind::LeftCurlyBracket) > count(TokenKind::RightCurlyBracket)
}

/// A key and value at the beginning of a line with the rest of it; a comment behind them stays.
fn with_line(text: &str, Span { start, end }: Span) -> Span {
    let rest = &text[end..];
    let after = rest.trim_start_matches([' ', '\t']);
    let after = after.strip_prefix('\r').unwrap_or(after);
    start..text.len() - after.strip_prefix('\n').unwrap_or(after).len()
}

/// An entry between commas or brackets with the comma that sets it apart, where it shares its line with its neighbours.
fn entry(tokens: &[Token], first: usize, end: usize) -> Option<Span> {
    use TokenKind::{Comma, LeftCurlyBracket, LeftSquareBracket, RightCurlyBracket, RightSquareBracket};
    let before = &tokens[first.checked_sub(1)?];
    if !matches!(before.kind(), Comma | LeftCurlyBracket | LeftSquareBracket) {
        return None;
    }
    let mut after = tokens.iter().filter(|token| token.span().start() >= end).filter(|token| is_solid(token));
    let start = tokens[first..].iter().find(|token| is_solid(token))?.span().start();
    let next = after.next()?;
    match next.kind() {
        Comma => {
            let following = after.next()?;
            // What begins on another line may have a comment of its own above it.
            (following.kind() != TokenKind::Newline).then(|| start..following.span().start())
        }
        RightCurlyBracket | RightSquareBracket if before.kind() == Comma => Some(before.span().start()..end),
        RightCurlyBracket | RightSquareBracket => Some(before.span().end()..next.span().start()),
        _ => None,
    }
}

fn is_solid(token: &Token) -> bool {
    token.kind() != TokenKind::Whitespace
}

/// What becomes of the part of a file that stands at a place.
struct Change<'c> {
    at: &'c Span,
    /// What the key is called afterwards; nothing where it goes.
    name: Option<&'c str>,
}

/// The edit, if without `gone` everything reads as it did.
fn checked(file: &SourceFile, before: &DeTable<'_>, gone: &Span, span: Span) -> Option<Vec<Edit>> {
    let edits = vec![Edit { span, text: String::new() }];
    changed_alone(file, before, &Change { at: gone, name: None }, &edits).then_some(edits)
}

/// Whether after the edits everything reads as it did, apart from the change.
fn changed_alone(file: &SourceFile, before: &DeTable<'_>, change: &Change<'_>, edits: &[Edit]) -> bool {
    let fix = Fix { title: String::new(), edits: edits.to_vec() };
    let (mended, _) = apply(&file.text, &[&fix]);
    DeTable::parse(&mended).is_ok_and(|after| same_table(before, after.get_ref(), change))
}

/// Whether `after` is `before` apart from the change.
fn same_table(before: &DeTable<'_>, after: &DeTable<'_>, change: &Change<'_>) -> bool {
    let mut kept = 0;
    for (key, value) in before {
        let (written, name) = (key.get_ref().as_ref(), change.name.filter(|_| key.span() == *change.at));
        let is_gone = key.span() == *change.at && name.is_none();
        match after.get(name.unwrap_or(written)) {
            Some(other) if !is_gone && same_value(value.get_ref(), other.get_ref(), change) => kept += 1,
            None if is_gone => {}
            None if written == SAME_IF_EMPTY && holds_only(value.get_ref(), change) => {}
            _ => return false,
        }
    }
    kept == after.len()
}

/// Whether nothing is left of a table.
fn holds_only(value: &DeValue<'_>, change: &Change<'_>) -> bool {
    let goes = |key: Span| key == *change.at && change.name.is_none();
    value.as_table().is_some_and(|table| table.len() == 1 && table.keys().all(|key| goes(key.span())))
}

fn same_value(before: &DeValue<'_>, after: &DeValue<'_>, change: &Change<'_>) -> bool {
    match (before, after) {
        (DeValue::Table(before), DeValue::Table(after)) => same_table(before, after, change),
        (DeValue::Array(before), DeValue::Array(after)) => {
            let kept: Vec<_> = before.iter().filter(|item| item.span() != *change.at).collect();
            kept.len() == after.len()
                && kept
                    .iter()
                    .zip(after)
                    .all(|(one, other)| same_value(one.get_ref(), other.get_ref(), change))
        }
        (DeValue::String(before), DeValue::String(after)) => before == after,
        (DeValue::Integer(before), DeValue::Integer(after)) => {
            (before.as_str(), before.radix()) == (after.as_str(), after.radix())
        }
        (DeValue::Float(before), DeValue::Float(after)) => before.as_str() == after.as_str(),
        (DeValue::Boolean(before), DeValue::Boolean(after)) => before == after,
        (DeValue::Datetime(before), DeValue::Datetime(after)) => before == after,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(
        text: &str,
        part: &str,
        remove: fn(&SourceFile, &Span) -> Option<Vec<Edit>>,
    ) -> Option<String> {
        let file = SourceFile::new("f.toml".into(), "f".into(), text.into());
        let start = text.find(part).unwrap_or_default();
        let fix = Fix { title: String::new(), edits: remove(&file, &(start..start + part.len()))? };
        Some(apply(text, &[&fix]).0)
    }

    #[test]
    fn a_key_goes_with_its_line_and_leaves_its_comment() {
        let key = |text, key| without(text, key, remove_key);
        assert_eq!(key("[t]\na = 1\nbb.c = 2\n", "bb").as_deref(), Some("[t]\na = 1\n"));
        assert_eq!(key("a = 1\r\n  b = [\r\n  2 ]\r\nc = 3\r\n", "b").as_deref(), Some("a = 1\r\nc = 3\r\n"));
        assert_eq!(key("a = 1 # why\nb = 2\n", "a").as_deref(), Some("# why\nb = 2\n"));
        assert_eq!(key("a = 1", "a").as_deref(), Some(""));
    }

    #[test]
    fn a_dotted_key_goes_only_as_a_whole() {
        let key = |text, key| without(text, key, remove_key);
        assert_eq!(key("x = 1\nlength.minimum = 3\n", "length").as_deref(), Some("x = 1\n"));
        assert_eq!(key("length.minimum = 3\nlength.maximum = 4\n", "length"), None);
        assert_eq!(key("[length]\nminimum = 3\n", "length"), None);
    }

    #[test]
    fn no_table_goes_with_its_last_key_but_one_that_may_be_empty() {
        let key = |text, key| without(text, key, remove_key);
        assert_eq!(key("age.validation.odd = true\n", "odd"), None);
        assert_eq!(key("[age]\nvalidation.odd = true\n", "odd").as_deref(), Some("[age]\n"));
    }

    #[test]
    fn an_entry_goes_with_its_comma() {
        let key = |key| without("t = { a = 1, b.x = '{', c = [3] }\n", key, remove_key);
        assert_eq!(key("a").as_deref(), Some("t = { b.x = '{', c = [3] }\n"));
        assert_eq!(key("b").as_deref(), Some("t = { a = 1, c = [3] }\n"));
        assert_eq!(key("c").as_deref(), Some("t = { a = 1, b.x = '{' }\n"));
        assert_eq!(without("t = { a = 1 }\n", "a", remove_key).as_deref(), Some("t = {}\n"));
    }

    #[test]
    fn an_item_goes_with_its_comma() {
        let item = |item| without("t = ['x', 'y', 'z']\n", item, remove_item);
        assert_eq!(item("'x'").as_deref(), Some("t = ['y', 'z']\n"));
        assert_eq!(item("'z'").as_deref(), Some("t = ['x', 'y']\n"));
        assert_eq!(without("t = ['x']\n", "'x'", remove_item).as_deref(), Some("t = []\n"));
    }

    #[test]
    fn what_stands_over_several_lines_is_left_to_people() {
        assert_eq!(without("t = [\n  'x', # why\n  'y',\n]\n", "'x'", remove_item), None);
    }

    #[test]
    fn a_key_has_its_new_name_wherever_it_is_written() {
        let renamed = |text: &str| {
            let key = if text.contains("\"old\"") { "\"old\"" } else { "old" };
            without(text, key, |file, key| rename_key(file, key, "new"))
        };
        for (text, wanted) in [
            ("old = 1 # why\n", Some("new = 1 # why\n")),
            ("[t]\n  a . \"old\" = 1\n", Some("[t]\n  a . new = 1\n")),
            ("a.old.b = 1\nold = 2\na.old.c = 'old'\n", Some("a.new.b = 1\nold = 2\na.new.c = 'old'\n")),
            ("t = { b = [{ old = 1 }], old = 2 }\n", Some("t = { b = [{ new = 1 }], old = 2 }\n")),
            ("t = { old.x = { y = {} }, b.old = [] }\n", Some("t = { new.x = { y = {} }, b.old = [] }\n")),
            ("[a.old] # x\nold = 1\n[a.old.if]\n", Some("[a.new] # x\nold = 1\n[a.new.if]\n")),
            ("[[a]]\nold = 1\n[[a]]\nold = 1\n", None),
            ("old = 1\nnew = 2\n", None),
        ] {
            assert_eq!(renamed(text).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn fixes_that_touch_one_another_wait_for_the_next_round() {
        let cut = |span: Span| Fix { title: String::new(), edits: vec![Edit { span, text: String::new() }] };
        let (first, second, third) = (cut(4..6), cut(0..2), cut(5..8));
        let (text, applied) = apply("0123456789", &[&first, &second, &third]);
        assert_eq!((text.as_str(), applied), ("236789", vec![&second, &first]));
    }
}
