//! A form file through every step: the one loader, which `lint`, `serve` and every other command call.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use rayon::prelude::*;

use crate::compile::{CompiledForm, Compiler};
use crate::diagnostic::{Diagnostic, Rule, has_errors};
use crate::messages::{Locale, Locales};
use crate::model::Form;
use crate::source::{FormPath, ReadFault, SourceFile, read};
use crate::{lint, lower, syntax};

/// What became of one file.
#[derive(Debug)]
pub struct Built {
    /// The file as it was read.
    pub source: Arc<SourceFile>,
    /// The name that the form has, or would have.
    pub name: String,
    /// The form; nothing where any diagnostic is an error.
    pub form: Option<Arc<CompiledForm>>,
    /// Everything that was found, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// Takes one file through every step; its examples are judged as of `now` unless they say when.
#[must_use]
pub fn build(
    compiler: &Compiler,
    source: &Arc<SourceFile>,
    fault: Option<&ReadFault>,
    now: SystemTime,
) -> Built {
    if let Some(fault) = fault {
        let diagnostics = vec![syntax::read_fault(source, fault)];
        return Built {
            source: Arc::clone(source),
            name: source.default_name.clone(),
            form: None,
            diagnostics,
        };
    }
    let (table, mut diagnostics) = syntax::parse(source);
    let (form, found) = lower::lower(source, &table);
    let name = form.name.value.clone();
    if has_errors(&diagnostics) {
        // After a syntax error a key may only seem absent or unknown.
        return Built { source: Arc::clone(source), name, form: None, diagnostics };
    }
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
    let ready = form.filter(|_| !has_errors(&diagnostics)).map(Arc::new);
    diagnostics.sort_by_key(|diagnostic| diagnostic.primary.span.start);
    Built { source: Arc::clone(source), name, form: ready, diagnostics }
}

/// Reads and builds many files on every core; the order is that of the paths.
#[must_use]
pub fn build_all(compiler: &Compiler, paths: &[FormPath], now: SystemTime) -> Vec<Built> {
    paths
        .par_iter()
        .map(|path| {
            let (source, fault) = read(path);
            build(compiler, &source, fault.as_ref(), now)
        })
        .collect()
}

/// Every diagnostic of many files, those between files included, file by file.
#[must_use]
pub fn diagnostics(built: &[Built]) -> Vec<Diagnostic> {
    let forms: Vec<&Form> =
        built.iter().filter_map(|built| built.form.as_deref()).map(|compiled| &compiled.form).collect();
    let duplicates = lint::duplicate_names(&forms, |_, _| false);
    let between =
        duplicates.into_iter().chain(lint::conflicting_types(&forms)).map(|(_, diagnostic)| diagnostic);
    built.iter().flat_map(|built| built.diagnostics.iter().cloned()).chain(between).collect()
}

/// The messages of locales that no form ever shows; `built` has to be every form of the directory.
#[must_use]
pub fn unused_messages(built: &[Built], locales: &Locales) -> Vec<Diagnostic> {
    let forms: Vec<&CompiledForm> = built.iter().filter_map(|built| built.form.as_deref()).collect();
    let broken = built.iter().filter(|built| built.form.is_none());
    let broken: Vec<&str> = broken.map(|built| built.name.as_str()).collect();
    lint::unused_messages(&forms, &broken, locales.iter())
}

/// Reads every locale file; what is wrong with them, file by file.
#[must_use]
pub fn build_locales(paths: &[FormPath]) -> (Locales, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
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
        if !has_errors(&found) {
            locales.push(Arc::new(locale));
        }
        diagnostics.extend(found);
    }
    (Locales::new(locales), diagnostics)
}
