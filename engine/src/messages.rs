//! Violation → text.
//!
//! The author's `message` comes first, then the catalogue. Both are minijinja templates over the error's params,
//! `attribute` (the field's label) and `value` (what was sent; never a secret), bounded in fuel and output. Called
//! by `compile` to compile an author's templates and by the server for each violation that it shows.

mod templates;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use minijinja::value::{Serde, ValueKind};
use minijinja::{AutoEscape, Environment, Error, escape_formatter};
use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

use crate::compile::CompiledForm;
use crate::submission::Violation;

pub(crate) use templates::Templates;

/// Steps that one message may take.
const FUEL: u64 = 10_000;
/// The most characters of a submitted value that a message may quote.
const QUOTED_CHARACTERS: usize = 200;
/// The most characters of a rendered message.
const MESSAGE_CHARACTERS: usize = 1000;

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_formatter(|out, state, value| match value.kind() {
        // JSON's words, not Python's.
        ValueKind::Bool => out.write_str(if value.is_true() { "true" } else { "false" }).map_err(Error::from),
        _ => escape_formatter(out, state, value),
    });
    environment.set_fuel(Some(FUEL));
    environment
}

fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || text.contains("{#")
}

/// The text of a violation of a form, as a client is to read it.
#[must_use]
pub fn text(form: &CompiledForm, violation: &Violation) -> String {
    let rule = violation.rule.and_then(|rule| form.rules.rules.get(rule));
    let own = rule.and_then(|rule| rule.message.as_ref());
    let rendered = match (own, violation.rule) {
        (Some(message), _) if !is_template(&message.value) => Some(Cow::Borrowed(message.value.as_str())),
        (Some(_), Some(rule)) => form.templates.render(rule, &context(form, violation)).map(Cow::Owned),
        _ => None,
    };
    let text = rendered.unwrap_or_else(|| CATALOGUE.text(violation));
    truncate(&text, MESSAGE_CHARACTERS).into_owned()
}

/// What a message can see.
fn context(form: &CompiledForm, violation: &Violation) -> Map<String, Value> {
    let mut context = violation.params.clone();
    let field = violation.rule.and_then(|rule| form.rules.rules.get(rule)?.field);
    let field = field.and_then(|field| form.rules.fields.get(field));
    context.insert("attribute".into(), field.map_or_else(String::new, |field| field.label.clone()).into());
    if let (Some(value), false) = (&violation.value, field.is_none_or(|field| field.secret)) {
        let value = match value {
            Value::String(text) => truncate(text, QUOTED_CHARACTERS).into_owned().into(),
            other => other.clone(),
        };
        context.insert("value".into(), value);
    }
    context
}

fn truncate(text: &str, characters: usize) -> Cow<'_, str> {
    match text.char_indices().nth(characters) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

/// Messages by code, with plural forms.
struct Catalogue {
    messages: BTreeMap<String, Message>,
    environment: Environment<'static>,
}

/// The template of a message: one where the count is one, another otherwise.
struct Message {
    one: String,
    other: String,
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::read(include_str!("messages/en.toml")));

impl Catalogue {
    /// Reads the built-in catalogue; a test proves that it is whole.
    fn read(text: &str) -> Self {
        let (root, _) = DeTable::parse_recoverable(text);
        let entries = root.get_ref().get("messages").and_then(|messages| messages.get_ref().as_table());
        let string = |value: &DeValue<'_>| value.as_str().map(str::to_owned);
        let mut messages = BTreeMap::new();
        for (code, value) in entries.into_iter().flatten() {
            let value = value.get_ref();
            let plural = |form: &str| value.get(form).and_then(|text| string(text.get_ref()));
            let other = string(value).or_else(|| plural("other")).unwrap_or_default();
            let one = plural("one").unwrap_or_else(|| other.clone());
            messages.insert(code.get_ref().to_string(), Message { one, other });
        }
        Self { messages, environment: environment() }
    }

    fn text(&self, violation: &Violation) -> Cow<'_, str> {
        let Some(message) = self.messages.get(violation.code) else { return Cow::Borrowed(violation.code) };
        let one = violation.params.get("count").and_then(Value::as_f64) == Some(1.0);
        let template = if one { &message.one } else { &message.other };
        if !is_template(template) {
            return Cow::Borrowed(template);
        }
        let rendered = self.environment.render_str(template, Serde(&violation.params));
        rendered.map_or(Cow::Borrowed(violation.code), Cow::Owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_message_renders() {
        let (_, errors) = DeTable::parse_recoverable(include_str!("messages/en.toml"));
        assert!(errors.is_empty(), "{errors:?}");
        for (code, message) in &CATALOGUE.messages {
            for template in [&message.one, &message.other] {
                assert!(!template.is_empty(), "{code}");
                let params = serde_json::json!({ "count": 3, "expected": "string" });
                let params = Serde(params);
                let text = CATALOGUE.environment.render_str(template, params).unwrap_or_default();
                assert!(!text.is_empty() && !text.contains('{'), "{code}: {text}");
            }
        }
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(truncate("żółć", 2), "żó…");
        assert_eq!(truncate("ab", 2), "ab");
    }
}
