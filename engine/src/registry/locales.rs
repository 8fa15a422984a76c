//! The locale files of a directory, with the last good version of each.
//!
//! They are few and small, so each look reads them all and compares their texts.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, has_errors};
use crate::messages::{Locale, Locales};
use crate::source::{FormPath, ReadFault, SourceFile, read};
use crate::suppression::Scope;

#[derive(Clone)]
struct LocaleFile {
    source: Arc<SourceFile>,
    fault: Option<ReadFault>,
    newest: Arc<Locale>,
    served: Option<Arc<Locale>>,
    diagnostics: Vec<Diagnostic>,
    /// Whether the last look did not find it, or found nothing in it: it may be being written anew.
    missing: bool,
}

/// Every locale file as it was last seen.
#[derive(Default)]
pub(super) struct LocaleFiles(BTreeMap<FormPath, LocaleFile>);

impl LocaleFiles {
    /// Looks at the files: what they are now, the languages that changed, and whether to look again soon.
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
                next.insert(path.clone(), LocaleFile { missing: false, ..known.clone() });
                continue;
            }
            // It may have been emptied only to be written anew.
            if let Some(known) = known
                && source.text.is_empty()
                && !known.missing
            {
                look_again = true;
                next.insert(path.clone(), LocaleFile { missing: true, ..known.clone() });
                continue;
            }
            changed.push(path.default_name.clone());
            let (newest, diagnostics) = Locale::read(&source, fault.as_ref());
            let newest = Arc::new(newest);
            let served = if has_errors(&diagnostics) {
                known.and_then(|known| known.served.clone())
            } else {
                Some(Arc::clone(&newest))
            };
            let file = LocaleFile { source, fault, newest, served, diagnostics, missing: false };
            next.insert(path.clone(), file);
        }
        for (path, file) in self.0.iter().filter(|(path, _)| !paths.contains(path)) {
            if file.missing {
                changed.push(path.default_name.clone());
            } else {
                look_again = true;
                next.insert(path.clone(), LocaleFile { missing: true, ..file.clone() });
            }
        }
        (Self(next), changed, look_again)
    }

    /// The good version of each.
    pub(super) fn served(&self) -> Locales {
        Locales::new(self.0.values().filter_map(|file| file.served.clone()))
    }

    /// What is wrong with them that is not silenced, with what was found `between` them and forms.
    pub(super) fn reported(&self, between: &[Diagnostic]) -> Vec<Diagnostic> {
        let of = |file: &LocaleFile| file.newest.reported(&file.diagnostics, between, Scope::Directory);
        self.0.values().flat_map(of).collect()
    }
}
