//! The messages that an author wrote: templates, compiled with the form and tried before it is served.

use std::ops::Range;

use minijinja::value::Serde;
use minijinja::{Environment, ErrorKind};
use serde_json::{Map, Value, json};

use super::{environment, is_template};
use crate::diagnostic::{Diagnostic, Rule, alternatives, nearest};
use crate::model::{Form, Spanned};
use crate::schema::{FieldInfo, Rules, SchemaRule};

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
            let field = rule.field.and_then(|field| rules.fields.get(field));
            if let Some(diagnostic) = templates.add(form, index, message, rule, field)
                // Several codes of one rule share its message.
                && !reported.contains(&message.span)
            {
                reported.push(message.span.clone());
                diagnostics.push(diagnostic);
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
    ) -> Option<Diagnostic> {
        let environment = self.environment.get_or_insert_with(environment);
        let name = index.to_string();
        let diagnostic = |part: Option<Range<usize>>, text: String| {
            let span = part.map_or_else(
                || message.span.clone(),
                |part| form.source.span_in_string(&message.span, &message.value, part),
            );
            Diagnostic::new(Rule::InvalidTemplate, &form.source, span, text)
        };
        let broken = |error: &minijinja::Error| {
            let why = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
            Some(diagnostic(error.range(), format!("the message does not compile: {why}")))
        };
        if let Err(error) = environment.add_template_owned(name.clone(), message.value.clone()) {
            return broken(&error);
        }
        let template = environment.get_template(&name).ok()?;
        let secret = field.is_some_and(|field| field.secret);
        let params = rule.params.keys().map(String::as_str);
        let names: Vec<&str> = params.chain(["attribute"]).chain((!secret).then_some("value")).collect();
        let is_global = |name: &str| environment.globals().any(|(global, _)| global == name);
        let used = template.undeclared_variables(false).into_iter();
        if let Some(unknown) = used.filter(|name| !names.contains(&name.as_str()) && !is_global(name)).min() {
            let help = if secret && unknown == "value" {
                format!(
                    "the field is secret, so no message may quote it; this one can use {}",
                    alternatives(names)
                )
            } else {
                nearest(&unknown, names.iter().copied()).map_or_else(
                    || format!("this message can use {}", alternatives(names.iter().copied())),
                    |near| format!("did you mean `{near}`?"),
                )
            };
            let part = place_of(&message.value, &unknown);
            return Some(
                diagnostic(part, format!("the message uses `{unknown}`, which it cannot see")).help(help),
            );
        }
        // A filter or test that there is not shows only when it is used; so does one that the value is wrong for.
        let tried = samples(rule, field, secret).into_iter().find_map(|context| {
            template.render(Serde(&context)).err().filter(|error| error.kind() != ErrorKind::OutOfFuel)
        });
        tried.and_then(|error| broken(&error))
    }

    /// The message of a rule; nothing where it has none, or fails.
    pub(super) fn render(&self, rule: usize, context: &Map<String, Value>) -> Option<String> {
        let template = self.environment.as_ref()?.get_template(&rule.to_string()).ok()?;
        // The usual message stands in for one that fails: a client is owed the violation, whatever the wording.
        let failed = |error: &minijinja::Error| {
            tracing::error!(kind = %error.kind(), "a form's message failed to render");
        };
        template.render(Serde(context)).inspect_err(failed).ok()
    }
}

/// What a message may have to render: its params, with and without a value.
fn samples(rule: &SchemaRule, field: Option<&FieldInfo>, secret: bool) -> Vec<Map<String, Value>> {
    let mut without = rule.params.clone();
    without.insert("attribute".into(), "Label".into());
    let mut with = without.clone();
    let value = match field.map(|field| field.json_type) {
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        _ => json!("text"),
    };
    with.insert("value".into(), value);
    match (secret, rule.code) {
        (true, _) => vec![without],
        // What is blank may be absent.
        (false, "blank") => vec![with, without],
        (false, _) => vec![with],
    }
}

/// Where a template uses a name: a whole word inside its tags.
fn place_of(template: &str, name: &str) -> Option<Range<usize>> {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    template.match_indices(name).map(|(start, _)| start..start + name.len()).find(|part| {
        let (before, after) = (&template[..part.start], &template[part.end..]);
        let opened = before
            .rfind(['{'])
            .filter(|at| template[..=*at].ends_with("{{") || template[*at..].starts_with("{%"));
        let inside = opened.is_some_and(|at| !template[at..part.start].contains('}'));
        inside && !before.ends_with(is_word) && !after.starts_with(is_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_in_tags_alone_and_as_a_whole() {
        assert_eq!(place_of("cnt {{ xcnt }} {{ cnt }}", "cnt"), Some(18..21));
        assert_eq!(place_of("{% if cnt %}a{% endif %}", "cnt"), Some(6..9));
        assert_eq!(place_of("cnt", "cnt"), None);
    }
}
