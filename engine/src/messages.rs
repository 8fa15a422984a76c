//! Violation → text.
//!
//! The author's `message` comes first, then the catalogue. Both are minijinja templates over the error's params,
//! `attribute` (the field's label) and `value` (what was sent; never a secret), bounded in fuel and output. Called
//! by `compile` to compile an author's templates and by the server for each violation that it shows.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, ErrorKind};
use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Rule, alternatives, nearest};
use crate::model::{Form, Spanned};
use crate::schema::Rules;
use crate::submission::Violation;

/// Steps that one message may take.
const FUEL: u64 = 10_000;
/// The most characters of a submitted value that a message may quote.
const QUOTED_CHARACTERS: usize = 200;
/// The most characters of a rendered message.
const MESSAGE_CHARACTERS: usize = 1000;

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment
}

/// A form's own message templates, by the rule that they belong to.
#[derive(Debug, Default)]
pub(crate) struct Templates {
    environment: Option<Environment<'static>>,
}

impl Templates {
    pub(crate) fn compile(form: &Form, rules: &Rules, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut templates = Self::default();
        let mut reported = Vec::new();
        for (index, rule) in rules.rules.iter().enumerate() {
            let Some(message) = rule.message.as_ref().filter(|message| is_template(&message.value)) else {
                continue;
            };
            let params = rule.params.keys().map(String::as_str);
            let secret =
                rule.field.and_then(|field| rules.fields.get(field)).is_some_and(|field| field.secret);
            let names: Vec<&str> = params.chain(["attribute"]).chain((!secret).then_some("value")).collect();
            if let Some(diagnostic) = templates.add(form, index, message, &names) {
                // Several codes of one rule share its message.
                if !reported.contains(&message.span) {
                    reported.push(message.span.clone());
                    diagnostics.push(diagnostic);
                }
            }
        }
        templates
    }

    fn add(
        &mut self,
        form: &Form,
        rule: usize,
        message: &Spanned<String>,
        names: &[&str],
    ) -> Option<Diagnostic> {
        let environment = self.environment.get_or_insert_with(environment);
        let diagnostic = |part: Option<std::ops::Range<usize>>, text: String| {
            let span = part.map_or_else(
                || message.span.clone(),
                |part| form.source.span_in_string(&message.span, &message.value, part),
            );
            Diagnostic::new(Rule::InvalidTemplate, &form.source, span, text)
        };
        if let Err(error) = environment.add_template_owned(rule.to_string(), message.value.clone()) {
            let why = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
            return Some(diagnostic(error.range(), format!("the message does not compile: {why}")));
        }
        let is_global = |name: &str| environment.globals().any(|(global, _)| global == name);
        let unknown = environment
            .get_template(&rule.to_string())
            .map(|template| template.undeclared_variables(false))
            .unwrap_or_default()
            .into_iter()
            .filter(|name| !names.contains(&name.as_str()) && !is_global(name))
            .min()?;
        let part = message.value.find(&unknown).map(|start| start..start + unknown.len());
        let help = nearest(&unknown, names.iter().copied()).map_or_else(
            || format!("this message can use {}", alternatives(names.iter().copied())),
            |near| format!("did you mean `{near}`?"),
        );
        Some(diagnostic(part, format!("the message uses `{unknown}`, which it cannot see")).help(help))
    }

    fn render(&self, rule: usize, context: &Map<String, Value>) -> Option<String> {
        let environment = self.environment.as_ref()?;
        match environment.get_template(&rule.to_string()).and_then(|template| template.render(Serde(context)))
        {
            Ok(text) => Some(text),
            Err(error) if error.kind() == ErrorKind::TemplateNotFound => None,
            Err(error) => {
                // The usual message stands in: a client is owed the violation, whatever the wording.
                tracing::error!(kind = %error.kind(), "a form's message failed to render");
                None
            }
        }
    }
}

fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || text.contains("{#")
}

/// The text of a violation of a form, as a client is to read it.
#[must_use]
pub fn text(form: &crate::compile::CompiledForm, violation: &Violation) -> String {
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
fn context(form: &crate::compile::CompiledForm, violation: &Violation) -> Map<String, Value> {
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
