//! Which version of every form is served, and under which names: the directory as a whole.
//!
//! In: every file as it was last seen, and the snapshot before. Out: the next one. Called by `registry`.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files::Files;
use super::{FormStatus, Snapshot, State};
use crate::build;
use crate::compile::CompiledForm;
use crate::diagnostic::{Diagnostic, has_errors};
use crate::lint::{
    KnownPolicies, conflicting_types, duplicate_names, secrets_in_policies, unknown_policies,
    unknown_widgets, unused_messages, unused_policies,
};
use crate::messages::Locales;
use crate::model::Form;
use crate::outline::Outline;
use crate::policy::Policies;
use crate::suppression::Scope;
use crate::theme::Template;

/// Decides which version of every form is served, and under which names.
///
/// `policies` are those that there are; `sound`, those that can be asked; `templates` have these names.
pub(super) fn resolve(
    files: &mut Files,
    before: &Snapshot,
    policies: &KnownPolicies<'_>,
    sound: &Policies,
    templates: &BTreeSet<&str>,
) -> Snapshot {
    let there: HashSet<PathBuf> = if files.values().all(|file| file.served.is_some()) {
        HashSet::new()
    } else {
        files.iter().filter(|(_, file)| !file.missing).map(|(path, _)| path.path.clone()).collect()
    };
    for file in files.values_mut().filter(|file| file.served.is_none()) {
        // A form whose file moved and broke at once is still the form of that name.
        let moved = |form: &&Arc<CompiledForm>| {
            form.name() == file.built.name && !there.contains(&form.form.source.path)
        };
        file.served = before.form(&file.built.name).filter(moved).cloned();
    }
    // What a form may not be served for, though it compiles.
    let mut clashes: HashMap<PathBuf, Vec<Diagnostic>> = without_policies(files, policies, sound);
    // A last good version too is served only with policies that see what they ask for.
    let is_fit =
        |form: &&Arc<CompiledForm>| secrets_in_policies(&form.outline, &form.form.policies, sound).is_empty();
    // Who had a name keeps it against newcomers, even while its newest version is broken.
    let candidates: Vec<(&Path, &Arc<CompiledForm>, bool)> = files
        .iter()
        .filter(|(_, file)| !file.missing)
        .filter_map(|(path, file)| {
            let newest = file.built.form.as_ref().filter(|_| !clashes.contains_key(&path.path));
            let form = newest.or(file.served.as_ref().filter(is_fit))?;
            Some((path.path.as_path(), form, newest.is_some()))
        })
        .collect();
    let forms: Vec<&Outline> = candidates.iter().map(|(_, form, _)| &*form.outline).collect();
    let holds = |form: &Outline, name: &str| {
        // By their texts, which are alike where the paths are; to compare component by component takes long.
        let holder = before.form(name).map(|holder| holder.form.source.path.as_os_str());
        holder == Some(form.source.path.as_os_str())
    };
    for (index, diagnostic) in duplicate_names(&forms, holds) {
        // A last good version that lost its name is not what its author wrote last: nothing to say of it.
        if let (path, _, true) = candidates[index] {
            clashes.entry(path.to_path_buf()).or_default().push(diagnostic);
        }
    }
    let mut conflicts: HashMap<PathBuf, Vec<Diagnostic>> = HashMap::new();
    for (index, diagnostic) in conflicting_types(&forms) {
        if let (path, _, true) = candidates[index] {
            conflicts.entry(path.to_path_buf()).or_default().push(diagnostic);
        }
    }
    let mut snapshot = Snapshot { generation: before.generation + 1, ..Snapshot::default() };
    // First everything that is as its author wants it, then last good versions, where their names are still free.
    for (path, file) in files.iter_mut() {
        let sound = !file.missing && !clashes.contains_key(&path.path);
        if let Some(form) = file.built.form.as_ref().filter(|_| sound) {
            file.served = Some(Arc::clone(form));
            snapshot.serve(form);
        }
    }
    for (path, file) in files.iter_mut() {
        let mut between = clashes.remove(&path.path).unwrap_or_default();
        between.extend(conflicts.remove(&path.path).unwrap_or_default());
        between.extend(unknown_widgets(&file.built.source, &file.built.widgets, templates));
        let diagnostics = file.built.reported(between, Scope::Directory);
        if has_errors(&diagnostics) || file.missing {
            file.served = file.served.take().filter(|form| snapshot.is_free_for(&form.form));
            if let Some(form) = file.served.as_ref().filter(is_fit) {
                snapshot.serve(form);
            }
        }
        if file.missing && file.served.is_none() {
            continue;
        }
        let served = file.served.as_ref().filter(is_fit);
        let state = match (served, has_errors(&diagnostics)) {
            (Some(_), false) => State::Live,
            (Some(_), true) => State::Stale,
            (None, _) => State::Broken,
        };
        let name = match served {
            Some(form) => form.name(),
            // Another form has the name that it wants: it goes by its file.
            None if snapshot.by_name.contains_key(&file.built.name) => &file.built.source.default_name,
            None => &file.built.name,
        };
        let (name, source) = (name.to_owned(), Arc::clone(&file.built.source));
        snapshot.statuses.push(FormStatus { name, source, state, form: served.cloned(), diagnostics });
    }
    snapshot.statuses.sort_by(|a, b| a.name.cmp(&b.name));
    snapshot
}

/// The messages that no form shows in its newest version.
pub(super) fn unused(files: &Files, locales: &Locales) -> Vec<Diagnostic> {
    let newest = || files.values().filter(|file| !file.missing).map(|file| &file.built);
    let forms: Vec<&Outline> = newest().filter_map(|built| built.outline.as_deref()).collect();
    let broken: Vec<&str> =
        newest().filter(|built| built.outline.is_none()).map(|built| built.name.as_str()).collect();
    unused_messages(&forms, &broken, locales.iter())
}

/// The policies that no form names in its newest version, where all of those can be read.
pub(super) fn unnamed(files: &Files, policies: &Policies) -> Vec<Diagnostic> {
    let newest = || files.values().filter(|file| !file.missing).map(|file| &file.built);
    if newest().any(|built| built.outline.is_none()) {
        return Vec::new();
    }
    unused_policies(newest().flat_map(|built| &built.policies), policies.iter().map(Arc::as_ref))
}

/// What templates and the newest versions of forms do not have in common.
pub(super) fn misplaced<'t>(files: &Files, templates: impl Iterator<Item = &'t Template>) -> Vec<Diagnostic> {
    let newest = files.values().filter(|file| !file.missing).map(|file| &*file.built);
    build::misplaced(newest, &templates.collect::<Vec<_>>())
}

/// The forms that name policies which there are not, which cannot be used, or which ask for a secret, with what there is to say of it.
fn without_policies(
    files: &Files,
    policies: &KnownPolicies<'_>,
    sound: &Policies,
) -> HashMap<PathBuf, Vec<Diagnostic>> {
    let there = files.iter().filter(|(_, file)| !file.missing);
    let unknown = there.filter_map(|(path, file)| {
        let mut unknown = unknown_policies(&file.built.source, &file.built.policies, policies);
        let outline = file.built.outline.iter();
        unknown.extend(outline.flat_map(|form| secrets_in_policies(form, &file.built.policies, sound)));
        (!unknown.is_empty()).then(|| (path.path.clone(), unknown))
    });
    unknown.collect()
}

impl Snapshot {
    fn is_free_for(&self, form: &Form) -> bool {
        form.names().all(|name| !self.by_name.contains_key(&name.value))
    }

    pub(super) fn serve(&mut self, form: &Arc<CompiledForm>) {
        for name in form.form.names() {
            self.by_name.insert(name.value.clone(), Arc::clone(form));
        }
    }
}
