//! The rules that look at a whole form or a whole directory; those about single keys are in `lower`.
//!
//! One rule per file. Called by `registry`: [`check_form`] before a form is compiled, [`check_compiled`] after,
//! [`duplicate_names`] over all forms together.

mod duplicate_form_name;
mod failing_example;
mod impossible_constraint;
mod invalid_default;
mod unknown_field_reference;
mod untested_form;

use crate::compile::{CompiledForm, Compiler};
use crate::diagnostic::Diagnostic;
use crate::model::{Field, Form};

pub use duplicate_form_name::duplicate_names;

/// What the form itself shows.
#[must_use]
pub fn check_form(form: &Form) -> Vec<Diagnostic> {
    let mut diagnostics = untested_form::check(form);
    for_each_field(&form.fields, "", &mut |field, _| {
        diagnostics.extend(impossible_constraint::check(form, field));
        diagnostics.extend(unknown_field_reference::check(form, field));
    });
    diagnostics
}

/// What the compiled form shows: its defaults and examples.
#[must_use]
pub fn check_compiled(compiler: &Compiler, form: &CompiledForm) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for_each_field(&form.form.fields, "", &mut |field, pointer| {
        diagnostics.extend(invalid_default::check(compiler, form, field, pointer));
        let schema = form.document.pointer(pointer);
        diagnostics.extend(
            schema.and_then(|schema| impossible_constraint::check_list(compiler, &form.form, field, schema)),
        );
    });
    // With such a fault every example may fail, and the fault itself is what to mend.
    if diagnostics.is_empty() {
        diagnostics.extend(failing_example::check(form));
    }
    diagnostics
}

/// Visits every field with the JSON Pointer of its schema.
fn for_each_field<'a>(fields: &'a [Field], base: &str, visit: &mut impl FnMut(&'a Field, &str)) {
    for field in fields {
        let pointer = crate::schema::child(&format!("{base}/properties"), &field.name.value);
        visit(field, &pointer);
        for_each_field(field.fields(), &pointer, visit);
    }
}
