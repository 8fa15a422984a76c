//! One look at forms and locales: what there is to say of them.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::SystemTime;

use formwork_engine::build::{build, diagnostics, inspect_all, read_locales, unused_messages};
use formwork_engine::compile::Compiler;
use formwork_engine::diagnostic::Diagnostic;
use formwork_engine::levels::Levels;
use formwork_engine::messages::Locale;
use formwork_engine::render::shown_path;
use formwork_engine::source::{FormPath, Listing, ReadFault, SourceFile};
use formwork_engine::suppression::Scope;

use super::progress::Progress;
use crate::cli::output;

/// What was looked at, and what was found.
pub(super) struct Inspection {
    /// Every finding that is neither silenced nor off.
    pub(super) found: Vec<Diagnostic>,
    /// The path of every form and locale, as reports show it.
    pub(super) files: Vec<String>,
    /// How many forms there are among them.
    pub(super) forms: usize,
    /// Those that are locales.
    locales: HashSet<String>,
}

impl Inspection {
    pub(super) fn of_files(mut listing: Listing, scope: Scope, levels: &Levels) -> Self {
        for file in listing.forms.iter_mut().chain(&mut listing.locales) {
            file.path = output::relative(&file.path);
        }
        let progress = Progress::new(listing.forms.len());
        let built = inspect_all(&Compiler::new(), &listing.forms, SystemTime::now(), || progress.advance());
        drop(progress);
        let locales = read_locales(&listing.locales);
        let mut found = diagnostics(&built, scope);
        // Some of the forms do not show which messages none of them needs.
        let unused = match scope {
            Scope::Directory => unused_messages(&built, &locales.sound()),
            Scope::Files => Vec::new(),
        };
        found.extend(locales.reported(&unused, scope));
        let shown = |path: &FormPath| path.path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
        let locales: HashSet<String> = listing.locales.iter().map(shown).collect();
        let files = listing.forms.iter().chain(&listing.locales).map(shown).collect();
        Self { found: levels.apply(found), files, forms: built.len(), locales }
    }

    pub(super) fn of_text(
        (source, fault): (Arc<SourceFile>, Option<ReadFault>),
        is_locale: bool,
        levels: &Levels,
    ) -> Self {
        let path = shown_path(&source);
        let locales = is_locale.then(|| path.clone()).into_iter().collect();
        let found = findings(&source, fault.as_ref(), is_locale, levels);
        Self { found, files: vec![path], forms: usize::from(!is_locale), locales }
    }

    /// What there is to say of a later version of one of the files, by itself.
    pub(super) fn again(&self, source: &Arc<SourceFile>, levels: &Levels) -> Vec<Diagnostic> {
        findings(source, None, self.locales.contains(&shown_path(source)), levels)
    }
}

fn findings(
    source: &Arc<SourceFile>,
    fault: Option<&ReadFault>,
    is_locale: bool,
    levels: &Levels,
) -> Vec<Diagnostic> {
    levels.apply(if is_locale {
        let (locale, found) = Locale::read(source, fault);
        locale.reported(&found, &[], Scope::Files)
    } else {
        build(&Compiler::new(), source, fault, SystemTime::now()).reported(Vec::new(), Scope::Files)
    })
}
