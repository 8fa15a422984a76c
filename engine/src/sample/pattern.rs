//! Texts that a regular expression matches, from its syntax tree.

use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};

use super::random::Random;

/// The longest text that is made of one pattern, in characters: repetitions end there.
const LONGEST: usize = 4096;

/// A pattern as a maker of texts.
#[derive(Debug)]
pub(super) struct Pattern {
    tree: Hir,
    /// Whether nothing may stand before a match.
    pub(super) from_start: bool,
    /// Whether nothing may stand behind it.
    pub(super) to_end: bool,
}

impl Pattern {
    /// Reads a pattern; nothing where it is none.
    pub(super) fn parse(pattern: &str) -> Option<Self> {
        let tree = regex_syntax::Parser::new().parse(pattern).ok()?;
        let from_start = tree.properties().look_set_prefix().contains(Look::Start);
        let to_end = tree.properties().look_set_suffix().contains(Look::End);
        Some(Self { tree, from_start, to_end })
    }

    /// A text that mostly matches; `generosity` is how many times more than it must be a part is repeated at most.
    pub(super) fn text(&self, random: &mut Random, generosity: usize) -> String {
        let mut text = String::new();
        write(&self.tree, random, generosity, &mut text);
        text
    }
}

fn write(tree: &Hir, random: &mut Random, generosity: usize, text: &mut String) {
    match tree.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(class) => text.extend(character(class, random)),
        HirKind::Repetition(repetition) => repeat(repetition, random, generosity, text),
        HirKind::Capture(capture) => write(&capture.sub, random, generosity, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write(part, random, generosity, text)),
        HirKind::Alternation(ways) => {
            if let Some(way) = random.pick(ways) {
                write(way, random, generosity, text);
            }
        }
    }
}

fn repeat(repetition: &Repetition, random: &mut Random, generosity: usize, text: &mut String) {
    let least = usize::try_from(repetition.min).unwrap_or(usize::MAX);
    let most = repetition.max.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
    // The ends of what is allowed show more than what lies between them.
    let more = match random.below(4) {
        0 => 0,
        1 => generosity,
        _ => random.below(generosity.saturating_add(1)),
    };
    let times = least.saturating_add(more).min(most);
    for _ in 0..times {
        if text.len() > LONGEST {
            return;
        }
        write(&repetition.sub, random, generosity, text);
    }
}

/// A character of a class: mostly a letter or digit, if it has any.
fn character(class: &Class, random: &mut Random) -> Option<char> {
    let ranges: Vec<(u32, u32)> = match class {
        Class::Unicode(class) => {
            class.ranges().iter().map(|range| (range.start().into(), range.end().into())).collect()
        }
        Class::Bytes(class) => {
            class.ranges().iter().map(|range| (range.start().into(), range.end().into())).collect()
        }
    };
    let within = |from: char, to: char| {
        let (from, to) = (u32::from(from), u32::from(to));
        let both = ranges.iter().map(move |(start, end)| ((*start).max(from), (*end).min(to)));
        both.filter(|(start, end)| start <= end).collect::<Vec<_>>()
    };
    let mut preferred = Vec::new();
    if !random.one_in(16) {
        preferred = [('a', 'z'), ('A', 'Z'), ('0', '9')]
            .into_iter()
            .flat_map(|(from, to)| within(from, to))
            .collect();
        if preferred.is_empty() {
            preferred = within(' ', '~');
        }
    }
    let ranges = if preferred.is_empty() { ranges } else { preferred };
    let (start, end) = *random.pick(&ranges)?;
    let drawn = random.between(start.into(), end.into());
    char::from_u32(u32::try_from(drawn).ok()?).or_else(|| char::from_u32(start))
}
