//! The next snapshot where changes stay within their files: no form tells others anything else than it did.
//!
//! To save one of ten thousand forms is what happens most, and then there is nothing to decide between them. What is
//! decided here is what `resolve` would decide. Called by `registry`.

use std::sync::Arc;

use super::files::{Changes, File, Files};
use super::{FormStatus, Snapshot, State};
use crate::build::Built;
use crate::compile::CompiledForm;
use crate::diagnostic::{Diagnostic, has_errors};
use crate::lint::secrets_in_policies;
use crate::model::Spanned;
use crate::presentation::questions;
use crate::source::FormPath;
use crate::suppression::Scope;

/// The snapshot after `before` with what was built anew; nothing where the directory has to be looked at as a whole.
pub(super) fn amend(before: &Snapshot, known: &Files, changes: &mut Changes) -> Option<Snapshot> {
    if !changes.is_within_files() || known.values().any(|file| file.missing) {
        return None;
    }
    let amended: Option<Vec<Amended>> =
        changes.built().iter().map(|(path, file)| Amended::new(before, known, path, file)).collect();
    let amended = amended?;
    let touches = |found: &Diagnostic| {
        let files = std::iter::once(&found.primary).chain(&found.secondary).map(|label| &label.file);
        let is_amended = |file: &_| amended.iter().any(|form| Arc::ptr_eq(&form.was.source, file));
        found.rule.is_between_files() && files.into_iter().any(is_amended)
    };
    if before.diagnostics().any(touches) {
        return None;
    }
    let mut snapshot = Snapshot { generation: before.generation + 1, ..before.clone() };
    for Amended { index, form, diagnostics, .. } in amended {
        let status = &mut snapshot.statuses[index];
        status.source = Arc::clone(&form.form.source);
        status.diagnostics = diagnostics;
        snapshot.serve(&form);
        snapshot.statuses[index].form = Some(form);
    }
    for (_, file) in changes.built_mut() {
        file.served.clone_from(&file.built.form);
    }
    Some(snapshot)
}

/// A form that takes the place of its last version.
struct Amended<'b> {
    /// Where its status is.
    index: usize,
    was: &'b FormStatus,
    form: Arc<CompiledForm>,
    diagnostics: Vec<Diagnostic>,
}

impl<'b> Amended<'b> {
    fn new(before: &'b Snapshot, known: &Files, path: &FormPath, file: &File) -> Option<Self> {
        let last = known.get(path)?;
        let (form, outline) = (file.built.form.as_ref()?, file.built.outline.as_ref()?);
        let names = |policies: &[Spanned<String>]| -> Vec<String> {
            policies.iter().map(|policy| policy.value.clone()).collect()
        };
        let widgets = |built: &Built| -> Vec<String> {
            built.widgets.iter().map(|widget| widget.name.value.clone()).collect()
        };
        if !outline.is_like(last.built.outline.as_ref()?)
            || questions(&form.form) != questions(&last.built.form.as_ref()?.form)
            || widgets(&file.built) != widgets(&last.built)
            || names(&file.built.policies) != names(&last.built.policies)
            || !secrets_in_policies(outline, &file.built.policies, &before.policies).is_empty()
            // What it silences between itself and others cannot be seen.
            || last.built.suppressions.are_about_others()
        {
            return None;
        }
        let index = before.index_of(form.name())?;
        let was = &before.statuses[index];
        let is_newest =
            was.form.as_ref().zip(last.built.form.as_ref()).is_some_and(|(a, b)| Arc::ptr_eq(a, b));
        let diagnostics = file.built.reported(Vec::new(), Scope::Directory);
        if was.state != State::Live || !is_newest || has_errors(&diagnostics) {
            return None;
        }
        Some(Self { index, was, form: Arc::clone(form), diagnostics })
    }
}
