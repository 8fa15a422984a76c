//! What was last seen of every form file, and what a look finds to be otherwise.
//!
//! In: the files that a directory lists and what was known of each. Out: [`Changes`], which touch nothing until they
//! are applied. Called by `registry`.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::stamp::Stamp;
use crate::build::{Built, build};
use crate::compile::{CompiledForm, Compiler};
use crate::many::each;
use crate::source::{self, FormPath, ReadFault};

/// A file as it was last seen.
#[derive(Clone)]
pub(super) struct File {
    pub(super) stamp: Option<Stamp>,
    pub(super) fault: Option<ReadFault>,
    pub(super) built: Arc<Built>,
    pub(super) served: Option<Arc<CompiledForm>>,
    /// Whether the last look did not find it. It may have been between being removed and written again, as
    /// `git checkout` does, so it goes only when the next look does not find it either.
    pub(super) missing: bool,
}

/// Every file by its path.
pub(super) type Files = BTreeMap<FormPath, File>;

/// What a look found to be otherwise than before.
#[derive(Default)]
pub(super) struct Changes {
    /// Files that were built anew, and those whose stamp alone is new.
    found: Vec<(FormPath, File)>,
    /// How many of `found` were built anew; these come first.
    built: usize,
    /// Files that are not where they were: for the first time.
    lost: Vec<FormPath>,
    /// Files that were not found once more.
    gone: Vec<FormPath>,
}

impl Changes {
    /// Looks at every listed file, and finds those that are not listed any more.
    pub(super) fn look(known: &Files, listed: &[FormPath], now: SystemTime) -> Self {
        let (gone, lost): (Vec<_>, Vec<_>) =
            not_listed(known, listed).into_iter().partition(|(_, is_missing)| *is_missing);
        let paths = |files: Vec<(FormPath, bool)>| files.into_iter().map(|(path, _)| path).collect();
        Self { lost: paths(lost), gone: paths(gone), ..Self::of(known, listed, now) }
    }

    /// Looks at some files and no others; at many on every core.
    pub(super) fn of(known: &Files, listed: &[FormPath], now: SystemTime) -> Self {
        let compiler = Compiler::new();
        let look_at = |path: &FormPath| {
            let (file, is_built) = look(&compiler, known.get(path), path, now)?;
            Some((path.clone(), file, is_built))
        };
        let looked_at = each(listed, look_at).into_iter().flatten();
        let (built, restamped): (Vec<_>, Vec<_>) = looked_at.partition(|(.., is_built)| *is_built);
        let count = built.len();
        let found = built.into_iter().chain(restamped).map(|(path, file, _)| (path, file)).collect();
        Self { found, built: count, ..Self::default() }
    }

    /// Whether no form has to be looked at again.
    pub(super) fn is_quiet(&self) -> bool {
        self.built == 0 && self.gone.is_empty()
    }

    /// Whether files are as many as before, and where they were.
    pub(super) fn is_within_files(&self) -> bool {
        self.lost.is_empty() && self.gone.is_empty()
    }

    /// Whether a file may be there again soon.
    pub(super) fn has_lost(&self) -> bool {
        !self.lost.is_empty()
    }

    /// The files that were built anew.
    pub(super) fn built(&self) -> &[(FormPath, File)] {
        &self.found[..self.built]
    }

    /// The same, to decide what is served for them.
    pub(super) fn built_mut(&mut self) -> &mut [(FormPath, File)] {
        &mut self.found[..self.built]
    }

    /// The paths of the files that were built anew.
    pub(super) fn paths(&self) -> HashSet<&OsStr> {
        self.built().iter().map(|(path, _)| path.path.as_os_str()).collect()
    }

    /// Makes the files what was found.
    pub(super) fn apply(&self, files: &mut Files) {
        for path in &self.gone {
            files.remove(path);
        }
        for path in &self.lost {
            if let Some(file) = files.get_mut(path) {
                file.missing = true;
            }
        }
        files.extend(self.found.iter().cloned());
    }
}

/// What a file is known as, by its path.
pub(super) fn known_as(files: &Files, path: &Path) -> Option<FormPath> {
    let least = FormPath { path: path.to_path_buf(), default_name: String::new() };
    files.range(least..).next().map(|(known, _)| known).filter(|known| known.path == path).cloned()
}

/// The known files that are not listed, and whether they were not the last time either. Both are sorted.
fn not_listed(known: &Files, listed: &[FormPath]) -> Vec<(FormPath, bool)> {
    let mut listed = listed.iter().peekable();
    let mut is_listed = |path: &FormPath| {
        while listed.next_if(|listed| *listed < path).is_some() {}
        listed.peek() == Some(&path)
    };
    let others = known.iter().filter(|(path, _)| !is_listed(path));
    others.map(|(path, file)| (path.clone(), file.missing)).collect()
}

/// Looks at one file: what is otherwise, and whether it was built anew. Nothing where it is as it was, or went away
/// between listing and reading.
fn look(compiler: &Compiler, known: Option<&File>, path: &FormPath, now: SystemTime) -> Option<(File, bool)> {
    let stamp = Stamp::of(&path.path);
    if let (Some(known), Some(stamp)) = (known, &stamp)
        && known.stamp.as_ref() == Some(stamp)
        && !stamp.is_racy(now)
    {
        return known.missing.then(|| (File { missing: false, ..known.clone() }, false));
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
