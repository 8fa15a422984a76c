//! All compiled forms of a directory, swapped as one, with the last good version of each.
//!
//! A request takes one [`Snapshot`] and keeps it; [`Registry::reload`] builds the next beside it. What no longer
//! compiles keeps serving as it last did, with the policies that it last had. Called by `watch`, and by the server for every request.

mod small_files;
mod stamp;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use small_files::SmallFiles;
use stamp::Stamp;

use crate::build::{Built, build};
use crate::compile::{CompiledForm, Compiler};
use crate::diagnostic::{Diagnostic, Rule, has_errors};
use crate::lint::{
    KnownPolicies, conflicting_types, duplicate_names, unknown_policies, unused_messages, unused_policies,
};
use crate::messages::{Locale, Locales};
use crate::model::Form;
use crate::outline::Outline;
use crate::policy::{Policies, Policy};
use crate::source::{self, FormPath, Listing, ReadFault, SourceError, SourceFile};
use crate::suppression::Scope;

/// How a form stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The newest version is served.
    Live,
    /// The newest version has errors; the last good one is served.
    Stale,
    /// It has errors and never had a good version: it is not served.
    Broken,
}

impl State {
    /// The word that the status routes show.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Stale => "stale",
            Self::Broken => "broken",
        }
    }
}

/// One form file and what is served for it.
#[derive(Clone, Debug)]
pub struct FormStatus {
    /// The name it is served under, or would be.
    pub name: String,
    /// The newest version of its file.
    pub source: Arc<SourceFile>,
    /// How it stands.
    pub state: State,
    /// The form that is served.
    pub form: Option<Arc<CompiledForm>>,
    /// What was found in the newest version.
    pub diagnostics: Vec<Diagnostic>,
}

/// All forms at one moment. It never changes.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Counts the snapshots, from 1.
    pub generation: u64,
    /// Every form file by name, those that are not served included.
    pub statuses: Vec<FormStatus>,
    /// The messages of every language.
    pub locales: Locales,
    /// The policies that forms name.
    pub policies: Policies,
    locale_diagnostics: Vec<Diagnostic>,
    policy_diagnostics: Vec<Diagnostic>,
    by_name: FxHashMap<String, Arc<CompiledForm>>,
}

impl Snapshot {
    /// The form that answers to a name or alias.
    #[must_use]
    pub fn form(&self, name: &str) -> Option<&Arc<CompiledForm>> {
        self.by_name.get(name)
    }

    /// How the form that answers to a name stands, or the broken one that would.
    #[must_use]
    pub fn status(&self, name: &str) -> Option<&FormStatus> {
        let served = self.form(name);
        self.statuses.iter().find(|status| match (served, &status.form) {
            (Some(served), Some(form)) => Arc::ptr_eq(served, form),
            (None, None) => status.name == name,
            _ => false,
        })
    }

    /// Every diagnostic of every form, locale and policy.
    pub fn diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        let of_forms = self.statuses.iter().flat_map(|status| &status.diagnostics);
        of_forms.chain(&self.locale_diagnostics).chain(&self.policy_diagnostics)
    }
}

/// What a look at the directory led to.
#[derive(Debug)]
pub struct Reload {
    /// The generation that is served now.
    pub generation: u64,
    /// How many files were compiled.
    pub compiled: usize,
    /// The forms that stand otherwise than before, by name, and how they stand now.
    pub changed: Vec<(String, State)>,
    /// The names that are gone with their files.
    pub removed: Vec<String>,
    /// The languages whose locale changed, came or went.
    pub locales: Vec<String>,
    /// The policies that changed, by name, and how they stand now; nothing where a policy's file is gone.
    pub policies: Vec<(String, Option<State>)>,
    /// Findings in the files that changed.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether a file was not where it was: look again soon, to see whether it is gone.
    pub look_again: bool,
    /// What to watch for the next change.
    pub watch: Watched,
}

/// Where changes can come from.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    /// The directories that hold forms.
    pub directories: BTreeSet<PathBuf>,
    /// The symbolic links that were followed to forms.
    pub links: BTreeSet<PathBuf>,
}

impl Reload {
    /// Whether anything changed at all.
    #[must_use]
    pub fn is_change(&self) -> bool {
        self.compiled > 0
            || !self.changed.is_empty()
            || !self.removed.is_empty()
            || !self.locales.is_empty()
            || !self.policies.is_empty()
    }
}

/// A file as it was last seen.
#[derive(Clone)]
struct File {
    stamp: Option<Stamp>,
    fault: Option<ReadFault>,
    built: Arc<Built>,
    served: Option<Arc<CompiledForm>>,
    /// Whether the last look did not find it. It may have been between being removed and written again, as
    /// `git checkout` does, so it goes only when the next look does not find it either.
    missing: bool,
}

type Files = BTreeMap<FormPath, File>;

/// Everything that was last seen.
#[derive(Default)]
struct Seen {
    files: Files,
    locales: SmallFiles<Locale>,
    policies: SmallFiles<Policy>,
}

/// The forms of one configuration directory.
pub struct Registry {
    configs: PathBuf,
    snapshot: ArcSwap<Snapshot>,
    seen: Mutex<Seen>,
}

impl Registry {
    /// Loads a directory for the first time.
    ///
    /// # Errors
    /// When the directory cannot be read. Faults in forms are in the snapshot's diagnostics.
    pub fn load(configs: &Path, now: SystemTime) -> Result<(Self, Reload), SourceError> {
        let registry = Self {
            configs: configs.to_path_buf(),
            snapshot: ArcSwap::default(),
            seen: Mutex::new(Seen::default()),
        };
        let reload = registry.reload(now)?;
        Ok((registry, reload))
    }

    /// The directory that the forms come from.
    #[must_use]
    pub fn configs(&self) -> &Path {
        &self.configs
    }

    /// The forms as they are now; hold on to it for as long as one request takes.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Looks at the directory, compiles what changed, and swaps the snapshot if anything did.
    ///
    /// # Errors
    /// When the directory cannot be read; everything keeps being served as it was.
    pub fn reload(&self, now: SystemTime) -> Result<Reload, SourceError> {
        // A reload that panicked has not touched the files: they are replaced as a whole.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Listing { forms, locales, policies, directories, links } = source::list(&self.configs)?;
        let before = self.snapshot();
        let compiler = Compiler::new();
        let looked_at: Vec<(FormPath, File, bool)> = forms
            .into_par_iter()
            .filter_map(|path| {
                let (file, changed) = look(&compiler, seen.files.get(&path), &path, now)?;
                Some((path, file, changed))
            })
            .collect();
        let changed: Vec<FormPath> =
            looked_at.iter().filter(|(_, _, changed)| *changed).map(|(path, _, _)| path.clone()).collect();
        let mut next: Files = looked_at.into_iter().map(|(path, file, _)| (path, file)).collect();
        let mut gone = false;
        let (next_locales, locales, locales_missing) = seen.locales.look(&locales);
        let (next_policies, policies, policies_missing) = seen.policies.look(&policies);
        let mut look_again = locales_missing || policies_missing;
        for (path, file) in seen.files.iter().filter(|(path, _)| !next.contains_key(path)).collect::<Vec<_>>()
        {
            if file.missing {
                gone = true;
            } else {
                look_again = true;
                next.insert(path.clone(), File { missing: true, ..file.clone() });
            }
        }
        let watch = Watched { directories, links };
        let is_quiet = changed.is_empty() && !gone && locales.is_empty() && policies.is_empty();
        if is_quiet && before.generation > 0 {
            *seen = Seen { files: next, locales: next_locales, policies: next_policies };
            let generation = before.generation;
            return Ok(Reload {
                generation,
                compiled: 0,
                changed: Vec::new(),
                removed: Vec::new(),
                locales: Vec::new(),
                policies: Vec::new(),
                diagnostics: Vec::new(),
                look_again,
                watch,
            });
        }
        let mut snapshot = resolve(&mut next, &before, &next_policies.faults().collect());
        snapshot.locales = Locales::new(next_locales.served());
        snapshot.locale_diagnostics = next_locales.reported(&unused(&next, &snapshot.locales));
        snapshot.policies = Policies::new(next_policies.served());
        snapshot.policy_diagnostics = next_policies.reported(&unnamed(&next, &snapshot.policies));
        snapshot.keep_policies(&before);
        let snapshot = Arc::new(snapshot);
        let changed_paths: HashSet<&OsStr> = changed.iter().map(|path| path.path.as_os_str()).collect();
        let reload = Reload {
            generation: snapshot.generation,
            compiled: changed.len(),
            changed: snapshot.changed_since(&before, &changed_paths),
            removed: before.missing_in(&snapshot),
            diagnostics: snapshot
                .diagnostics()
                .filter(|found| {
                    let file = &found.primary.file;
                    let own = |found: &Diagnostic, own: &[Diagnostic]| {
                        own.iter().any(|own| std::ptr::eq(own, found))
                    };
                    matches!(found.rule, Rule::DuplicateFormName | Rule::UnknownPolicy)
                        || changed_paths.contains(file.path.as_os_str())
                        || locales.contains(&file.default_name) && own(found, &snapshot.locale_diagnostics)
                        || policies.contains(&file.default_name) && own(found, &snapshot.policy_diagnostics)
                })
                .cloned()
                .collect(),
            locales,
            policies: policies.into_iter().map(|name| (name.clone(), next_policies.state(&name))).collect(),
            look_again,
            watch,
        };
        self.snapshot.store(snapshot);
        *seen = Seen { files: next, locales: next_locales, policies: next_policies };
        Ok(reload)
    }
}

/// Looks at one file: as it was, or built anew. Nothing where it went away between listing and reading.
fn look(compiler: &Compiler, known: Option<&File>, path: &FormPath, now: SystemTime) -> Option<(File, bool)> {
    let stamp = Stamp::of(&path.path);
    if let (Some(known), Some(stamp)) = (known, &stamp)
        && known.stamp.as_ref() == Some(stamp)
        && !stamp.is_racy(now)
    {
        return Some((File { missing: false, ..known.clone() }, false));
    }
    let (source, fault) = source::read(path);
    if stamp.is_none() && fault.is_some() && known.is_none() {
        return None;
    }
    if let Some(known) = known
        && known.built.source.text == source.text
        && known.fault == fault
    {
        return Some((File { stamp, missing: false, ..known.clone() }, false));
    }
    let served = known.and_then(|known| known.served.clone());
    let built = Arc::new(build(compiler, &source, fault.as_ref(), now));
    Some((File { stamp, fault, built, served, missing: false }, true))
}

/// The messages that no form shows in its newest version.
fn unused(files: &Files, locales: &Locales) -> Vec<Diagnostic> {
    let newest = || files.values().filter(|file| !file.missing).map(|file| &file.built);
    let forms: Vec<&Outline> = newest().filter_map(|built| built.outline.as_deref()).collect();
    let broken: Vec<&str> =
        newest().filter(|built| built.outline.is_none()).map(|built| built.name.as_str()).collect();
    unused_messages(&forms, &broken, locales.iter())
}

/// The policies that no form names in its newest version, where all of those can be read.
fn unnamed(files: &Files, policies: &Policies) -> Vec<Diagnostic> {
    let newest = || files.values().filter(|file| !file.missing).map(|file| &file.built);
    if newest().any(|built| built.outline.is_none()) {
        return Vec::new();
    }
    unused_policies(newest().flat_map(|built| &built.policies), policies.iter().map(Arc::as_ref))
}

/// The forms that name policies which there are not, or which cannot be used, with what there is to say of it.
fn without_policies(files: &Files, policies: &KnownPolicies<'_>) -> HashMap<PathBuf, Vec<Diagnostic>> {
    let there = files.iter().filter(|(_, file)| !file.missing);
    let unknown = there.filter_map(|(path, file)| {
        let unknown = unknown_policies(&file.built.source, &file.built.policies, policies);
        (!unknown.is_empty()).then(|| (path.path.clone(), unknown))
    });
    unknown.collect()
}

/// Decides which version of every form is served, and under which names.
fn resolve(files: &mut Files, before: &Snapshot, policies: &KnownPolicies<'_>) -> Snapshot {
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
    let mut clashes: HashMap<PathBuf, Vec<Diagnostic>> = without_policies(files, policies);
    // Who had a name keeps it against newcomers, even while its newest version is broken.
    let candidates: Vec<(&Path, &Arc<CompiledForm>, bool)> = files
        .iter()
        .filter(|(_, file)| !file.missing)
        .filter_map(|(path, file)| {
            let newest = file.built.form.as_ref().filter(|_| !clashes.contains_key(&path.path));
            Some((path.path.as_path(), newest.or(file.served.as_ref())?, newest.is_some()))
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
        let diagnostics = file.built.reported(between, Scope::Directory);
        if has_errors(&diagnostics) || file.missing {
            file.served = file.served.take().filter(|form| snapshot.is_free_for(&form.form));
            if let Some(form) = &file.served {
                snapshot.serve(form);
            }
        }
        if file.missing && file.served.is_none() {
            continue;
        }
        let state = match (&file.served, has_errors(&diagnostics)) {
            (Some(_), false) => State::Live,
            (Some(_), true) => State::Stale,
            (None, _) => State::Broken,
        };
        let name = match &file.served {
            Some(form) => form.name(),
            // Another form has the name that it wants: it goes by its file.
            None if snapshot.by_name.contains_key(&file.built.name) => &file.built.source.default_name,
            None => &file.built.name,
        };
        let (name, source) = (name.to_owned(), Arc::clone(&file.built.source));
        snapshot.statuses.push(FormStatus { name, source, state, form: file.served.clone(), diagnostics });
    }
    snapshot.statuses.sort_by(|a, b| a.name.cmp(&b.name));
    snapshot
}

impl Snapshot {
    /// The status of this very name; they are in the order of their names.
    fn status_named(&self, name: &str) -> Option<&FormStatus> {
        let index = self.statuses.binary_search_by(|status| status.name.as_str().cmp(name)).ok()?;
        self.statuses.get(index)
    }

    /// The forms that stand otherwise than in an earlier snapshot, or whose files are among `paths`.
    fn changed_since(&self, before: &Self, paths: &HashSet<&OsStr>) -> Vec<(String, State)> {
        let same = |status: &&FormStatus| {
            let served = |status: &FormStatus| status.form.as_ref().map(Arc::as_ptr);
            let before = before.status_named(&status.name);
            !paths.contains(status.source.path.as_os_str())
                && before
                    .is_some_and(|before| before.state == status.state && served(before) == served(status))
        };
        let changed = self.statuses.iter().filter(|status| !same(status));
        changed.map(|status| (status.name.clone(), status.state)).collect()
    }

    /// The names that a later snapshot no longer has.
    fn missing_in(&self, later: &Self) -> Vec<String> {
        let missing = self.statuses.iter().filter(|status| later.status_named(&status.name).is_none());
        missing.map(|status| status.name.clone()).collect()
    }

    /// Keeps the last good version of policies that are gone, or broken, while a form is served that names them.
    fn keep_policies(&mut self, before: &Self) {
        let served = self.statuses.iter().filter_map(|status| status.form.as_deref());
        for name in served.flat_map(|form| &form.form.policies) {
            if let Some(policy) = before.policies.get(&name.value) {
                self.policies.add(policy);
            }
        }
    }

    fn is_free_for(&self, form: &Form) -> bool {
        form.names().all(|name| !self.by_name.contains_key(&name.value))
    }

    fn serve(&mut self, form: &Arc<CompiledForm>) {
        for name in form.form.names() {
            self.by_name.insert(name.value.clone(), Arc::clone(form));
        }
    }
}
