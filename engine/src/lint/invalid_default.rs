//! `invalid-default`: a default, or a value that the form always gives, which the field itself would refuse.

use std::time::SystemTime;

use serde_json::Value;

use crate::compile::{CompiledForm, Compiler};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{Field, PayloadSource, Spanned, Step};
use crate::source::Span;
use crate::template::is_template;
use crate::vocabulary;

use super::Judges;

/// Asks the compiled schema of the field alone.
pub(super) fn check(judges: &Judges<'_>, field: &Field, path: &[Step], now: SystemTime) -> Vec<Diagnostic> {
    let form = judges.form;
    let constants = form.form.payload.iter().filter(|entry| entry.path == path).filter_map(|entry| {
        let value = match &entry.source.value {
            PayloadSource::Constant(value) => value.clone(),
            PayloadSource::Template(text) if !is_template(text) => Value::from(text.as_str()),
            PayloadSource::Template(_) | PayloadSource::Expression(_) => return None,
        };
        Some(("computed value", Spanned::new(value, entry.source.span.clone())))
    });
    let default = field.default.iter().map(|default| ("default", default.clone()));
    let given: Vec<(&str, Spanned<Value>)> = default.chain(constants).collect();
    if given.is_empty() {
        return Vec::new();
    }
    let Some((schema, validator)) = judges.of(path) else { return Vec::new() };
    let accepts = |value: &Value| vocabulary::at(now, || validator.is_valid(value));
    let refused = given.into_iter().filter(|(_, given)| !accepts(&given.value));
    refused
        .map(|(what, given)| refusal(judges.compiler, form, field, schema, what, &given.value, given.span))
        .collect()
}

fn refusal(
    compiler: &Compiler,
    form: &CompiledForm,
    field: &Field,
    schema: &Value,
    what: &str,
    value: &Value,
    span: Span,
) -> Diagnostic {
    let name = &field.name.value;
    let ty = schema.get("type").and_then(|ty| compiler.validator(&serde_json::json!({ "type": ty })));
    let message = if ty.is_some_and(|ty| !ty.is_valid(value)) {
        format!("the {what} of `{name}` is not of the field's type, `{}`", field.ty.name())
    } else {
        format!("the {what} of `{name}` does not meet the field's own rules")
    };
    let help = if what == "default" {
        "a request that leaves the field out would be refused: change the default or the rule"
    } else {
        "every request would be refused: change the value or the rule"
    };
    Diagnostic::new(Rule::InvalidDefault, &form.form.source, span, message).help(help)
}
