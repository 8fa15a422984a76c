//! `unknown-field-reference`: a path that names a field which the form does not declare.

use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{Against, Check, Field, Form, Role, Spanned, Step};
use crate::reference::missing;

pub(super) fn check(form: &Form, field: &Field, owner: &[Step]) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for validation in &field.validations {
        let Check::Unique(unique) = &validation.check else { continue };
        for path in unique.scope.iter().filter(|path| is_password(form, &path.value)) {
            let message = "a password cannot be a scope: that would keep a fingerprint of it beside its hash";
            let span = path.span.clone();
            diagnostics.push(Diagnostic::new(Rule::UnknownFieldReference, &form.source, span, message));
        }
    }
    for path in references(field) {
        if form.resolve(owner, &path.value).is_some() {
            continue;
        }
        let (message, help) = missing(form, owner, &path.value);
        let found = Diagnostic::new(Rule::UnknownFieldReference, &form.source, path.span.clone(), message);
        diagnostics.push(found.help(help));
    }
    diagnostics
}

/// Every path that a field's rules and conditions name.
fn references(field: &Field) -> Vec<Spanned<String>> {
    let mut paths = Vec::new();
    let conditions = field.validations.iter().filter_map(|validation| validation.condition.as_ref());
    for condition in field.when.iter().chain(conditions) {
        condition.for_each_field(&mut |path, _| paths.push(path.clone()));
    }
    for validation in &field.validations {
        match &validation.check {
            Check::Unique(unique) => paths.extend(unique.scope.iter().cloned()),
            Check::Comparison(comparisons) => paths.extend(comparisons.iter().map(|(_, path)| path.clone())),
            Check::Timing(timing) => paths.extend(timing.bounds.iter().filter_map(|(_, against)| {
                let Against::Field(path) = &against.value else { return None };
                Some(Spanned::new(path.clone(), against.span.clone()))
            })),
            _ => {}
        }
    }
    paths
}

fn is_password(form: &Form, path: &str) -> bool {
    form.fields.iter().any(|field| field.role == Role::Password && field.name.value == path)
}
