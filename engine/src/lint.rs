//! The rules that look at a whole form or a whole directory; those about single keys are in `lower`.
//!
//! One rule per file. Called by `build`: [`check_form`] before a form is compiled, [`check_compiled`] and
//! [`check_examples`] after; over all forms together, by `build` and `registry`: [`duplicate_names`],
//! [`conflicting_types`], [`secrets_in_policies`], [`unfit_templates`], [`unknown_policies`], [`unknown_widgets`],
//! [`unused_messages`], [`unused_policies`], [`unused_templates`].

mod bounds;
mod condition_cycle;
mod conflicting_property_type;
mod dead_condition;
mod duplicate_form_name;
mod failing_example;
mod impossible_constraint;
mod invalid_default;
mod lengths;
mod listed_value;
mod missing_password;
mod mistyped_reference;
mod non_portable_pattern;
mod payload_target;
mod redundant_validation;
mod secret_in_policy;
mod unanchored_pattern;
mod unbounded_text;
mod unfit_template;
mod unknown_field_reference;
mod unknown_policy;
mod unknown_widget;
mod untested_form;
mod unused_message;
mod unused_policy;
mod unused_template;
mod weak_password;

use std::cell::RefCell;
use std::sync::Arc;
use std::time::SystemTime;

use jsonschema::Validator;
use serde_json::Value;

use crate::compile::{CompiledForm, Compiler};
use crate::diagnostic::Diagnostic;
use crate::model::{Form, Step};

pub use conflicting_property_type::conflicting_types;
pub use duplicate_form_name::duplicate_names;
pub use secret_in_policy::secrets_in_policies;
pub use unfit_template::unfit_templates;
pub use unknown_policy::{KnownPolicies, unknown_policies};
pub use unknown_widget::unknown_widgets;
pub use unused_message::unused_messages;
pub use unused_policy::unused_policies;
pub use unused_template::unused_templates;

/// What the form itself shows.
#[must_use]
pub fn check_form(form: &Form) -> Vec<Diagnostic> {
    let mut diagnostics = untested_form::check(form);
    diagnostics.extend(condition_cycle::check(form));
    diagnostics.extend(payload_target::check(form));
    form.for_each_field(&mut |field, path| {
        diagnostics.extend(impossible_constraint::check(form, field, path));
        diagnostics.extend(unanchored_pattern::check(form, field));
        diagnostics.extend(non_portable_pattern::check(form, field));
        diagnostics.extend(weak_password::check(form, field));
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
    let judges = Judges::new(compiler, form);
    form.form.for_each_field(&mut |field, path| {
        // They are about what a field lacks; of a form that was read in part they would say too much.
        diagnostics.extend(missing_password::check(&form.form, field, path));
        diagnostics.extend(unbounded_text::check(&form.form, field, path));
        diagnostics.extend(redundant_validation::check(&form.form, field));
        diagnostics.extend(invalid_default::check(&judges, field, path, now));
        let impossible = impossible_constraint::check_list(&judges, field, path, now);
        if impossible.is_none() {
            let redundant = redundant_validation::check_list(compiler, form, field, now);
            if redundant.is_empty() {
                diagnostics.extend(listed_value::check(compiler, form, field, path, now));
            }
            diagnostics.extend(redundant);
        }
        diagnostics.extend(impossible);
        diagnostics.extend(dead_condition::check(&judges, field, path, now));
    });
    diagnostics
}

/// What judges by a schema; nothing where it does not compile.
type Judge = Option<Arc<Validator>>;

/// What judges single values of a compiled form, each made once for all rules that ask it.
struct Judges<'f> {
    compiler: &'f Compiler,
    form: &'f CompiledForm,
    /// By the schema's place in the document, which is borrowed.
    made: RefCell<Vec<(&'f Value, Judge)>>,
}

impl<'f> Judges<'f> {
    fn new(compiler: &'f Compiler, form: &'f CompiledForm) -> Self {
        Self { compiler, form, made: RefCell::default() }
    }

    /// The schema of the field at `path` by itself, and what judges by it.
    fn of(&self, path: &[Step]) -> Option<(&'f Value, Arc<Validator>)> {
        let schema = self.form.schema_of(path)?;
        let mut made = self.made.borrow_mut();
        let known =
            made.iter().find(|(known, _)| std::ptr::eq(*known, schema)).map(|(_, judge)| judge.clone());
        let judge = known.unwrap_or_else(|| {
            let judge = self.compiler.validator(schema);
            made.push((schema, judge.clone()));
            judge
        });
        Some((schema, judge?))
    }
}

/// What the examples of a form without faults show, judged as of `now` where they do not say when.
#[must_use]
pub fn check_examples(form: &CompiledForm, now: SystemTime) -> Vec<Diagnostic> {
    failing_example::check(form, now)
}
