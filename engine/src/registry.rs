//! All compiled forms of a directory, swapped as one, with the last good version of each.
//!
//! A request takes one [`Snapshot`] and keeps it; [`Registry::reload`] builds the next beside it. What no longer
//! compiles keeps serving as it last did, with the policies that it last had. Called by `watch`, and by the server for every request.

mod amend;
mod files;
mod resolve;
mod small_files;
pub(crate) mod stamp;

use std::collections::{BTreeSet, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use amend::amend;
use arc_swap::ArcSwap;
use files::{Changes, Files, known_as};
use resolve::{misplaced, resolve, unnamed, unused};
use rustc_hash::FxHashMap;
use small_files::SmallFiles;

use crate::compile::CompiledForm;
use crate::diagnostic::{Diagnostic, Rule};
use crate::messages::{Locale, Locales};
use crate::policy::{Policies, Policy};
use crate::source::{self, Listing, SourceError, SourceFile};
use crate::theme::{Template, Theme};

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
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Counts the snapshots, from 1.
    pub generation: u64,
    /// Every form file by name, those that are not served included.
    pub statuses: Vec<FormStatus>,
    /// The messages of every language.
    pub locales: Locales,
    /// The policies that forms name.
    pub policies: Policies,
    /// What authors override of the theme of pages.
    pub theme: Theme,
    template_diagnostics: Vec<Diagnostic>,
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

    /// Every diagnostic of every form, locale, policy and template.
    pub fn diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        let of_forms = self.statuses.iter().flat_map(|status| &status.diagnostics);
        of_forms.chain(self.diagnostics_beside_forms())
    }

    /// Every diagnostic of every locale, policy and template.
    pub fn diagnostics_beside_forms(&self) -> impl Iterator<Item = &Diagnostic> {
        let of_texts = self.locale_diagnostics.iter().chain(&self.policy_diagnostics);
        of_texts.chain(&self.template_diagnostics)
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
    /// The languages whose locale changed, and how it stands now; nothing where its file is gone.
    pub locales: Vec<(String, Option<State>)>,
    /// The policies that changed, by name, and how they stand now; nothing where a policy's file is gone.
    pub policies: Vec<(String, Option<State>)>,
    /// The templates that changed, by name, and how they stand now; nothing where a template's file is gone.
    pub templates: Vec<(String, Option<State>)>,
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
    /// A look that found nothing.
    fn nothing(generation: u64, look_again: bool, watch: Watched) -> Self {
        Self {
            generation,
            compiled: 0,
            changed: Vec::new(),
            removed: Vec::new(),
            locales: Vec::new(),
            policies: Vec::new(),
            templates: Vec::new(),
            diagnostics: Vec::new(),
            look_again,
            watch,
        }
    }

    /// Whether anything changed at all.
    #[must_use]
    pub fn is_change(&self) -> bool {
        self.compiled > 0
            || !self.changed.is_empty()
            || !self.removed.is_empty()
            || !self.locales.is_empty()
            || !self.policies.is_empty()
            || !self.templates.is_empty()
    }
}

/// Everything that was last seen.
#[derive(Default)]
struct Seen {
    files: Files,
    locales: SmallFiles<Locale>,
    policies: SmallFiles<Policy>,
    templates: SmallFiles<Template>,
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
        // A reload that panicked has not touched what was seen: it changes when all is decided.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Listing { forms, locales, policies, templates, directories, links, dangling: _ } =
            source::list(&self.configs)?;
        let before = self.snapshot();
        let mut changes = Changes::look(&seen.files, &forms, now);
        let (next_locales, locales, locales_missing) = seen.locales.look(&locales);
        let (next_policies, policies, policies_missing) = seen.policies.look(&policies);
        let (next_templates, templates, templates_missing) = seen.templates.look(&templates);
        let look_again = changes.has_lost() || locales_missing || policies_missing || templates_missing;
        let watch = Watched { directories, links };
        let only_forms =
            locales.is_empty() && policies.is_empty() && templates.is_empty() && before.generation > 0;
        if only_forms && changes.is_quiet() {
            changes.apply(&mut seen.files);
            (seen.locales, seen.policies) = (next_locales, next_policies);
            seen.templates = next_templates;
            return Ok(Reload::nothing(before.generation, look_again, watch));
        }
        let amended = if only_forms { amend(&before, &seen.files, &mut changes) } else { None };
        let mut resolved = None;
        let snapshot = amended.unwrap_or_else(|| {
            let next = resolved.insert(seen.files.clone());
            changes.apply(next);
            let sound = Policies::new(next_policies.served());
            let widgets = next_templates.newest().map(Template::name).collect();
            let mut snapshot = resolve(next, &before, &next_policies.faults().collect(), &sound, &widgets);
            snapshot.locales = Locales::new(next_locales.served());
            snapshot.locale_diagnostics = next_locales.reported(&unused(next, &snapshot.locales));
            snapshot.policies = sound;
            snapshot.policy_diagnostics = next_policies.reported(&unnamed(next, &snapshot.policies));
            snapshot.theme = Theme::new(next_templates.served());
            snapshot.template_diagnostics =
                next_templates.reported(&misplaced(next, next_templates.newest()));
            snapshot.keep_policies(&before);
            snapshot
        });
        let snapshot = Arc::new(snapshot);
        let changed_paths = changes.paths();
        let reload = Reload {
            generation: snapshot.generation,
            compiled: changed_paths.len(),
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
                        || found.rule.is_about_templates() && !before.says(found)
                        || changed_paths.contains(file.path.as_os_str())
                        || found.secondary.iter().any(|label| policies.contains(&label.file.default_name))
                        || locales.contains(&file.default_name) && own(found, &snapshot.locale_diagnostics)
                        || policies.contains(&file.default_name) && own(found, &snapshot.policy_diagnostics)
                        || templates.contains(&file.default_name)
                            && own(found, &snapshot.template_diagnostics)
                })
                .cloned()
                .collect(),
            locales: next_locales.states(locales),
            policies: next_policies.states(policies),
            templates: next_templates.states(templates),
            look_again,
            watch,
        };
        self.snapshot.store(snapshot);
        match resolved {
            Some(next) => seen.files = next,
            None => changes.apply(&mut seen.files),
        }
        (seen.locales, seen.policies) = (next_locales, next_policies);
        seen.templates = next_templates;
        Ok(reload)
    }
}

impl Registry {
    /// Looks at some forms, by the paths that they are listed under, and at nothing else: who saved one of ten thousand
    /// need not wait until all were looked at.
    ///
    /// Nothing comes of it where they are not all known, or where more than these is to be decided; everything is then
    /// served as it was. Either way it is no [`reload`](Self::reload), which is still to follow.
    pub fn reload_files(&self, paths: &BTreeSet<PathBuf>, now: SystemTime) -> Option<Reload> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let listed: Option<Vec<_>> = paths.iter().map(|path| known_as(&seen.files, path)).collect();
        let mut changes = Changes::of(&seen.files, &listed?, now);
        if changes.is_quiet() {
            return None;
        }
        let before = self.snapshot();
        let snapshot = Arc::new(amend(&before, &seen.files, &mut changes)?);
        let changed_paths = changes.paths();
        let is_changed = |status: &&FormStatus| changed_paths.contains(status.source.path.as_os_str());
        let forms = snapshot.statuses.iter().filter(is_changed);
        let reload = Reload {
            compiled: changed_paths.len(),
            changed: forms.clone().map(|status| (status.name.clone(), status.state)).collect(),
            diagnostics: forms.flat_map(|status| &status.diagnostics).cloned().collect(),
            ..Reload::nothing(snapshot.generation, false, Watched::default())
        };
        self.snapshot.store(snapshot);
        changes.apply(&mut seen.files);
        Some(reload)
    }
}

impl Snapshot {
    /// Each status with the one of the same name in another snapshot: both are in the order of their names.
    fn beside<'s>(
        &'s self,
        other: &'s Self,
    ) -> impl Iterator<Item = (&'s FormStatus, Option<&'s FormStatus>)> {
        let mut others = other.statuses.iter().peekable();
        self.statuses.iter().map(move |status| {
            while others.next_if(|other| other.name < status.name).is_some() {}
            (status, others.peek().copied().filter(|other| other.name == status.name))
        })
    }

    /// Whether the same was found before in the same file, wherever it stood there.
    fn says(&self, found: &Diagnostic) -> bool {
        self.diagnostics().any(|known| {
            known.rule == found.rule
                && known.message == found.message
                && known.primary.file.path == found.primary.file.path
        })
    }

    /// Where the status of this very name is.
    fn index_of(&self, name: &str) -> Option<usize> {
        self.statuses.binary_search_by(|status| status.name.as_str().cmp(name)).ok()
    }

    /// The forms that stand otherwise than in an earlier snapshot, or whose files are among `paths`.
    fn changed_since(&self, before: &Self, paths: &HashSet<&OsStr>) -> Vec<(String, State)> {
        let served = |status: &FormStatus| status.form.as_ref().map(Arc::as_ptr);
        let is_same = |status: &FormStatus, before: Option<&FormStatus>| {
            !paths.contains(status.source.path.as_os_str())
                && before
                    .is_some_and(|before| before.state == status.state && served(before) == served(status))
        };
        let changed = self.beside(before).filter(|(status, before)| !is_same(status, *before));
        changed.map(|(status, _)| (status.name.clone(), status.state)).collect()
    }

    /// The names that a later snapshot no longer has.
    fn missing_in(&self, later: &Self) -> Vec<String> {
        let missing = self.beside(later).filter(|(_, later)| later.is_none());
        missing.map(|(status, _)| status.name.clone()).collect()
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
}
