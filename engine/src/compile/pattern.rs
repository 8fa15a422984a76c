//! The patterns of a form: whether each is an ECMAScript regular expression of bounded size, with the place of what is wrong.

use std::ops::Range;

use jsonschema::{PatternCache, PatternOptions, ValidationOptions, Validator};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{Form, Spanned};

/// The most memory that one compiled pattern may take, in bytes.
const PATTERN_BYTES: usize = 1 << 20;

/// More than one range of characters, or one character, takes in a compiled pattern, in bytes.
const RANGE_BYTES: usize = 1 << 11;

/// Which patterns are compiled by themselves before they are taken for sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trial {
    /// Those that may be too large. The others show when the whole document is compiled.
    OfLarge,
    /// Each: the document does not compile, or is not going to be.
    OfEach,
}

/// Tells which patterns are sound.
pub(super) struct Patterns {
    /// Compiles no pattern that takes more than [`PATTERN_BYTES`]. Documents are compiled without a limit, since with one
    /// the validator makes an automaton of every pattern, while most are simple enough to be matched without.
    limited: ValidationOptions<'static>,
    /// Whether a text is an ECMAScript regular expression, as the documents of others must find it.
    ecmascript: Option<Validator>,
}

impl Patterns {
    /// By the options that documents are compiled with.
    pub(super) fn new(options: &ValidationOptions<'static>) -> Self {
        let limits = PatternOptions::regex().size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES);
        Self {
            limited: options.clone().with_pattern_options(limits).with_pattern_cache(PatternCache::new()),
            ecmascript: options.build(&json!({ "format": "regex" })).ok(),
        }
    }

    /// What is wrong with a pattern.
    pub(super) fn check(&self, form: &Form, pattern: &Spanned<String>, trial: Trial) -> Option<Diagnostic> {
        if let Some((part, help)) = not_portable(&pattern.value) {
            let span = form.source.span_in_string(&pattern.span, &pattern.value, part.clone());
            let written = &pattern.value[part];
            let message = format!(
                "`{written}` is no ECMAScript, and other validators would not read it as it is meant"
            );
            return Some(Diagnostic::new(Rule::InvalidPattern, &form.source, span, message).help(help));
        }
        let is_tried = trial == Trial::OfEach || !is_small(&pattern.value);
        let compiles = !is_tried || self.limited.build(&json!({ "pattern": pattern.value })).is_ok();
        let value = Value::from(pattern.value.as_str());
        let is_ecmascript = self.ecmascript.as_ref().is_some_and(|regex| regex.is_valid(&value));
        if compiles && is_ecmascript {
            return None;
        }
        let file = &form.source;
        let diagnostic = |span, message: String| Diagnostic::new(Rule::InvalidPattern, file, span, message);
        if compiles {
            let message =
                "the pattern is no ECMAScript regular expression, and other validators could not read it";
            if let Some(help) = without_slashes(&pattern.value) {
                let message = "a pattern stands without slashes".to_owned();
                return Some(diagnostic(pattern.span.clone(), message).help(help));
            }
            let help = r"write `^` and `$` for `\A` and `\z`, `(?<name>…)` for `(?P<name>…)`, and flags as character classes";
            return Some(diagnostic(pattern.span.clone(), message.to_owned()).help(help));
        }
        // The validator says no more than that the pattern fails; the parser knows where and why.
        let (kind, part, help) = match regex_syntax::Parser::new().parse(&pattern.value) {
            Err(regex_syntax::Error::Parse(error)) => {
                (error.kind().to_string(), *error.span(), mended(error.kind()))
            }
            Err(regex_syntax::Error::Translate(error)) => (error.kind().to_string(), *error.span(), None),
            _ => {
                let message =
                    "the pattern is no ECMAScript regular expression, or would take too much memory";
                let help = "write it without the extensions of other languages, and with smaller repetitions";
                return Some(diagnostic(pattern.span.clone(), message.to_owned()).help(help));
            }
        };
        let part = part.start.offset..part.end.offset;
        let span = file.span_in_string(&pattern.span, &pattern.value, part);
        let mut diagnostic = diagnostic(span, format!("the pattern does not compile: {kind}"));
        diagnostic.help = help.map(str::to_owned);
        Some(diagnostic)
    }
}

/// What to write in a pattern that does not compile, for the faults that people make.
fn mended(fault: &regex_syntax::ast::ErrorKind) -> Option<&'static str> {
    use regex_syntax::ast::ErrorKind;
    Some(match fault {
        ErrorKind::UnsupportedBackreference | ErrorKind::UnsupportedLookAround => {
            "patterns match in linear time: they have no look-around and no back-references"
        }
        ErrorKind::GroupUnclosed => r"close it with `)`, or write `\(` for the bracket itself",
        ErrorKind::GroupUnopened => r"write `\)` for the bracket itself",
        ErrorKind::ClassUnclosed => r"close it with `]`, or write `\[` for the bracket itself",
        ErrorKind::RepetitionMissing => {
            r"write it behind what is repeated, `.*`, or with a backslash for the character itself, `\*`"
        }
        ErrorKind::EscapeUnrecognized => {
            "write the character without the backslash, or `^` and `$` for ends of the text"
        }
        _ => return None,
    })
}

/// What to write instead of a pattern between slashes, as Ruby and JavaScript have it.
pub(crate) fn without_slashes(pattern: &str) -> Option<String> {
    let (inner, flags) = pattern.strip_prefix('/')?.rsplit_once('/')?;
    if !flags.bytes().all(|flag| flag.is_ascii_lowercase()) {
        return None;
    }
    let inner = inner.replace(r"\A", "^").replace(r"\z", "$").replace(r"\Z", "$");
    let flags =
        if flags.is_empty() { "" } else { ", and for the flag `i` each letter in both cases: `[A-Za-z]`" };
    Some(format!("write `'{inner}'`{flags}"))
}

/// What in a pattern other validators refuse or take for something else, with what to write instead. The grammar that
/// `regex` of JSON Schema is checked by is wider than that of ECMAScript with the flag `u` (ECMA-262, 22.2.1).
fn not_portable(pattern: &str) -> Option<(Range<usize>, String)> {
    let mut in_class = false;
    let mut characters = pattern.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => {
                let flags = pattern[at..].strip_prefix("(?").and_then(|rest| rest.split([':', ')']).next());
                let flags = flags.unwrap_or_default();
                if !flags.is_empty() && flags.bytes().all(|byte| b"imsx-".contains(&byte)) {
                    return Some((
                        at..at + 2 + flags.len(),
                        "write flags as character classes: `[Aa]`".to_owned(),
                    ));
                }
            }
            '\\' => {
                let (_, escaped) = characters.next()?;
                let part = at..at + 1 + escaped.len_utf8();
                match escaped {
                    'b' | 'B' if !in_class => {
                        let help = "`\\b` means ASCII words there and Unicode words here: write what may stand there";
                        return Some((part, help.to_owned()));
                    }
                    '-' if in_class => {}
                    '^' | '$' | '\\' | '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|'
                    | '/' => {}
                    other if other.is_ascii_punctuation() || other == ' ' => {
                        return Some((part, format!("write `{other}` without the backslash")));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    None
}

/// Whether a pattern surely stays below [`PATTERN_BYTES`].
fn is_small(pattern: &str) -> bool {
    most_bytes_of_plain(pattern).is_some_and(|bytes| bytes <= PATTERN_BYTES) || is_small_when_read(pattern)
}

/// What a pattern takes at the most, by its length and its greatest number alone; nothing for one with groups or with
/// other escapes than those of punctuation and of ECMAScript's classes. Most patterns need not be read.
fn most_bytes_of_plain(pattern: &str) -> Option<usize> {
    /// Of no character come more: `\W` has five ranges and two characters, `.` has two.
    const RANGES: usize = 3;
    let mut times = 1;
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                let escaped = characters.next()?;
                if !(escaped.is_ascii_punctuation() || "dDwWsS".contains(escaped)) {
                    return None;
                }
            }
            '{' => {
                let inside = characters.as_str().split('}').next()?;
                for number in inside.split(',').filter(|number| !number.is_empty()) {
                    times = number.parse::<usize>().ok()?.max(times);
                }
            }
            '(' => return None,
            other if !other.is_ascii() => return None,
            _ => {}
        }
    }
    Some(pattern.len().saturating_mul(RANGES * RANGE_BYTES).saturating_mul(times))
}

/// The same of any pattern. ECMAScript's classes are those of ASCII, and a class takes a few states for each of its
/// ranges; what cannot be read so may be large.
fn is_small_when_read(pattern: &str) -> bool {
    let ascii = ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern);
    ascii.is_ok_and(|hir| most_bytes(&hir) <= PATTERN_BYTES)
}

fn most_bytes(hir: &Hir) -> usize {
    let sum = |parts: &[Hir]| parts.iter().map(most_bytes).fold(RANGE_BYTES, usize::saturating_add);
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => RANGE_BYTES,
        HirKind::Literal(literal) => literal.0.len().saturating_mul(RANGE_BYTES),
        HirKind::Class(Class::Bytes(class)) => class.ranges().len().saturating_mul(RANGE_BYTES),
        HirKind::Class(Class::Unicode(class)) => class.ranges().len().saturating_mul(RANGE_BYTES),
        HirKind::Capture(capture) => most_bytes(&capture.sub).saturating_add(RANGE_BYTES),
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min).max(1) as usize;
            most_bytes(&repetition.sub).saturating_mul(times).saturating_add(RANGE_BYTES)
        }
        HirKind::Concat(parts) | HirKind::Alternation(parts) => sum(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is called small must compile within the limit, or a form could hold a pattern that is too large.
    #[test]
    fn small_patterns_are_within_the_limit() {
        let patterns = Patterns::new(&jsonschema::options());
        let compiles = |pattern: &str| patterns.limited.build(&json!({ "pattern": pattern })).is_ok();
        for (pattern, small) in [
            ("^[a-z]{2,10}-[0-9]{4,8}$", true),
            (r"^\w{3,30}\s\S+$", true),
            (r"^(?:\d{3}|[^a-z]{9})*[^\u0000-\u00ff]$", false),
            ("^[^@]{1,100}$", true),
            ("^([^a][^é]){400}$", false),
            (r"^\p{L}+$", false),
            ("^((([a-z]{100}){100}){100}){100}$", false),
        ] {
            assert_eq!(is_small(pattern), small, "{pattern}");
            assert!(!small || compiles(pattern), "{pattern}");
        }
        for pattern in
            ["^00000-[0-9]{4,8}$", r"\W", ".", r"[\W\-]{3}", "a||b", "[^a-z0-9]?", r"\.{9}\S*", "[[:alpha:]]"]
        {
            let read = ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern);
            let read = read.map_or(usize::MAX, |hir| most_bytes(&hir));
            assert!(most_bytes_of_plain(pattern).is_some_and(|most| most >= read), "{pattern}");
        }
        for pattern in [r"\p{L}", r"\x41", "(a)", "é", "a{b}"] {
            assert_eq!(most_bytes_of_plain(pattern), None, "{pattern}");
        }
        for class in [r"[^a]", r".", r"\S", r"\W", r"\D", r"[^\s\w]", r"[\s\S]", "a", "z?", "(?:y|)"] {
            let largest = (1..2000)
                .rev()
                .map(|times| format!("^(?:{class}){{{times}}}$"))
                .find(|pattern| is_small(pattern));
            assert!(largest.is_some_and(|pattern| compiles(&pattern)), "{class}");
        }
    }
}
