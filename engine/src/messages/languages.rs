//! Which languages a client reads, best first.

use std::str::FromStr;

use icu_locale_core::LanguageIdentifier;

/// The most languages of one request that are looked at.
const MOST: usize = 20;

/// The languages that a client accepts, best first, as BCP 47 tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Languages(Vec<Tag>);

/// A language tag, in its usual letters and in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tag {
    usual: String,
    lower: String,
}

impl Languages {
    /// Reads the value of `Accept-Language` (RFC 9110, 12.5.4). What is no language range is passed over.
    #[must_use]
    pub fn accepted(header: &str) -> Self {
        let mut ranges: Vec<(u16, Tag)> = header
            .split(',')
            .take(MOST)
            .filter_map(|range| {
                let (tag, weight) =
                    range.split_once(';').map_or((range, None), |(tag, rest)| (tag, Some(rest)));
                let weight = weight.map_or(Some(1000), |weight| {
                    thousandths(weight.trim().strip_prefix(['q', 'Q'])?.strip_prefix('=')?)
                })?;
                Some((weight, tag_of(tag.trim())?))
            })
            .filter(|(weight, _)| *weight > 0)
            .collect();
        // Stable: equally good languages stay in the client's order.
        ranges.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        Self(ranges.into_iter().map(|(_, tag)| tag).collect())
    }

    /// The one that the client likes best, in its usual letters: `pl-PL`.
    #[must_use]
    pub fn first(&self) -> Option<&str> {
        self.0.first().map(|tag| tag.usual.as_str())
    }

    /// Every tag to look for, in lower case, best first: each language, then what it is a variety of (RFC 4647, 3.4).
    pub(super) fn candidates(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|tag| {
            let mut next = Some(tag.lower.as_str());
            std::iter::from_fn(move || {
                let tag = next?;
                next = tag.rsplit_once('-').map(|(shorter, _)| shorter);
                Some(tag)
            })
        })
    }
}

/// The language tag that a text is, if it is one.
fn tag_of(text: &str) -> Option<Tag> {
    let identifier = LanguageIdentifier::from_str(text).ok().filter(|tag| !tag.language.is_unknown())?;
    let usual = identifier.to_string();
    Some(Tag { lower: usual.to_ascii_lowercase(), usual })
}

/// A language tag in lower case, if a text is one.
pub(super) fn lower_tag(text: &str) -> Option<String> {
    tag_of(text).map(|tag| tag.lower)
}

/// RFC 9110, 12.4.2: a weight from 0 to 1 with at most three decimals.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let valid = matches!(whole, "0" | "1") && decimals.len() <= 3;
    let decimals: u16 = valid.then(|| format!("{decimals:0<3}").parse().ok()).flatten()?;
    let weight = if whole == "1" { 1000 } else { 0 } + decimals;
    (weight <= 1000).then_some(weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(header: &str) -> Vec<String> {
        Languages::accepted(header).candidates().map(str::to_owned).collect()
    }

    #[test]
    fn languages_are_ordered_by_weight() {
        assert_eq!(candidates("de;q=0.5, pl, en;q=0.5"), ["pl", "de", "en"]);
        assert_eq!(candidates("pl-PL, en;q=0"), ["pl-pl", "pl"]);
        assert_eq!(candidates("zh-Hant-TW"), ["zh-hant-tw", "zh-hant", "zh"]);
    }

    #[test]
    fn what_is_no_language_is_passed_over() {
        for header in ["", "*", "en;q=2", "en;q=0.1234", "en;level=1", ",,;", "e n", "\u{17c}"] {
            assert_eq!(candidates(header), Vec::<String>::new(), "{header}");
        }
        assert_eq!(candidates("*, !!, pl"), ["pl"]);
    }
}
