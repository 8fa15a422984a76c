//! Violation → text, in the client's language.
//!
//! The author's `message` comes first; then, for each language that the client accepts, what its locale says for the
//! form's field, for the field, and for the code; then English, built in. All are minijinja templates over the error's
//! params, `attribute` (the field's label), `type` (the JSON type of the field) and `value` (what was sent; never a
//! secret). Called by `compile` to compile an author's templates and by the server for each violation that it shows.

mod languages;
mod locale;
mod templates;
mod words;

use std::borrow::Cow;
use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value};

use crate::compile::CompiledForm;
use crate::source::SourceFile;
use crate::submission::Violation;
use crate::template::is_template;

pub use languages::Languages;
use locale::Context;
pub use locale::Locale;
pub(crate) use locale::{Entry, PAGE};
pub(crate) use templates::Templates;
pub(crate) use words::Words;

/// The most characters of a submitted value that a message may quote.
const QUOTED_CHARACTERS: usize = 200;
/// The most characters of a rendered message.
const MESSAGE_CHARACTERS: usize = 1000;

/// The language that is built in.
const BUILT_IN: &str = "en";

static ENGLISH: LazyLock<Locale> = LazyLock::new(|| {
    let text = include_str!("messages/en.toml").to_owned();
    let (locale, found) =
        Locale::read(&Arc::new(SourceFile::new("en.toml".into(), BUILT_IN.into(), text)), None);
    debug_assert!(found.is_empty(), "the built-in locale: {found:?}");
    locale
});

/// Every locale of a configuration directory, by its tag in lower case.
#[derive(Clone, Debug, Default)]
pub struct Locales(BTreeMap<String, Arc<Locale>>);

impl Locales {
    /// The locales that there are.
    #[must_use]
    pub fn new(locales: impl IntoIterator<Item = Arc<Locale>>) -> Self {
        Self(locales.into_iter().map(|locale| (locale.tag.clone(), locale)).collect())
    }

    /// Every locale.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Locale> {
        self.0.values().map(Arc::as_ref)
    }

    /// The tags of the locales that a client's messages come from, best first.
    #[must_use]
    pub fn chosen<'a>(&'a self, languages: &'a Languages) -> Vec<&'a str> {
        self.of(languages).into_iter().map(|locale| locale.tag.as_str()).collect()
    }

    /// The locales to ask for a client's languages, best first; English comes last if it does not come earlier.
    fn of<'a>(&'a self, languages: &'a Languages) -> Vec<&'a Locale> {
        let mut found: Vec<&Locale> = Vec::new();
        // English comes last if it does not come earlier; what the author says in it, before what is built in.
        for tag in languages.candidates().chain([BUILT_IN]) {
            found.extend(self.0.get(tag).map(Arc::as_ref));
            if tag == BUILT_IN {
                break;
            }
        }
        found.push(&ENGLISH);
        found
    }
}

/// The text of a violation of a form, as a client is to read it.
#[must_use]
pub fn text(form: &CompiledForm, locales: &Locales, languages: &Languages, violation: &Violation) -> String {
    let rule = violation.rule.and_then(|rule| form.rules.rules.get(rule));
    let field = rule.and_then(|rule| form.rules.fields.get(rule.field?));
    let name = form.name();
    let keys = |code: &str| {
        let of_field = field.map(|field| {
            [format!("forms.{name}.{}.{code}", field.path), format!("fields.{}.{code}", field.path)]
        });
        of_field.into_iter().flatten()
    };
    let own = rule.and_then(|rule| rule.message.as_ref()).zip(violation.rule);
    let locales = locales.of(languages);
    let of_field = |locale: &Locale, code: &str, context: &dyn Context| {
        let mut keys = locale.speaks_of_fields.then(|| keys(code)).into_iter().flatten();
        keys.find_map(|key| locale.text(&key, context))
    };
    let attribute = |locale: &Locale| {
        let translated = of_field(locale, "label", &&Map::new());
        Value::from(translated.or_else(|| Some(field?.label.clone())).unwrap_or_default())
    };
    // Made for templates alone: most messages are none.
    let context = |locale: Option<&Locale>| {
        let mut context = violation.params(form);
        context.insert("type".into(), field.map_or("object", |field| field.json_type).into());
        if let (Some(value), false) = (&violation.value, field.is_none_or(|field| field.secret)) {
            // A param of this name is what the rule compares with, and says more.
            context.entry("value").or_insert_with(|| match value {
                Value::String(text) => truncate(text, QUOTED_CHARACTERS).into_owned().into(),
                other => other.clone(),
            });
        }
        context.insert("attribute".into(), locale.map_or(Value::Null, attribute));
        context
    };
    let own = own.and_then(|(message, rule)| {
        if !is_template(&message.value) {
            return Some(message.value.clone());
        }
        form.templates.render(rule, &context(locales.first().copied()))
    });
    let found = own.or_else(|| {
        locales.iter().find_map(|locale| {
            let context = LazyCell::new(|| context(Some(locale)));
            of_field(locale, violation.code, &context)
                .or_else(|| locale.text(&["messages.", violation.code].concat(), &context))
        })
    });
    truncate(&found.unwrap_or_else(|| violation.code.to_owned()), MESSAGE_CHARACTERS).into_owned()
}

/// A word of pages, as a client is to read it.
#[must_use]
pub fn page_word(
    locales: &Locales,
    languages: &Languages,
    word: &str,
    context: &Map<String, Value>,
) -> String {
    Words::new(locales, languages, "").of_page(word, context)
}

/// The text of a rule as every violation of it reads, whatever was sent; nothing where that shows in it.
pub(crate) fn of_rule(
    form: &CompiledForm,
    locales: &Locales,
    languages: &Languages,
    rule: usize,
) -> Option<String> {
    let mut violation = Violation::of_rule(form, rule)?;
    let text_without = text(form, locales, languages, &violation);
    violation.value = Some(Value::from("\u{e000}"));
    (text(form, locales, languages, &violation) == text_without).then_some(text_without)
}

fn truncate(text: &str, characters: usize) -> Cow<'_, str> {
    // No text has more characters than bytes, and few have so many.
    if text.len() <= characters {
        return text.into();
    }
    match text.char_indices().nth(characters) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use locale::CODES;

    #[test]
    fn english_says_every_code_of_a_form() {
        for (code, params) in CODES {
            for count in [serde_json::json!(1), serde_json::json!(3)] {
                let mut context = Map::new();
                context.insert("attribute".into(), "Name".into());
                context.insert("type".into(), "string".into());
                for param in params {
                    context.insert(
                        (*param).to_owned(),
                        if *param == "count" { count.clone() } else { "text".into() },
                    );
                }
                let text = ENGLISH.text(&format!("messages.{code}"), &&context).unwrap_or_default();
                assert!(!text.is_empty() && !text.contains('{'), "{code}: {text}");
            }
        }
    }

    #[test]
    fn english_says_every_word_of_a_page() {
        for (word, params) in PAGE {
            let context: Map<_, _> =
                params.iter().map(|param| ((*param).to_owned(), Value::from("text"))).collect();
            let text = ENGLISH.text(&format!("page.{word}"), &&context).unwrap_or_default();
            assert!(!text.is_empty() && !text.contains('{'), "{word}: {text}");
        }
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(truncate("żółć", 2), "żó…");
        assert_eq!(truncate("ab", 2), "ab");
    }
}
