//! One language's messages and labels: a file `locales/<tag>.toml`.

mod reader;

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use fixed_decimal::Decimal;
use icu_plurals::{PluralCategory, PluralOperands, PluralRules};
use minijinja::Environment;
use minijinja::value::Serde;
use serde_json::{Map, Value};

use crate::diagnostic::Diagnostic;
use crate::source::{ReadFault, SourceFile, Span};
use crate::suppression::{Scope, Suppressions};
use crate::template;

/// Every error code of a form with its params.
pub(super) const CODES: [(&str, &[&str]); 34] = [
    ("blank", &[]),
    ("present", &[]),
    ("type", &["expected"]),
    ("unknown_field", &[]),
    ("too_short", &["count"]),
    ("too_long", &["count"]),
    ("wrong_length", &["count"]),
    ("invalid", &[]),
    ("email", &[]),
    ("url", &[]),
    ("uuid", &[]),
    ("phone_number", &[]),
    ("inclusion", &[]),
    ("exclusion", &[]),
    ("greater_than", &["count"]),
    ("greater_than_or_equal_to", &["count"]),
    ("equal_to", &["count", "value"]),
    ("less_than", &["count"]),
    ("less_than_or_equal_to", &["count"]),
    ("other_than", &["count"]),
    ("multiple_of", &["count"]),
    ("odd", &[]),
    ("even", &[]),
    ("not_an_integer", &[]),
    ("date", &[]),
    ("datetime", &[]),
    ("before", &["value"]),
    ("after", &["value"]),
    ("on_or_before", &["value"]),
    ("on_or_after", &["value"]),
    ("confirmation", &[]),
    ("accepted", &[]),
    ("taken", &[]),
    ("not_unique", &[]),
];

/// What every message can use besides its params.
pub(super) const COMMON: [&str; 3] = ["attribute", "value", "type"];

/// Every word of a rendered form with its params.
pub(crate) const PAGE: [(&str, &[&str]); 23] = [
    ("submit", &[]),
    ("required_note", &[]),
    ("choose", &[]),
    ("add", &[]),
    ("remove", &[]),
    ("refused", &[]),
    ("error_title", &["title"]),
    ("error", &[]),
    ("only_if_is", &["attribute", "value"]),
    ("only_if", &["attribute"]),
    ("optional_group", &[]),
    ("utc", &[]),
    ("created", &[]),
    ("created_text", &[]),
    ("again", &[]),
    ("too_fast", &[]),
    ("too_old", &[]),
    ("not_sent", &[]),
    ("already", &[]),
    ("not_found", &[]),
    ("not_found_text", &[]),
    ("too_many", &["count"]),
    ("unavailable", &[]),
];

const CATEGORIES: [(&str, PluralCategory); 6] = [
    ("zero", PluralCategory::Zero),
    ("one", PluralCategory::One),
    ("two", PluralCategory::Two),
    ("few", PluralCategory::Few),
    ("many", PluralCategory::Many),
    ("other", PluralCategory::Other),
];

/// What a message may be made of; looked at by those alone that are made of something.
pub(super) trait Context: Deref<Target = Map<String, Value>> {}

impl<C: Deref<Target = Map<String, Value>>> Context for C {}

/// Where a message is written.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Its dotted key: `fields.email.taken`.
    pub(crate) key: String,
    /// Its code in the file.
    pub(crate) span: Span,
}

/// The messages of one language, compiled.
pub struct Locale {
    /// Its BCP 47 tag in lower case.
    pub tag: String,
    source: Arc<SourceFile>,
    entries: Vec<Entry>,
    rules: Option<PluralRules>,
    messages: HashMap<String, Message>,
    /// Whether any message is about a field; else there is nothing to look for, field by field.
    pub(super) speaks_of_fields: bool,
    environment: Environment<'static>,
    suppressions: Suppressions,
}

impl std::fmt::Debug for Locale {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Locale").field("tag", &self.tag).finish_non_exhaustive()
    }
}

/// A message, or its plural forms.
enum Message {
    One(Text),
    Plural(Vec<(PluralCategory, Text)>),
}

enum Text {
    Plain(String),
    /// Under this name in the environment.
    Template(String),
}

impl Locale {
    /// In the place of a code: what the field is called.
    pub(crate) const LABEL: &str = "label";

    /// In the place of a code: what is said of the field where people fill it in.
    pub(crate) const TEXTS: [&str; 3] = [Self::LABEL, "description", "placeholder"];

    /// The table, in the place of a code, of what the values of a list are called.
    pub(crate) const OPTIONS: &str = "options";

    /// In the place of a field: the form itself, as in `errors`.
    pub(crate) const BASE: &str = "base";

    /// The file that it is written in.
    pub(crate) fn source(&self) -> &Arc<SourceFile> {
        &self.source
    }

    /// Every message, in the order of the text.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// Reads a locale file; what is found comes whether it is silenced or not.
    #[must_use]
    pub fn read(source: &Arc<SourceFile>, fault: Option<&ReadFault>) -> (Self, Vec<Diagnostic>) {
        reader::read(source, fault)
    }

    /// What there is to say of the file, of everything that was found in it.
    #[must_use]
    pub fn reported(&self, found: &[Diagnostic], between: &[Diagnostic], scope: Scope) -> Vec<Diagnostic> {
        let between = between.iter().filter(|found| Arc::ptr_eq(&found.primary.file, &self.source));
        self.suppressions.apply(found.iter().chain(between).cloned().collect(), scope)
    }

    /// What a key says; nothing where it says nothing, or fails.
    pub(super) fn text(&self, key: &str, context: &dyn Context) -> Option<String> {
        let text = match self.messages.get(key)? {
            Message::One(text) => text,
            Message::Plural(forms) => {
                let category =
                    context.get("count").map_or(PluralCategory::Other, |count| self.category(count));
                let form = |wanted| forms.iter().find(|(category, _)| *category == wanted);
                &form(category).or_else(|| form(PluralCategory::Other))?.1
            }
        };
        match text {
            Text::Plain(text) => Some(text.clone()),
            Text::Template(name) => template::render(
                &self.environment,
                name,
                minijinja::Value::from(Serde(&**context)),
            )
            .inspect_err(|error| {
                tracing::error!(key, locale = self.tag, kind = %error.kind(), "a message failed to render");
            })
            .ok(),
        }
    }

    fn category(&self, count: &Value) -> PluralCategory {
        let count = count.to_string().parse::<Decimal>().ok();
        let operands = count.as_ref().map(PluralOperands::from);
        self.rules
            .as_ref()
            .zip(operands)
            .map_or(PluralCategory::Other, |(rules, operands)| rules.category_for(operands))
    }
}
