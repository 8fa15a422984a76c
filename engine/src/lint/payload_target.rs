//! `unknown-field-reference` and `wrong-type` of `[default_payload]`: values for fields that are not there, or that cannot
//! be what a template gives.

use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{Form, PayloadSource, Role, dotted};
use crate::template::not_among;

/// What a computed value cannot be given to.
pub(super) fn check(form: &Form) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for entry in &form.payload {
        let written = dotted(&entry.path);
        let Some(target) = form.resolve(&[], &written) else {
            let names: Vec<String> = form.referable(&[]).into_iter().map(|(path, _)| path).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let unknown = not_among(Rule::UnknownFieldReference, &written, &names);
            let message = format!("`{written}` is not a field of this form");
            let found = Diagnostic::new(unknown.rule, &form.source, entry.key.clone(), message);
            diagnostics.push(found.help(unknown.help));
            continue;
        };
        let ty = &target.field.ty;
        let textual = ty.json_type() == "string";
        let fault = match &entry.source.value {
            _ if target.field.role == Role::Password => Some((
                "a password is never computed: it would be the same, or known, for everyone".to_owned(),
                "remove it".to_owned(),
            )),
            PayloadSource::Template(_) if !textual => Some((
                format!("a template gives a text, and `{written}` is of type `{}`", ty.name()),
                "write `{ expression = \"…\" }`, which gives a value of its own type".to_owned(),
            )),
            _ => None,
        };
        if let Some((message, help)) = fault {
            let span = entry.source.span.clone();
            diagnostics.push(Diagnostic::new(Rule::WrongType, &form.source, span, message).help(help));
        }
    }
    diagnostics
}
