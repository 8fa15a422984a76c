//! The messages that an author wrote: templates, compiled with the form and tried before it is served.

use minijinja::value::Serde;
use minijinja::{Environment, ErrorKind};
use serde_json::{Map, Value, json};

use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{Form, Spanned};
use crate::schema::{FieldInfo, Operand, Rules, SchemaRule};
use crate::template::{self, Kind, Unknown, is_template};

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
            let Some(message) = &rule.message else { continue };
            let field = rule.field.and_then(|field| rules.fields.get(field));
            let found = templates.add(form, index, message, rule, field);
            // Several codes of one rule share its message.
            if !found.is_empty() && !reported.contains(&message.span) {
                reported.push(message.span.clone());
                diagnostics.extend(found);
            }
        }
        templates
    }

    /// Compiles one message; what is wrong with it, if anything is.
    fn add(
        &mut self,
        form: &Form,
        index: usize,
        message: &Spanned<String>,
        rule: &SchemaRule,
        field: Option<&FieldInfo>,
    ) -> Vec<Diagnostic> {
        let secret = field.is_some_and(|field| field.secret);
        let params = rule.param.iter().map(|(name, _)| *name).chain(shown_only_by_a_request(rule));
        let names: Vec<&str> =
            params.chain(["attribute", "type"]).chain((!secret).then_some("value")).collect();
        let mut found = Vec::from_iter(template::as_rails_writes_it(&form.source, message, &names));
        if !is_template(&message.value) {
            return found;
        }
        let environment =
            self.environment.get_or_insert_with(|| template::environment(template::MESSAGE_FUEL));
        let name = index.to_string();
        let known = |chain: &[String]| {
            let name = chain.first().filter(|name| !names.contains(&name.as_str()))?;
            if secret && name == "value" {
                return Some(Unknown {
                    rule: Rule::SecretInTemplate,
                    message: "the field is secret, so no message may quote it".to_owned(),
                    help: "remove `value`".to_owned(),
                });
            }
            Some(template::not_among(Rule::InvalidTemplate, name, &names))
        };
        found.extend(template::check(environment, &form.source, &name, Kind::Template, message, &known));
        if !found.is_empty() {
            return found;
        }
        // What the value is wrong for shows only when it is rendered.
        let tried = samples(rule, field, secret).into_iter().find_map(|context| {
            let context = minijinja::Value::from(Serde(&context));
            template::render(environment, &name, context)
                .err()
                .filter(|error| error.kind() != ErrorKind::OutOfFuel)
        });
        tried.map(|error| template::unrendered(&form.source, message, &error)).into_iter().collect()
    }

    /// The message of a rule; nothing where it has none, or fails.
    pub(super) fn render(&self, rule: usize, context: &Map<String, Value>) -> Option<String> {
        // The usual message stands in for one that fails: a client is owed the violation, whatever the wording.
        let failed = |error: &minijinja::Error| {
            tracing::error!(kind = %error.kind(), "a form's message failed to render");
        };
        let context = minijinja::Value::from(Serde(context));
        template::render(self.environment.as_ref()?, &rule.to_string(), context).inspect_err(failed).ok()
    }
}

/// The param of a rule that holds a value against another, if its code has one.
fn shown_only_by_a_request(rule: &SchemaRule) -> Option<&'static str> {
    match &rule.operand {
        None => None,
        Some(Operand::Moment { .. }) => Some("value"),
        Some(Operand::Relation(relation)) => relation.param(),
    }
}

/// What a message may have to render: its params, with and without a value.
fn samples(rule: &SchemaRule, field: Option<&FieldInfo>, secret: bool) -> Vec<Map<String, Value>> {
    let mut without = rule.params();
    without.insert("attribute".into(), "Label".into());
    let json_type = field.map_or("object", |field| field.json_type);
    without.insert("type".into(), json_type.into());
    match shown_only_by_a_request(rule) {
        Some("count") => without.insert("count".into(), json!(1)),
        Some(param) => without.insert(param.to_owned(), "2026-11-23".into()),
        None => None,
    };
    let mut with = without.clone();
    let value = match json_type {
        "integer" | "number" => json!(1),
        "boolean" => json!(true),
        _ => json!("text"),
    };
    with.entry("value").or_insert(value);
    match (secret, rule.code) {
        (true, _) => vec![without],
        // What is blank may be absent.
        (false, "blank") => vec![with, without],
        (false, _) => vec![with],
    }
}
