//! What pages say in one client's languages: names of fields, of the values of lists, and words of our own.

use serde_json::{Map, Value};

use super::locale::PAGE;
use super::{BUILT_IN, Languages, Locale, Locales};

/// The languages whose script runs from right to left (CLDR, `characterOrder`), as far as they are written much.
const RIGHT_TO_LEFT: [&str; 9] = ["ar", "ckb", "dv", "fa", "he", "ps", "sd", "ur", "yi"];

/// The words of one form for one client.
pub(crate) struct Words<'a> {
    locales: Vec<&'a Locale>,
    form: &'a str,
}

impl<'a> Words<'a> {
    /// The words of the form of this name; without one, those that are no form's.
    pub(crate) fn new(locales: &'a Locales, languages: &'a Languages, form: &'a str) -> Self {
        Self { locales: locales.of(languages), form }
    }

    /// The language that most is said in, and whether it is written from the left or the right.
    pub(crate) fn language(&self) -> (&'a str, &'static str) {
        let tag = self.locales.first().map_or(BUILT_IN, |locale| locale.tag.as_str());
        let language = tag.split('-').next().unwrap_or_default();
        (tag, if RIGHT_TO_LEFT.contains(&language) { "rtl" } else { "ltr" })
    }

    /// What a locale says of a field, by its dotted path: its `label`, for example.
    pub(crate) fn of_field(&self, path: &str, what: &str) -> Option<String> {
        let keys = [format!("forms.{}.{path}.{what}", self.form), format!("fields.{path}.{what}")];
        self.locales.iter().find_map(|locale| keys.iter().find_map(|key| locale.text(key, &&Map::new())))
    }

    /// What a locale says of the form itself.
    pub(crate) fn of_form(&self, what: &str) -> Option<String> {
        self.of_field(Locale::BASE, what)
    }

    /// What a value of a list is called: by its locale, or as it is written.
    pub(crate) fn of_option(&self, path: &str, value: &str) -> String {
        self.of_field(path, &format!("{}.{value}", Locale::OPTIONS)).unwrap_or_else(|| {
            let words = value.replace('_', " ");
            let mut characters = words.chars();
            // Only what is written like a name is changed.
            match characters.next() {
                Some(first) if first.is_ascii_lowercase() && !value.contains(char::is_whitespace) => {
                    first.to_uppercase().chain(characters).collect()
                }
                _ => value.to_owned(),
            }
        })
    }

    /// A word of our own.
    pub(crate) fn of_page(&self, word: &str, context: &Map<String, Value>) -> String {
        let key = format!("page.{word}");
        self.locales.iter().find_map(|locale| locale.text(&key, &context)).unwrap_or_default()
    }

    /// Every word of our own that needs nothing put into it.
    pub(crate) fn all(&self) -> Map<String, Value> {
        let plain = PAGE.iter().filter(|(_, params)| params.is_empty());
        plain.map(|(word, _)| ((*word).to_owned(), self.of_page(word, &Map::new()).into())).collect()
    }
}
