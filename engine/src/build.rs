//! A form file through every step: the one loader, which `lint`, `serve` and every other command call.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use crate::compile::{CompiledForm, Compiler};
use crate::diagnostic::{Diagnostic, Rule, Severity, has_errors};
use crate::lint::KnownPolicies;
use crate::messages::{Locale, Locales};
use crate::model::Spanned;
use crate::outline::Outline;
use crate::policy::{Policies, Policy};
use crate::presentation::{Widget, widgets};
use crate::source::{FormPath, ReadFault, SourceFile, read};
use crate::suppression::{Scope, Suppressions};
use crate::theme::Template;
use crate::{lint, lower, many, syntax};

/// What became of one file.
#[derive(Debug)]
pub struct Built {
    /// The file as it was read.
    pub source: Arc<SourceFile>,
    /// Whether the operating system refused to give the file.
    pub unreadable: bool,
    /// The name that the form has, or would have.
    pub name: String,
    /// The policies that the form names, as far as it can be read.
    pub policies: Vec<Spanned<String>>,
    /// The form; nothing where any diagnostic is an error.
    pub form: Option<Arc<CompiledForm>>,
    /// What others have to know of the form; there where the form is, and kept by those who need no more of it.
    pub outline: Option<Arc<Outline>>,
    /// The widgets that it names and that can only be templates.
    pub widgets: Vec<Widget>,
    /// Everything that was found, in the order of the text, whether it is silenced or not.
    pub diagnostics: Vec<Diagnostic>,
    /// What the file silences.
    pub suppressions: Suppressions,
}

impl Built {
    fn new(
        source: &Arc<SourceFile>,
        name: String,
        diagnostics: Vec<Diagnostic>,
        suppressions: Suppressions,
    ) -> Self {
        Self {
            source: Arc::clone(source),
            unreadable: false,
            name,
            policies: Vec::new(),
            form: None,
            outline: None,
            widgets: Vec::new(),
            diagnostics,
            suppressions,
        }
    }

    /// Takes the form, unless there is an error.
    fn accept(&mut self, form: Option<Arc<CompiledForm>>) {
        self.form = form.filter(|_| !has_errors(&self.diagnostics));
        self.outline = self.form.as_ref().map(|form| Arc::clone(&form.outline));
        self.widgets = self.form.as_ref().map(|form| widgets(&form.form)).unwrap_or_default();
    }

    /// What there is to say of the file, with what was found `between` it and others.
    #[must_use]
    pub fn reported(&self, between: Vec<Diagnostic>, scope: Scope) -> Vec<Diagnostic> {
        let mut found: Vec<Diagnostic> = self.diagnostics.iter().cloned().chain(between).collect();
        found.sort_by_key(|found| found.primary.span.start);
        self.suppressions.apply(found, scope)
    }
}

/// Takes one file through every step; its examples are judged as of `now` unless they say when.
#[must_use]
pub fn build(
    compiler: &Compiler,
    source: &Arc<SourceFile>,
    fault: Option<&ReadFault>,
    now: SystemTime,
) -> Built {
    let mut built = build_untested(compiler, source, fault, now);
    if let Some(form) = &built.form {
        built.diagnostics.extend(lint::check_examples(form, now));
        built.diagnostics.sort_by_key(|diagnostic| diagnostic.primary.span.start);
        let form = built.form.take();
        built.accept(form);
    }
    built
}

/// Takes one file through every step but its examples: for those who want to see them fail.
#[must_use]
pub fn build_untested(
    compiler: &Compiler,
    source: &Arc<SourceFile>,
    fault: Option<&ReadFault>,
    now: SystemTime,
) -> Built {
    if let Some(fault) = fault {
        let diagnostics = vec![syntax::read_fault(source, fault)];
        let name = source.default_name.clone();
        let built = Built::new(source, name, diagnostics, Suppressions::default());
        return Built { unreadable: matches!(fault, ReadFault::Io(_)), ..built };
    }
    let (table, mut diagnostics) = syntax::parse(source);
    let (form, found) = lower::lower(source, &table);
    let (name, policies) = (form.name.value.clone(), form.policies.clone());
    if has_errors(&diagnostics) {
        // After a syntax error a key may only seem absent or unknown.
        return Built::new(source, name, diagnostics, Suppressions::default());
    }
    diagnostics.extend(found);
    let (suppressions, found) = Suppressions::read(source);
    diagnostics.extend(found);
    diagnostics.extend(lint::check_form(&form));
    // Patterns and templates are looked at whatever else is wrong, so that one run finds it all; defaults and
    // examples are not, since a form that was read in part would refuse what the whole accepts.
    let (form, found) = compiler.compile(form);
    diagnostics.extend(found);
    let form = form.filter(|_| !has_errors(&diagnostics));
    if let Some(form) = &form {
        diagnostics.extend(lint::check_compiled(compiler, form, now));
    }
    diagnostics.sort_by_key(|diagnostic| diagnostic.primary.span.start);
    let mut built = Built { policies, ..Built::new(source, name, diagnostics, suppressions) };
    built.accept(form.map(Arc::new));
    if built.form.is_none() {
        // First it has to work.
        built.diagnostics.retain(|found| found.rule != Rule::UntestedForm);
    }
    built
}

/// Reads and builds many files on every core; the order is that of the paths.
#[must_use]
pub fn build_all(compiler: &Compiler, paths: &[FormPath], now: SystemTime) -> Vec<Built> {
    each(paths, |source, fault| build(compiler, source, fault, now))
}

/// The same for every step but the examples.
#[must_use]
pub fn build_all_untested(compiler: &Compiler, paths: &[FormPath], now: SystemTime) -> Vec<Built> {
    each(paths, |source, fault| build_untested(compiler, source, fault, now))
}

fn each(
    paths: &[FormPath],
    build: impl Fn(&Arc<SourceFile>, Option<&ReadFault>) -> Built + Sync,
) -> Vec<Built> {
    many::each(paths, |path| {
        let (source, fault) = read(path);
        build(&source, fault.as_ref())
    })
}

/// Like [`build_all`] for those who want the diagnostics alone: no form is kept. Calls `done` after each.
pub fn inspect_all(
    compiler: &Compiler,
    paths: &[FormPath],
    now: SystemTime,
    done: impl Fn() + Sync,
) -> Vec<Built> {
    each(paths, |source, fault| {
        let built = build(compiler, source, fault, now);
        done();
        Built { form: None, ..built }
    })
}

/// Every diagnostic of many files that is not silenced, those between files included, file by file.
#[must_use]
pub fn diagnostics(built: &[Built], scope: Scope) -> Vec<Diagnostic> {
    diagnostics_with(built, Vec::new(), scope)
}

/// The same with what was found `between` these files and others, such as [`unknown_policies`].
#[must_use]
pub fn diagnostics_with(built: &[Built], found: Vec<Diagnostic>, scope: Scope) -> Vec<Diagnostic> {
    let forms: Vec<&Outline> = built.iter().filter_map(|built| built.outline.as_deref()).collect();
    let duplicates = lint::duplicate_names(&forms, |_, _| false);
    let mut between: HashMap<*const SourceFile, Vec<Diagnostic>> = HashMap::new();
    let between_forms = duplicates.into_iter().chain(lint::conflicting_types(&forms)).map(|(_, found)| found);
    for found in between_forms.chain(found) {
        between.entry(Arc::as_ptr(&found.primary.file)).or_default().push(found);
    }
    let mut others = |built: &Built| between.remove(&Arc::as_ptr(&built.source)).unwrap_or_default();
    built.iter().flat_map(|built| built.reported(others(built), scope)).collect()
}

/// The messages of locales that no form ever shows; `built` has to be every form of the directory.
#[must_use]
pub fn unused_messages(built: &[Built], locales: &Locales) -> Vec<Diagnostic> {
    let forms: Vec<&Outline> = built.iter().filter_map(|built| built.outline.as_deref()).collect();
    let broken = built.iter().filter(|built| built.outline.is_none());
    let broken: Vec<&str> = broken.map(|built| built.name.as_str()).collect();
    lint::unused_messages(&forms, &broken, locales.iter())
}

/// The policies that forms name and that there are not, or that cannot be used, or that ask for what is secret.
#[must_use]
pub fn unknown_policies<'b>(
    built: impl IntoIterator<Item = &'b Built>,
    policies: &ReadPolicies,
) -> Vec<Diagnostic> {
    let known = policies.known();
    let sound = policies.sound();
    let unfit = |built: &Built| {
        let mut found = lint::unknown_policies(&built.source, &built.policies, &known);
        let outline = built.outline.iter();
        found.extend(outline.flat_map(|form| lint::secrets_in_policies(form, &built.policies, &sound)));
        found
    };
    built.into_iter().flat_map(unfit).collect()
}

/// The policies that no form names; `built` has to be every form of the directory. A form that does not compile may name
/// any.
#[must_use]
pub fn unused_policies(built: &[Built], policies: &ReadPolicies) -> Vec<Diagnostic> {
    if built.iter().any(|built| built.outline.is_none()) {
        return Vec::new();
    }
    let sound = policies.0.iter().filter(|(_, found)| !has_errors(found));
    let named = built.iter().flat_map(|built| &built.policies);
    lint::unused_policies(named, sound.map(|(policy, _)| policy.as_ref()))
}

/// The policy files of a directory.
#[derive(Debug, Default)]
pub struct ReadPolicies(Vec<(Arc<Policy>, Vec<Diagnostic>)>);

impl ReadPolicies {
    /// Each file with what was found in it.
    pub fn new(read: impl IntoIterator<Item = (Policy, Vec<Diagnostic>)>) -> Self {
        Self(read.into_iter().map(|(policy, found)| (Arc::new(policy), found)).collect())
    }

    /// Those without errors.
    #[must_use]
    pub fn sound(&self) -> Policies {
        let sound = self.0.iter().filter(|(_, found)| !has_errors(found));
        Policies::new(sound.map(|(policy, _)| Arc::clone(policy)))
    }

    /// What was found that is not silenced, file by file, with what was found `between` policies and forms.
    #[must_use]
    pub fn reported(&self, between: &[Diagnostic], scope: Scope) -> Vec<Diagnostic> {
        let of = |(policy, found): &(Arc<Policy>, Vec<Diagnostic>)| policy.reported(found, between, scope);
        self.0.iter().flat_map(of).collect()
    }

    fn known(&self) -> KnownPolicies<'_> {
        let fault = |found: &Diagnostic| found.severity == Severity::Error;
        let known =
            self.0.iter().map(|(policy, found)| (policy.name(), found.iter().find(|found| fault(found))));
        known.collect()
    }
}

/// Reads every policy file.
#[must_use]
pub fn read_policies(paths: &[FormPath]) -> ReadPolicies {
    ReadPolicies::new(paths.iter().map(|path| {
        let (source, fault) = read(path);
        Policy::read(&source, fault.as_ref())
    }))
}

/// The widgets that forms name and that neither formwork nor any template has.
#[must_use]
pub fn unknown_widgets<'b>(
    built: impl IntoIterator<Item = &'b Built>,
    templates: &ReadTemplates,
) -> Vec<Diagnostic> {
    let names = templates.0.iter().map(|(template, _)| template.name()).collect();
    let unknown = |built: &Built| lint::unknown_widgets(&built.source, &built.widgets, &names);
    built.into_iter().flat_map(unknown).collect()
}

/// What templates and forms do not have in common; `built` has to be every form of the directory. A form that does not
/// compile may ask for anything.
#[must_use]
pub fn misplaced_templates(built: &[Built], templates: &ReadTemplates) -> Vec<Diagnostic> {
    misplaced(built.iter(), &templates.0.iter().map(|(template, _)| template).collect::<Vec<_>>())
}

/// The same of forms and templates wherever they are kept.
pub(crate) fn misplaced<'b>(
    built: impl Iterator<Item = &'b Built> + Clone,
    templates: &[&Template],
) -> Vec<Diagnostic> {
    if templates.is_empty() {
        return Vec::new();
    }
    let forms: Vec<&Outline> = built.clone().filter_map(|built| built.outline.as_deref()).collect();
    let mut found = lint::unfit_templates(&forms, templates);
    if built.clone().all(|built| built.outline.is_some()) {
        let widgets = built.flat_map(|built| &built.widgets).map(|widget| widget.name.value.as_str());
        found.extend(lint::unused_templates(&forms, &widgets.collect(), templates));
    }
    found
}

/// The template files of a directory.
#[derive(Debug, Default)]
pub struct ReadTemplates(Vec<(Template, Vec<Diagnostic>)>);

impl ReadTemplates {
    /// Each file with what was found in it.
    pub fn new(read: impl IntoIterator<Item = (Template, Vec<Diagnostic>)>) -> Self {
        Self(read.into_iter().collect())
    }

    /// What was found, file by file, with what was found `between` templates and forms.
    #[must_use]
    pub fn reported(&self, between: &[Diagnostic]) -> Vec<Diagnostic> {
        self.0.iter().flat_map(|(template, found)| template.reported(found, between)).collect()
    }
}

/// Reads every template file.
#[must_use]
pub fn read_templates(paths: &[FormPath]) -> ReadTemplates {
    ReadTemplates::new(paths.iter().map(|path| {
        let (source, fault) = read(path);
        Template::read(&source, fault.as_ref())
    }))
}

/// The locale files of a directory, as far as they can be used.
#[derive(Debug, Default)]
pub struct ReadLocales(Vec<(Arc<Locale>, Vec<Diagnostic>)>);

impl ReadLocales {
    /// Those without errors.
    #[must_use]
    pub fn sound(&self) -> Locales {
        let sound = self.0.iter().filter(|(_, found)| !has_errors(found));
        Locales::new(sound.map(|(locale, _)| Arc::clone(locale)))
    }

    /// What was found that is not silenced, file by file, with what was found `between` locales and forms.
    #[must_use]
    pub fn reported(&self, between: &[Diagnostic], scope: Scope) -> Vec<Diagnostic> {
        let of = |(locale, found): &(Arc<Locale>, Vec<Diagnostic>)| locale.reported(found, between, scope);
        self.0.iter().flat_map(of).collect()
    }
}

/// Reads every locale file.
#[must_use]
pub fn read_locales(paths: &[FormPath]) -> ReadLocales {
    let mut locales = Vec::new();
    let mut seen: HashMap<String, Arc<SourceFile>> = HashMap::new();
    for path in paths {
        let (source, fault) = read(path);
        let (locale, mut found) = Locale::read(&source, fault.as_ref());
        // Tags are the same without regard to case (RFC 5646, 2.1.1), file names are not.
        if let Some(first) = seen.get(&locale.tag) {
            let message = format!("`{}` names a language that has a file", source.default_name);
            let again = Diagnostic::new(Rule::InvalidLocale, &source, 0..0, message);
            found.push(
                again.also(first, 0..0, "this one").help("put all messages of a language into one file"),
            );
        } else {
            seen.insert(locale.tag.clone(), Arc::clone(&source));
        }
        locales.push((Arc::new(locale), found));
    }
    ReadLocales(locales)
}
