//! A locale's file → [`Locale`], with a diagnostic for everything in it that cannot be used.

use std::collections::HashMap;
use std::sync::Arc;

use icu_plurals::{PluralCategory, PluralRules};
use minijinja::value::Serde;
use serde_json::{Value, json};
use toml::de::{DeTable, DeValue};

use super::super::languages::lower_tag;
use super::{CATEGORIES, CODES, COMMON, Entry, Locale, Message, PAGE, Text};
use crate::diagnostic::{Diagnostic, Rule, alternatives, has_errors, nearest};
use crate::model::Spanned;
use crate::source::{ReadFault, SourceFile, Span};
use crate::suppression::Suppressions;
use crate::syntax;
use crate::template::{self, Kind};

/// Reads a file; what is found comes whether it is silenced or not.
pub(super) fn read(source: &Arc<SourceFile>, fault: Option<&ReadFault>) -> (Locale, Vec<Diagnostic>) {
    let mut reader = Reader::new(source);
    if let Some(fault) = fault {
        reader.diagnostics.push(syntax::read_fault(source, fault));
        return (reader.locale, reader.diagnostics);
    }
    let (table, diagnostics) = syntax::parse(source);
    reader.diagnostics = diagnostics;
    if has_errors(&reader.diagnostics) {
        // After a syntax error a key may only seem absent or unknown.
        return (reader.locale, reader.diagnostics);
    }
    (reader.locale.suppressions, reader.diagnostics) = Suppressions::read(source);
    reader.tag();
    reader.file(table.get_ref());
    reader.diagnostics.sort_by_key(|found| found.primary.span.start);
    reader.locale.entries.sort_by_key(|entry| entry.span.start);
    (reader.locale, reader.diagnostics)
}

struct Reader<'f> {
    file: &'f Arc<SourceFile>,
    locale: Locale,
    diagnostics: Vec<Diagnostic>,
}

impl<'f> Reader<'f> {
    fn new(file: &'f Arc<SourceFile>) -> Self {
        let tag = file.default_name.clone();
        let identifier = tag.parse::<icu_locale_core::LanguageIdentifier>().ok();
        let rules =
            identifier.and_then(|identifier| PluralRules::try_new_cardinal((&identifier).into()).ok());
        let locale = Locale {
            tag: tag.to_ascii_lowercase(),
            source: Arc::clone(file),
            entries: Vec::new(),
            rules,
            messages: HashMap::new(),
            speaks_of_fields: false,
            environment: template::environment(template::MESSAGE_FUEL),
            suppressions: Suppressions::default(),
        };
        Self { file, locale, diagnostics: Vec::new() }
    }

    fn report(&mut self, rule: Rule, span: Span, message: String, help: impl Into<Option<String>>) {
        let mut diagnostic = Diagnostic::new(rule, self.file, span, message);
        diagnostic.help = help.into();
        self.diagnostics.push(diagnostic);
    }

    fn tag(&mut self) {
        let name = &self.file.default_name;
        if lower_tag(name).is_none() {
            let message = format!("`{name}` is no language tag, so nobody could ask for this locale");
            let help = "name the file by its BCP 47 tag: `pl.toml`, `pt-BR.toml`".to_owned();
            self.report(Rule::InvalidLocale, 0..0, message, help);
        }
    }

    fn file(&mut self, table: &DeTable<'_>) {
        let sections = ["messages", "fields", "forms", "page"];
        for (key, value) in table {
            let (name, span) = (key.get_ref().as_ref(), key.span());
            if !sections.contains(&name) {
                let help = nearest(name, sections).map_or_else(
                    || format!("a locale has {}", alternatives(sections).replace(" or ", " and ")),
                    |near| format!("did you mean `{near}`?"),
                );
                self.report(Rule::UnknownKey, span, format!("a locale has no key `{name}`"), help);
                continue;
            }
            let Some(entries) = value.get_ref().as_table() else {
                let help = format!("write `[{name}]` and the messages below it");
                self.report(Rule::WrongType, value.span(), format!("`{name}` takes a table"), help);
                continue;
            };
            let of_fields = ["fields", "forms"].contains(&name);
            self.locale.speaks_of_fields |= of_fields;
            let depth = usize::from(name == "forms") + usize::from(of_fields);
            self.entries(name, depth, entries, 0);
        }
    }

    /// The entries of a table; at least `names` of the keys to come are names, and the last is a code.
    fn entries(&mut self, base: &str, names: usize, table: &DeTable<'_>, depth: usize) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let path = format!("{base}.{name}");
            match value.get_ref() {
                DeValue::Table(inner) if !is_plural(inner) || names > 0 => {
                    if depth > crate::lower::MAX_NESTING {
                        self.report(
                            Rule::InvalidLocale,
                            key.span(),
                            "this nests too deeply".to_owned(),
                            None,
                        );
                    } else if ["messages", "page"].contains(&base)
                        || names == 0 && is_code(name) && are_texts(inner)
                    {
                        self.not_plural(name, inner, value.span());
                    } else {
                        self.entries(&path, names.saturating_sub(1), inner, depth + 1);
                    }
                }
                DeValue::Table(inner) => self.plural(path, name, key.span(), inner),
                DeValue::String(text) if names == 0 => {
                    let text = Spanned::new(text.to_string(), value.span());
                    if let Some(text) = self.message(&path, name, key.span(), &text) {
                        if !is_option(&path) {
                            self.locale.entries.push(Entry { key: path.clone(), span: key.span() });
                        }
                        self.locale.messages.insert(path, Message::One(text));
                    }
                }
                DeValue::String(text) => {
                    let message = format!("`{name}` is a name here, and its messages are missing");
                    let help = if names == 1 {
                        format!(
                            "write `{name}.label = \"{text}\"` for what it is called, or `{name}.taken = \"…\"`"
                        )
                    } else {
                        format!("put a field and a code behind it: `{name}.email.taken = \"…\"`")
                    };
                    self.report(Rule::WrongType, value.span(), message, help);
                }
                _ => {
                    let message = format!("`{name}` takes a text, or a table of plural forms");
                    let help = "write `{ one = \"…\", other = \"…\" }` or `\"…\"`".to_owned();
                    self.report(Rule::WrongType, value.span(), message, help);
                }
            }
        }
    }

    fn not_plural(&mut self, name: &str, table: &DeTable<'_>, span: Span) {
        let forms = CATEGORIES.map(|(name, _)| name);
        let unknown = table.keys().find(|key| !forms.contains(&key.get_ref().as_ref()));
        if let Some(key) = unknown {
            let written = key.get_ref();
            let help = nearest(written, forms).map_or_else(
                || format!("the plural forms are {}", alternatives(forms).replace(" or ", " and ")),
                |near| format!("did you mean `{near}`?"),
            );
            self.report(Rule::InvalidLocale, key.span(), format!("`{written}` is no plural form"), help);
        } else {
            let message = format!("the plural forms of `{name}` lack `other`");
            let help = "`other` is what every number takes that no other form is for".to_owned();
            self.report(Rule::InvalidLocale, span, message, help);
        }
    }

    fn plural(&mut self, path: String, code: &str, key: Span, table: &DeTable<'_>) {
        let counted = CODES.iter().any(|(known, params)| *known == code && params.contains(&"count"));
        if is_code(code) && !counted && table.len() > 1 {
            let message = format!("`{code}` has no number, and so no plural forms");
            self.report(Rule::InvalidLocale, key, message, format!("write `{code} = \"…\"`"));
            return;
        }
        let used: Option<Vec<PluralCategory>> =
            self.locale.rules.as_ref().map(|rules| rules.categories().collect());
        let mut forms = Vec::new();
        for (name, value) in table {
            let Some((form, category)) =
                CATEGORIES.into_iter().find(|(form, _)| *form == name.get_ref().as_ref())
            else {
                continue;
            };
            let Some(text) = value.get_ref().as_str() else {
                self.report(Rule::WrongType, value.span(), format!("`{form}` takes a text"), None);
                continue;
            };
            if used.as_ref().is_some_and(|used| !used.contains(&category)) {
                let message = format!("no number takes the form `{form}` in this language");
                self.report(Rule::InvalidLocale, name.span(), message, "remove it".to_owned());
                continue;
            }
            let name = format!("{path}.{form}");
            let text = Spanned::new(text.to_owned(), value.span());
            if let Some(text) = self.message(&name, code, key.clone(), &text) {
                forms.push((category, text));
            }
        }
        let missing: Vec<&str> = used
            .iter()
            .flatten()
            .filter(|_| counted)
            .filter(|used| !table.keys().any(|key| CATEGORIES.contains(&(key.get_ref().as_ref(), **used))))
            .filter_map(|used| CATEGORIES.into_iter().find(|(_, category)| category == used))
            .map(|(name, _)| name)
            .collect();
        if !missing.is_empty() {
            let forms = alternatives(missing).replace(" or ", " and ");
            let message = format!("`{code}` lacks the plural forms {forms}, and `other` stands in for them");
            self.report(Rule::UntranslatedMessage, key.clone(), message, None);
        }
        if is_code(code) {
            self.locale.entries.push(Entry { key: path.clone(), span: key });
        }
        self.locale.messages.insert(path, Message::Plural(forms));
    }

    /// Compiles one text under a name.
    fn message(&mut self, name: &str, code: &str, key: Span, text: &Spanned<String>) -> Option<Text> {
        let of_page = name.starts_with("page.");
        let of_field = !of_page && !name.starts_with("messages.");
        let known = if of_page { &PAGE[..] } else { &CODES[..] };
        let params = known.iter().find(|(known, _)| *known == code).map(|(_, params)| *params);
        if of_field && (Locale::TEXTS.contains(&code) || is_option(name) && params.is_none()) {
            return Some(Text::Plain(text.value.clone()));
        }
        let Some(params) = params else {
            if of_page {
                let words = PAGE.iter().map(|(word, _)| *word);
                let help = nearest(code, words).map(|near| format!("did you mean `{near}`?"));
                self.report(Rule::UnknownKey, key, format!("a page has no word `{code}`"), help);
                return None;
            }
            let codes = CODES.iter().map(|(code, _)| *code);
            let help = nearest(code, codes).map(|near| format!("did you mean `{near}`?"));
            let help = help.or_else(|| {
                (!name.starts_with("messages.")).then(|| "what a field is called is its `label`".to_owned())
            });
            self.report(Rule::UnknownKey, key, format!("there is no error code `{code}`"), help);
            return None;
        };
        let common = COMMON.iter().filter(|name| !of_page && !params.contains(name));
        let names: Vec<&str> = params.iter().chain(common).copied().collect();
        self.diagnostics.extend(template::as_rails_writes_it(self.file, text, &names));
        if !template::is_template(&text.value) {
            return Some(Text::Plain(text.value.clone()));
        }
        let known = |chain: &[String]| {
            let name = chain.first()?;
            let known = names.contains(&name.as_str());
            (!known).then(|| template::not_among(Rule::InvalidTemplate, name, &names))
        };
        let environment = &mut self.locale.environment;
        let found = template::check(environment, self.file, name, Kind::Template, text, &known);
        if found.is_empty() {
            // One that renders with any of them may be meant for values of that type.
            let tried: Result<Vec<_>, _> = samples(params)
                .map(|sample| {
                    match template::render(environment, name, minijinja::Value::from(Serde(&sample))) {
                        Ok(_) => Err(()),
                        Err(error) => Ok(error),
                    }
                })
                .collect();
            let failed = tried.into_iter().flatten().next();
            self.diagnostics.extend(failed.map(|error| template::unrendered(self.file, text, &error)));
        }
        self.diagnostics.extend(found);
        Some(Text::Template(name.to_owned()))
    }
}

/// What a message may have to render: values of each type, and none.
fn samples(params: &[&str]) -> impl Iterator<Item = Value> {
    let mut sample = json!({ "attribute": "Label", "type": "string" });
    for param in params {
        sample[*param] = match *param {
            "count" => json!(2),
            "value" => json!("2026-11-23"),
            _ => json!("string"),
        };
    }
    let valued = params.contains(&"value");
    [json!("text"), json!(1), json!(true), Value::Null].into_iter().map(move |value| {
        let mut sample = sample.clone();
        if !valued && !value.is_null() {
            sample["value"] = value;
        }
        sample
    })
}

/// Whether a dotted key is that of what a value of a list is called.
fn is_option(key: &str) -> bool {
    let (section, rest) = key.split_once('.').unwrap_or_default();
    ["fields", "forms"].contains(&section) && rest.contains(&format!(".{}.", Locale::OPTIONS))
}

fn is_code(name: &str) -> bool {
    CODES.iter().any(|(code, _)| *code == name)
}

/// Whether a table holds texts and none of them is said of a field: plural forms, if it stands in the place of a message.
fn are_texts(table: &DeTable<'_>) -> bool {
    table.iter().all(|(key, value)| {
        let key = key.get_ref().as_ref();
        value.get_ref().is_str() && key != Locale::LABEL && !is_code(key)
    })
}

/// Whether a table holds plural forms: `other`, and nothing that is not one.
fn is_plural(table: &DeTable<'_>) -> bool {
    let is_form = |name: &str| CATEGORIES.iter().any(|(form, _)| *form == name);
    table.get("other").is_some() && table.keys().all(|key| is_form(key.get_ref().as_ref()))
}
