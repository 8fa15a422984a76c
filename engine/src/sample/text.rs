//! Readable texts, of the length that is asked for.

use super::Sampler;
use super::demands::{Demands, Kind};
use super::pattern::Pattern;
use crate::model::Field;

const FIRST_NAMES: [&str; 9] = ["Ada", "Bo", "Grace", "Alan", "Zoë", "José", "Łucja", "Søren", "美咲"];
const LAST_NAMES: [&str; 6] = ["Lovelace", "Hopper", "Turing", "O'Neill", "Żółć", "Nakamura"];
const CITIES: [&str; 4] = ["London", "Kraków", "São Paulo", "Zürich"];
const SENTENCES: [&str; 3] =
    ["What a good form asks for is short.", "Two lines,\nboth of them short.", "Grüße aus Łódź 🎉"];
/// With a character of several bytes, one of several scalar values, and one outside of the basic plane.
const WORDS: [&str; 8] = ["sample", "alpha", "Bravo 7", "two words", "naïve", "cafe\u{301}", "🎉 party", "x"];
/// What lengthens a text: a word and a gap.
const FILLING: &str = " and so on";

/// The longest text that is made where nothing asks for more, in characters.
const MODEST: u64 = 300;

impl Sampler<'_> {
    /// A text that mostly meets the demands.
    pub(super) fn text(&mut self, field: &Field, demands: &Demands<'_>) -> String {
        let base = self.base(field, demands);
        let text = self.with_patterns(base, demands);
        let text = if demands.kind == Kind::Plain || self.random.one_in(8) {
            self.fitted(text, demands)
        } else {
            text
        };
        if field.normalize.is_empty() || !self.random.one_in(10) { text } else { format!(" {text} ") }
    }

    fn base(&mut self, field: &Field, demands: &Demands<'_>) -> String {
        match demands.kind {
            Kind::Email => self.email(),
            Kind::Url => {
                let ends = ["", "/", "/ada?page=2", ":8080/a/b#c"];
                format!("https://{}example.com{}", self.one(&["", "www."]), self.one(&ends))
            }
            Kind::Uuid => {
                let word = |sampler: &mut Self| sampler.random.below(1 << 16);
                let words: Vec<usize> = (0..6).map(|_| word(self)).collect();
                let variant = 0x8000 | (words[3] & 0x3fff);
                let version = 0x4000 | (words[2] & 0x0fff);
                format!(
                    "{:04x}{:04x}-{version:04x}-{variant:04x}-{:04x}-{:04x}{:04x}{:04x}",
                    words[0], words[1], words[2], words[4], words[5], words[3]
                )
            }
            Kind::PhoneNumber => {
                let number = self.random.below(1_000_000_000);
                match self.random.below(6) {
                    0 => "+1234567".to_owned(),
                    1 => format!("+123456{number:09}"),
                    _ => format!("+48{number:09}"),
                }
            }
            Kind::Plain => self.word(field),
        }
    }

    /// An address that no other sample has.
    fn email(&mut self) -> String {
        self.serial += 1;
        let name = self.one(&["ada", "grace", "alan", "zoe"]);
        let run = if self.seed == 0 { String::new() } else { format!("{}-", self.seed) };
        format!("{name}.{run}{}@example.com", self.serial)
    }

    /// A word that suits the name of a field.
    fn word(&mut self, field: &Field) -> String {
        let name = field.name.value.as_str();
        if field.secret {
            return format!("correct horse {}", self.random.below(10_000));
        }
        let words: &[&str] = match name {
            _ if field.ty.name() == "text" => &SENTENCES,
            "first_name" | "middle_name" | "given_name" => &FIRST_NAMES,
            "last_name" | "family_name" | "surname" => &LAST_NAMES,
            _ if name.contains("city") || name.contains("town") => &CITIES,
            "name" => return format!("{} {}", self.one(&FIRST_NAMES), self.one(&LAST_NAMES)),
            _ if name.ends_with("_id") || name.contains("number") || name.contains("code") => {
                return self.random.between(1, 99_999).to_string();
            }
            _ => &WORDS,
        };
        // The first of them is plain ASCII, and common.
        if self.random.one_in(2) {
            words.first().copied().unwrap_or_default().to_owned()
        } else {
            self.one(words).to_owned()
        }
    }

    fn one<'a>(&mut self, words: &[&'a str]) -> &'a str {
        self.random.pick(words).copied().unwrap_or_default()
    }

    /// A text from the patterns: unanchored ones need to match somewhere, so they may stand one behind the other.
    fn with_patterns(&mut self, base: String, demands: &Demands<'_>) -> String {
        let patterns: Vec<&Pattern> =
            demands.patterns.iter().filter_map(|pattern| self.patterns.get(*pattern)).collect();
        if patterns.is_empty() {
            return base;
        }
        let generosity = match (demands.least, self.random.below(3)) {
            (Some(least), 0) => usize::try_from(least.min(MODEST)).unwrap_or_default(),
            (_, 1) => 3,
            _ => 10,
        };
        let whole: Vec<&&Pattern> =
            patterns.iter().filter(|pattern| pattern.from_start && pattern.to_end).collect();
        if let Some(whole) = self.random.pick(&whole) {
            return whole.text(&mut self.random, generosity);
        }
        let (mut front, mut middle, mut end) = (String::new(), String::new(), String::new());
        for pattern in patterns {
            let part = pattern.text(&mut self.random, generosity);
            match (pattern.from_start, pattern.to_end) {
                (true, _) => front.push_str(&part),
                (_, true) => end.push_str(&part),
                _ => middle.push_str(&part),
            }
        }
        match self.random.below(4) {
            0 => format!("{front}{middle}{end}"),
            // As an address with a host of its own.
            1 => {
                let local = base.split('@').next().unwrap_or_default();
                format!("{front}{local}{middle}{end}")
            }
            2 => format!("{front}{middle}{base}{end}"),
            _ => format!("{front}{base}{middle}{end}"),
        }
    }

    /// The text cut or lengthened to a length that is allowed, often the least or the greatest.
    fn fitted(&mut self, text: String, demands: &Demands<'_>) -> String {
        let count = text.chars().count() as u64;
        let (least, most) = (demands.least.unwrap_or(0), demands.most.unwrap_or(u64::MAX));
        let length = match self.random.below(8) {
            0 if demands.least.is_some() && least > 0 => least,
            1 if most <= MODEST => most,
            _ => count.clamp(least, most.max(least)),
        };
        resized_around(text, usize::try_from(length).unwrap_or(usize::MAX))
    }
}

/// The text with exactly so many characters, and none of them a gap at an end.
fn resized(text: String, length: usize) -> String {
    let count = text.chars().count();
    if count == length {
        return text;
    }
    let filling = if text.contains(char::is_whitespace) { FILLING } else { "abc123" };
    let mut characters: Vec<char> = text.chars().chain(filling.chars().cycle()).take(length).collect();
    if let Some(last) = characters.last_mut()
        && last.is_whitespace()
    {
        *last = '.';
    }
    characters.into_iter().collect()
}

/// A text of another length: its middle is cut or repeated where it has an `@`, its end otherwise.
pub(super) fn resized_around(text: String, length: usize) -> String {
    let Some((local, host)) = text.split_once('@') else { return resized(text, length) };
    let host_length = host.chars().count() + 1;
    match length.checked_sub(host_length) {
        // Labels of a host may have 63 characters, and the local part 64; ours judges neither.
        Some(rest) if rest > 0 => format!("{}@{host}", resized(local.to_owned(), rest)),
        _ => resized(text, length),
    }
}
