//! One look at forms, locales, policies and templates: what there is to say of them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use formwork_engine::build::{
    Built, build, diagnostics_with, inspect_all, misplaced_templates, read_locales, read_policies,
    read_templates, unknown_policies, unknown_widgets, unused_messages, unused_policies,
};
use formwork_engine::compile::Compiler;
use formwork_engine::diagnostic::Diagnostic;
use formwork_engine::levels::Levels;
use formwork_engine::messages::Locale;
use formwork_engine::policy::Policy;
use formwork_engine::render::shown_path;
use formwork_engine::source::{self, FileKind, FormPath, Listing, ReadFault, SourceFile};
use formwork_engine::suppression::Scope;
use formwork_engine::theme::Template;

use super::super::progress::Progress;
use crate::cli::output;

/// What was looked at, and what was found.
pub(super) struct Inspection {
    /// Every finding that is neither silenced nor off.
    pub(super) found: Vec<Diagnostic>,
    /// How many forms there are among them.
    pub(super) forms: usize,
    /// What is there and could not be read.
    pub(super) unread: Vec<PathBuf>,
    /// Every form, locale, policy and template.
    paths: Vec<FormPath>,
    /// What the others are.
    kinds: HashMap<String, FileKind>,
}

impl Inspection {
    pub(super) fn of_files(
        mut listing: Listing,
        scope: Scope,
        configs: &Path,
        levels: &Levels,
    ) -> anyhow::Result<Self> {
        let others = listing.locales.iter_mut().chain(&mut listing.policies).chain(&mut listing.templates);
        let files = listing.forms.iter_mut().chain(others);
        output::make_relative(files.map(|file| &mut file.path));
        let progress = Progress::new(listing.forms.len());
        // The process ends with the report, which is sooner than ten thousand forms are taken apart.
        let compiler = Box::leak(Box::new(Compiler::new()));
        let built = inspect_all(compiler, &listing.forms, SystemTime::now(), || progress.advance()).leak();
        let built = &*built;
        drop(progress);
        let locales = read_locales(&listing.locales);
        let policies = read_policies(&listing.policies);
        let templates = read_templates(&listing.templates);
        // Some of the forms do not show which messages, policies and templates none of them needs.
        let (unknown, messages, unnamed, misplaced) = match scope {
            Scope::Directory => (
                unknown_policies(built, &policies)
                    .into_iter()
                    .chain(unknown_widgets(built, &templates))
                    .collect(),
                unused_messages(built, &locales.sound()),
                unused_policies(built, &policies),
                misplaced_templates(built, &templates),
            ),
            Scope::Files => (unknown_in(configs, built)?, Vec::new(), Vec::new(), Vec::new()),
        };
        let mut found = diagnostics_with(built, unknown, scope);
        found.extend(locales.reported(&messages, scope));
        found.extend(policies.reported(&unnamed, scope));
        found.extend(templates.reported(&misplaced));
        let refused = built.iter().filter(|built| built.unreadable).map(|built| built.source.path.clone());
        let unread = listing.dangling.iter().map(|path| output::relative(path)).chain(refused).collect();
        let others = [
            (FileKind::Locale, &listing.locales),
            (FileKind::Policy, &listing.policies),
            (FileKind::Template, &listing.templates),
        ];
        let kinds: HashMap<String, FileKind> =
            others.iter().flat_map(|(kind, files)| files.iter().map(|file| (shown(file), *kind))).collect();
        let mut paths = listing.forms;
        for mut others in [listing.locales, listing.policies, listing.templates] {
            paths.append(&mut others);
        }
        Ok(Self { found: levels.apply(found), forms: built.len(), unread, paths, kinds })
    }

    pub(super) fn of_text(
        (source, fault): (Arc<SourceFile>, Option<ReadFault>),
        kind: Option<FileKind>,
        configs: &Path,
        levels: &Levels,
    ) -> anyhow::Result<Self> {
        let path = FormPath { path: source.path.clone(), default_name: source.default_name.clone() };
        let (forms, kinds) = match kind {
            None | Some(FileKind::Form) => (1, HashMap::new()),
            Some(kind) => (0, HashMap::from([(shown(&path), kind)])),
        };
        let mut inspection = Self { found: Vec::new(), forms, unread: Vec::new(), paths: vec![path], kinds };
        inspection.found = if forms == 1 {
            let built = [build(&Compiler::new(), &source, fault.as_ref(), SystemTime::now())];
            levels.apply(diagnostics_with(&built, unknown_in(configs, &built)?, Scope::Files))
        } else {
            inspection.findings(&source, fault.as_ref(), levels)
        };
        Ok(inspection)
    }

    /// The path of everything that was looked at, as reports show it.
    pub(super) fn files(&self) -> Vec<String> {
        self.paths.iter().map(shown).collect()
    }

    /// What there is to say of a later version of one of the files, by itself.
    pub(super) fn again(&self, source: &Arc<SourceFile>, levels: &Levels) -> Vec<Diagnostic> {
        self.findings(source, None, levels)
    }

    fn findings(
        &self,
        source: &Arc<SourceFile>,
        fault: Option<&ReadFault>,
        levels: &Levels,
    ) -> Vec<Diagnostic> {
        levels.apply(match self.kinds.get(&shown_path(source)) {
            Some(FileKind::Locale) => {
                let (locale, found) = Locale::read(source, fault);
                locale.reported(&found, &[], Scope::Files)
            }
            Some(FileKind::Policy) => {
                let (policy, found) = Policy::read(source, fault);
                policy.reported(&found, &[], Scope::Files)
            }
            Some(FileKind::Template) => Template::read(source, fault).1,
            Some(FileKind::Form) | None => {
                build(&Compiler::new(), source, fault, SystemTime::now()).reported(Vec::new(), Scope::Files)
            }
        })
    }
}

/// The policies and widgets that there are not, of the forms that are in the configuration directory: of others it is not
/// known which policies and templates are theirs.
fn unknown_in(configs: &Path, built: &[Built]) -> anyhow::Result<Vec<Diagnostic>> {
    let is_there = |built: &&Built| source::place(configs, &built.source.path).1 == Some(FileKind::Form);
    let built: Vec<&Built> = built.iter().filter(is_there).collect();
    let listed = |kind| -> anyhow::Result<Vec<FormPath>> {
        let mut files = source::list_only(configs, kind)?;
        output::make_relative(files.iter_mut().map(|file| &mut file.path));
        Ok(files)
    };
    let mut found = Vec::new();
    if built.iter().any(|built| !built.policies.is_empty()) {
        let policies = read_policies(&listed(FileKind::Policy)?);
        found.extend(unknown_policies(built.iter().copied(), &policies));
    }
    if built.iter().any(|built| !built.widgets.is_empty()) {
        let templates = read_templates(&listed(FileKind::Template)?);
        found.extend(unknown_widgets(built.iter().copied(), &templates));
    }
    Ok(found)
}

fn shown(path: &FormPath) -> String {
    path.path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}
