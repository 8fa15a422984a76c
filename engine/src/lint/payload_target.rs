//! `unknown-field-reference` and `wrong-type` of `[default_payload]`: values for fields that are not there, or that cannot
//! be what a template gives.

use serde_json::Value;

use crate::diagnostic::{Diagnostic, Rule, nearest};
use crate::model::{Check, Field, FieldType, Form, PayloadEntry, PayloadSource, Role, Step, dotted};
use crate::reference::missing;
use crate::template::is_template;

/// What a computed value cannot be given to.
pub(super) fn check(form: &Form) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for entry in &form.payload {
        let written = dotted(&entry.path);
        let Some(target) = form.resolve(&[], &written) else {
            let (message, help) = no_field(form, &written);
            let found =
                Diagnostic::new(Rule::UnknownFieldReference, &form.source, entry.key.clone(), message);
            diagnostics.push(found.help(help));
            continue;
        };
        if let Some((message, help)) = misfit(form, entry, target.field, &written) {
            let span = entry.source.span.clone();
            diagnostics.push(Diagnostic::new(Rule::WrongType, &form.source, span, message).help(help));
        }
    }
    diagnostics
}

/// A path that names no field: what is wrong, and what to write instead.
fn no_field(form: &Form, written: &str) -> (String, String) {
    let (message, help) = missing(form, &[], written);
    let Some((outer, last)) = written.rsplit_once('.') else { return (message, help) };
    let name = outer.rsplit('.').next().unwrap_or(outer);
    match form.resolve(&[], outer) {
        // A table that is given to one value can only be a misspelt `{ expression = … }`.
        Some(target) if !target.field.ty.is_compound() => {
            let message = format!("`{outer}` is a single value, and `{last}` is no way to compute one");
            let help = match nearest(last, ["expression"]) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write `{name} = \"{{{{ … }}}}\"` or `{name} = {{ expression = \"…\" }}`"),
            };
            (message, help)
        }
        Some(target) if target.field.items().is_some() => {
            (message, format!("give the whole array a value: `{name} = {{ expression = \"[…]\" }}`"))
        }
        _ => (message, help),
    }
}

/// Why a field cannot be given what an entry computes, and what to write instead.
fn misfit(form: &Form, entry: &PayloadEntry, field: &Field, written: &str) -> Option<(String, String)> {
    let ty = &field.ty;
    let remove = || "remove it".to_owned();
    match &entry.source.value {
        _ if field.role == Role::Password => Some((
            "a password is never computed: it would be the same, or known, for everyone".to_owned(),
            remove(),
        )),
        _ if repeats(form, &entry.path) => Some((
            format!("`{written}` is never computed: it repeats what was sent, to show that it was meant"),
            remove(),
        )),
        _ if matches!(ty, FieldType::Group { .. }) => Some((
            format!("`{written}` is a group, and its fields get values"),
            format!("write `[default_payload.{written}]`, and a line for each field below it"),
        )),
        PayloadSource::Template(_) if ty.json_type() == "string" => None,
        PayloadSource::Template(text) if is_template(text) => Some((
            format!("a template gives a text, and `{written}` is of type `{}`", ty.name()),
            "write `{ expression = \"…\" }`, which gives a value of its own type".to_owned(),
        )),
        PayloadSource::Template(text) => {
            let means = text.parse::<Value>().is_ok_and(|value| match ty.json_type() {
                "boolean" => value.is_boolean(),
                _ => value.is_number() && ty.is_numeric(),
            });
            let help = if means {
                format!("write it without quotes: `{text}`")
            } else {
                "write `{ expression = \"…\" }`, which gives a value of its own type".to_owned()
            };
            Some((format!("this is a text, and `{written}` is of type `{}`", ty.name()), help))
        }
        PayloadSource::Expression(_) | PayloadSource::Constant(_) => None,
    }
}

/// Whether a path leads to the field that repeats another.
fn repeats(form: &Form, path: &[Step]) -> bool {
    let Some((Step::Key(name), around)) = path.split_last() else { return false };
    let siblings = form.fields_at(around).unwrap_or_default();
    name.strip_suffix("_confirmation").is_some_and(|repeated| {
        siblings.iter().filter(|field| field.name.value == repeated).any(|field| {
            field.validations.iter().any(|rule| matches!(rule.check, Check::Confirmation { .. }))
        })
    })
}
