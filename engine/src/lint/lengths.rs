//! How many characters the texts have that a rule allows. Called by the rules beside it.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

use crate::model::{Check, Field, Validation};

/// The fewest and the most characters; no most where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lengths {
    pub(super) least: u64,
    pub(super) most: Option<u64>,
}

impl Lengths {
    fn exactly(count: u64) -> Self {
        Self { least: count, most: Some(count) }
    }
}

/// What a rule that always counts says of the length of a text; nothing where it says nothing.
pub(super) fn always(field: &Field, validation: &Validation) -> Option<Lengths> {
    let counts = validation.condition.is_none() && !validation.allow_blank && field.ty.is_textual();
    if counts { of_check(&validation.check) } else { None }
}

fn of_check(check: &Check) -> Option<Lengths> {
    match check {
        Check::Presence => Some(Lengths { least: 1, most: None }),
        Check::Format { with: Some(pattern), .. } => of_pattern(&pattern.value),
        Check::Uuid => Some(Lengths::exactly(36)),
        // ITU-T E.164, 6.2.1, as `phone_number` reads it: `+` and seven to fifteen digits.
        Check::PhoneNumber => Some(Lengths { least: 8, most: Some(16) }),
        // `a@b.c`
        Check::Email => Some(Lengths { least: 5, most: None }),
        Check::Inclusion(values) => {
            let lengths: Option<Vec<u64>> =
                values.iter().map(|value| Some(characters(value.value.as_str()?))).collect();
            let lengths = lengths?;
            Some(Lengths { least: lengths.iter().copied().min()?, most: lengths.iter().copied().max() })
        }
        _ => None,
    }
}

/// The lengths of the texts that match a pattern; nothing where it cannot be read.
pub(super) fn of_pattern(pattern: &str) -> Option<Lengths> {
    let hir = regex_syntax::parse(pattern).ok()?;
    let matched = of_match(&hir);
    Some(Lengths { most: matched.most.filter(|_| is_anchored(&hir)), ..matched })
}

/// Whether a match is always the whole text.
pub(super) fn is_anchored(hir: &Hir) -> bool {
    let properties = hir.properties();
    properties.look_set_prefix().contains(Look::Start) && properties.look_set_suffix().contains(Look::End)
}

/// Whether no text matches: its start would have to come after a character, or its end before one.
pub(super) fn is_never_matched(pattern: &str) -> bool {
    may_be_never_matched(pattern) && regex_syntax::parse(pattern).is_ok_and(|hir| never(&hir))
}

/// Whether an anchor stands within the pattern, or a class may have lost all of its characters: most patterns need not be
/// parsed to be told from those.
fn may_be_never_matched(pattern: &str) -> bool {
    let inner = pattern.strip_prefix('^').unwrap_or(pattern);
    let inner = inner.strip_suffix('$').unwrap_or(inner);
    ["^", "$", "&&", "--", "~~", r"\A", r"\z", r"\P"].iter().any(|part| inner.contains(part))
}

fn never(hir: &Hir) -> bool {
    let has_character = |part: &Hir| part.properties().minimum_len().is_some_and(|least| least > 0);
    let starts = |part: &Hir| part.properties().look_set_prefix().contains(Look::Start);
    let ends = |part: &Hir| part.properties().look_set_suffix().contains(Look::End);
    match hir.kind() {
        HirKind::Concat(parts) => parts.iter().enumerate().any(|(at, part)| {
            never(part)
                || starts(part) && parts[..at].iter().any(has_character)
                || ends(part) && parts[at + 1..].iter().any(has_character)
        }),
        HirKind::Alternation(ways) => ways.iter().all(never),
        HirKind::Capture(capture) => never(&capture.sub),
        HirKind::Repetition(repetition) => repetition.min > 0 && never(&repetition.sub),
        HirKind::Class(_) => hir.properties().minimum_len().is_none(),
        _ => false,
    }
}

fn of_match(hir: &Hir) -> Lengths {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Lengths::exactly(0),
        HirKind::Literal(literal) => {
            Lengths::exactly(std::str::from_utf8(&literal.0).map_or(literal.0.len() as u64, characters))
        }
        HirKind::Class(Class::Unicode(_) | Class::Bytes(_)) => Lengths::exactly(1),
        HirKind::Capture(capture) => of_match(&capture.sub),
        HirKind::Repetition(repetition) => {
            let once = of_match(&repetition.sub);
            let most = match (repetition.max, once.most) {
                (Some(times), Some(most)) => Some(most.saturating_mul(times.into())),
                (None, Some(0)) => Some(0),
                _ => None,
            };
            Lengths { least: once.least.saturating_mul(repetition.min.into()), most }
        }
        HirKind::Concat(parts) => parts.iter().map(of_match).fold(Lengths::exactly(0), |sum, part| Lengths {
            least: sum.least.saturating_add(part.least),
            most: sum.most.zip(part.most).map(|(sum, part)| sum.saturating_add(part)),
        }),
        HirKind::Alternation(ways) => {
            let ways: Vec<Lengths> = ways.iter().map(of_match).collect();
            let most: Option<Vec<u64>> = ways.iter().map(|way| way.most).collect();
            Lengths {
                least: ways.iter().map(|way| way.least).min().unwrap_or_default(),
                most: most.and_then(|most| most.into_iter().max()),
            }
        }
    }
}

fn characters(text: &str) -> u64 {
    text.chars().count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_nothing_matches() {
        for pattern in [
            "/^[0-9]{5}$/",
            "a^b",
            "^a$b",
            "(?:a^|b^)",
            "(x$)y",
            "(?:a^)+b",
            r"[^\s\S]",
            "[a&&b]",
            r"a\z$b",
            r"\P{Any}",
        ] {
            assert!(is_never_matched(pattern), "{pattern}");
        }
        for pattern in ["^a$", r"^a\$", "^^a$$", "a|^b", "(?:a^)*b", "x*^a", "a$x?", "(^|,)a(,|$)", "", "["] {
            assert!(!is_never_matched(pattern), "{pattern}");
        }
    }

    #[test]
    fn patterns() {
        for (pattern, least, most) in [
            ("^[A-Z]{2}-[0-9]{6}$", 9, Some(9)),
            ("^[a-z]+$", 1, None),
            ("^(żółw|kot)?$", 0, Some(4)),
            ("^(?:a$|bc$)", 1, Some(2)),
            ("[a-z]{3}", 3, None),
            ("^ab|c$", 1, None),
            ("^(?:)*$", 0, Some(0)),
            ("", 0, None),
        ] {
            assert_eq!(of_pattern(pattern), Some(Lengths { least, most }), "{pattern}");
        }
        assert_eq!(of_pattern("["), None);
    }
}
