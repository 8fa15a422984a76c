//! `untested-form`: a form without examples.

use crate::diagnostic::{Diagnostic, Rule};
use crate::model::Form;

pub(super) fn check(form: &Form) -> Vec<Diagnostic> {
    // Examples that could not be read are reported as such.
    if form.examples.is_some() {
        return Vec::new();
    }
    let message =
        format!("`{}` has no examples, so nothing notices when a change breaks it", form.name.value);
    let help = "add an `[[examples]]` table with a `form` that must be accepted";
    vec![Diagnostic::new(Rule::UntestedForm, &form.source, form.name.span.clone(), message).help(help)]
}
