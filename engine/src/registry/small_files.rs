//! The locale, policy or template files of a directory, with the last good version of each.
//!
//! They are few and small, so each look reads them all and compares their texts.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::State;
use crate::diagnostic::{Diagnostic, Severity, has_errors};
use crate::messages::Locale;
use crate::policy::Policy;
use crate::source::{FormPath, ReadFault, SourceFile, read};
use crate::suppression::Scope;
use crate::theme::Template;

/// What such a file is read into.
pub(super) trait SmallFile: Sized {
    /// Reads a file; what is found comes whether it is silenced or not.
    fn read(source: &Arc<SourceFile>, fault: Option<&ReadFault>) -> (Self, Vec<Diagnostic>);

    /// What there is to say of the file, of everything that was found in it and between it and others.
    fn reported(&self, found: &[Diagnostic], between: &[Diagnostic], scope: Scope) -> Vec<Diagnostic>;
}

impl SmallFile for Locale {
    fn read(source: &Arc<SourceFile>, fault: Option<&ReadFault>) -> (Self, Vec<Diagnostic>) {
        Self::read(source, fault)
    }

    fn reported(&self, found: &[Diagnostic], between: &[Diagnostic], scope: Scope) -> Vec<Diagnostic> {
        self.reported(found, between, scope)
    }
}

impl SmallFile for Policy {
    fn read(source: &Arc<SourceFile>, fault: Option<&ReadFault>) -> (Self, Vec<Diagnostic>) {
        Self::read(source, fault)
    }

    fn reported(&self, found: &[Diagnostic], between: &[Diagnostic], scope: Scope) -> Vec<Diagnostic> {
        self.reported(found, between, scope)
    }
}

impl SmallFile for Template {
    fn read(source: &Arc<SourceFile>, fault: Option<&ReadFault>) -> (Self, Vec<Diagnostic>) {
        Self::read(source, fault)
    }

    fn reported(&self, found: &[Diagnostic], between: &[Diagnostic], _: Scope) -> Vec<Diagnostic> {
        self.reported(found, between)
    }
}

struct Seen<T> {
    source: Arc<SourceFile>,
    fault: Option<ReadFault>,
    newest: Arc<T>,
    served: Option<Arc<T>>,
    diagnostics: Vec<Diagnostic>,
    /// Whether the last look did not find it, or found nothing in it: it may be being written anew.
    missing: bool,
}

impl<T> Seen<T> {
    /// The same with another answer to whether it is missing.
    fn as_missing(&self, missing: bool) -> Self {
        Self {
            source: Arc::clone(&self.source),
            fault: self.fault.clone(),
            newest: Arc::clone(&self.newest),
            served: self.served.clone(),
            diagnostics: self.diagnostics.clone(),
            missing,
        }
    }
}

/// Every such file as it was last seen.
pub(super) struct SmallFiles<T>(BTreeMap<FormPath, Seen<T>>);

impl<T> Default for SmallFiles<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: SmallFile> SmallFiles<T> {
    /// Looks at the files: what they are now, those that changed by their default names, and whether to look again soon.
    pub(super) fn look(&self, paths: &[FormPath]) -> (Self, Vec<String>, bool) {
        let mut next = BTreeMap::new();
        let mut changed = Vec::new();
        let mut look_again = false;
        for path in paths {
            let (source, fault) = read(path);
            let known = self.0.get(path);
            if let Some(known) = known
                && known.source.text == source.text
                && known.fault == fault
            {
                next.insert(path.clone(), known.as_missing(false));
                continue;
            }
            // It may have been emptied only to be written anew.
            if let Some(known) = known
                && source.text.is_empty()
                && !known.missing
            {
                look_again = true;
                next.insert(path.clone(), known.as_missing(true));
                continue;
            }
            changed.push(path.default_name.clone());
            let (newest, diagnostics) = T::read(&source, fault.as_ref());
            let newest = Arc::new(newest);
            let served = if has_errors(&diagnostics) {
                known.and_then(|known| known.served.clone())
            } else {
                Some(Arc::clone(&newest))
            };
            let file = Seen { source, fault, newest, served, diagnostics, missing: false };
            next.insert(path.clone(), file);
        }
        for (path, file) in self.0.iter().filter(|(path, _)| !paths.contains(path)) {
            if file.missing {
                changed.push(path.default_name.clone());
            } else {
                look_again = true;
                next.insert(path.clone(), file.as_missing(true));
            }
        }
        (Self(next), changed, look_again)
    }

    /// The good version of each.
    pub(super) fn served(&self) -> impl Iterator<Item = Arc<T>> {
        self.0.values().filter_map(|file| file.served.clone())
    }

    /// Every file by its default name; of one that never had a good version, what is wrong with it.
    pub(super) fn faults(&self) -> impl Iterator<Item = (&str, Option<&Diagnostic>)> {
        self.0.iter().map(|(path, file)| {
            let mut errors = file.diagnostics.iter().filter(|found| found.severity == Severity::Error);
            (path.default_name.as_str(), errors.next().filter(|_| file.served.is_none()))
        })
    }

    /// The newest version of each.
    pub(super) fn newest(&self) -> impl Iterator<Item = &T> {
        self.0.values().map(|file| &*file.newest)
    }

    /// How the files of these default names stand.
    pub(super) fn states(&self, names: Vec<String>) -> Vec<(String, Option<State>)> {
        let state = |name: String| {
            let state = self.state(&name);
            (name, state)
        };
        names.into_iter().map(state).collect()
    }

    /// How the file of a default name stands; nothing where it is gone.
    fn state(&self, name: &str) -> Option<State> {
        let file = self.0.iter().find(|(path, _)| path.default_name == name).map(|(_, file)| file)?;
        Some(match (&file.served, has_errors(&file.diagnostics)) {
            (_, false) => State::Live,
            (Some(_), true) => State::Stale,
            (None, true) => State::Broken,
        })
    }

    /// What is wrong with them that is not silenced, with what was found `between` them and forms.
    pub(super) fn reported(&self, between: &[Diagnostic]) -> Vec<Diagnostic> {
        let of = |file: &Seen<T>| file.newest.reported(&file.diagnostics, between, Scope::Directory);
        self.0.values().flat_map(of).collect()
    }
}
