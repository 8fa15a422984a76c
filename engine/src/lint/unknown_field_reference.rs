//! `unknown-field-reference`: a `scope` that names a field which the form does not declare.

use crate::diagnostic::{Diagnostic, Rule, alternatives, nearest};
use crate::model::{Check, Field, Form, Role};

pub(super) fn check(form: &Form, field: &Field) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for validation in &field.validations {
        let Check::Unique(unique) = &validation.check else { continue };
        for path in &unique.scope {
            if is_password(&form.fields, &path.value) {
                let message =
                    "a password cannot be a scope: that would keep a fingerprint of it beside its hash";
                diagnostics.push(Diagnostic::new(
                    Rule::UnknownFieldReference,
                    &form.source,
                    path.span.clone(),
                    message,
                ));
                continue;
            }
            let declared = single_values(&form.fields, "");
            if declared.contains(&path.value) {
                continue;
            }
            let names = || declared.iter().map(String::as_str);
            let help = nearest(&path.value, names()).map_or_else(
                || format!("the form declares {}", alternatives(names()).replace(" or ", " and ")),
                |near| format!("did you mean `{near}`?"),
            );
            let message = format!("`{}` is not a field of this form", path.value);
            let diagnostic =
                Diagnostic::new(Rule::UnknownFieldReference, &form.source, path.span.clone(), message);
            diagnostics.push(diagnostic.help(help));
        }
    }
    diagnostics
}

/// The dotted paths of all fields that hold a single value.
fn single_values(fields: &[Field], base: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for field in fields {
        let path =
            if base.is_empty() { field.name.value.clone() } else { format!("{base}.{}", field.name.value) };
        if matches!(field.ty, crate::model::FieldType::Group { .. }) {
            paths.extend(single_values(field.fields(), &path));
        } else {
            paths.push(path);
        }
    }
    paths
}

fn is_password(fields: &[Field], path: &str) -> bool {
    fields.iter().any(|field| field.role == Role::Password && field.name.value == path)
}
