//! The rules that look at a whole form or a whole directory; those about single keys are in `lower`.
//!
//! One rule per file. Called by `build`: [`check_form`] before a form is compiled, [`check_compiled`] and
//! [`check_examples`] after, [`duplicate_names`] over all forms together.

mod bounds;
mod condition_cycle;
mod dead_condition;
mod duplicate_form_name;
mod failing_example;
mod impossible_constraint;
mod invalid_default;
mod mistyped_reference;
mod payload_target;
mod unknown_field_reference;
mod untested_form;

use std::time::SystemTime;

use crate::compile::{CompiledForm, Compiler};
use crate::diagnostic::Diagnostic;
use crate::model::Form;

pub use duplicate_form_name::duplicate_names;

/// What the form itself shows.
#[must_use]
pub fn check_form(form: &Form) -> Vec<Diagnostic> {
    let mut diagnostics = untested_form::check(form);
    diagnostics.extend(condition_cycle::check(form));
    diagnostics.extend(payload_target::check(form));
    form.for_each_field(&mut |field, path| {
        diagnostics.extend(impossible_constraint::check(form, field, path));
        let unknown = unknown_field_reference::check(form, field, path);
        if unknown.is_empty() {
            diagnostics.extend(mistyped_reference::check(form, field, path));
        }
        diagnostics.extend(unknown);
    });
    diagnostics
}

/// What the compiled form shows: its defaults and conditions, judged as of `now`.
#[must_use]
pub fn check_compiled(compiler: &Compiler, form: &CompiledForm, now: SystemTime) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    form.form.for_each_field(&mut |field, path| {
        diagnostics.extend(invalid_default::check(compiler, form, field, path, now));
        diagnostics.extend(impossible_constraint::check_list(compiler, form, field, path, now));
        diagnostics.extend(dead_condition::check(compiler, form, field, path, now));
    });
    diagnostics
}

/// What the examples of a form without faults show, judged as of `now` where they do not say when.
#[must_use]
pub fn check_examples(form: &CompiledForm, now: SystemTime) -> Vec<Diagnostic> {
    failing_example::check(form, now)
}
