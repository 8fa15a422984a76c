//! Forms to ask questions of: those of the repository, those of the case files, and some written in a test.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use formwork_engine::build::{Built, build, build_all};
use formwork_engine::compile::{CompiledForm, Compiler};
use formwork_engine::diagnostic::has_errors;
use formwork_engine::messages::{self, Languages, Locales};
use formwork_engine::model::{Field, Role};
use formwork_engine::render::{Format, render};
use formwork_engine::source::{SourceFile, list};
use formwork_engine::submission::{Accepted, Circumstances, Refusal, Submitted, Violation, submit};
use serde_json::{Map, Value};

use crate::case_file::{CaseFile, now, paths};

/// A path from the root of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(path)
}

/// Every form of `configs/`, built.
pub(crate) fn configured() -> Vec<Built> {
    let listing = list(&repository("configs")).unwrap();
    assert!(!listing.forms.is_empty());
    build_all(&Compiler::new(), &listing.forms, now())
}

/// Every recipe of the documentation, built.
pub(crate) fn recipes() -> Vec<Built> {
    let listing = list(&repository("docs/recipes")).unwrap();
    assert!(listing.forms.len() >= 8);
    build_all(&Compiler::new(), &listing.forms, now())
}

/// Every case file of `submit/` with its form.
pub(crate) fn cases() -> Vec<(CaseFile, Arc<CompiledForm>)> {
    let compiler = Compiler::new();
    paths("submit")
        .iter()
        .map(|path| {
            let case = CaseFile::read(path);
            let form = case.compile(&compiler);
            (case, form)
        })
        .collect()
}

/// Every form there is, by a name for messages.
pub(crate) fn all() -> Vec<(String, Arc<CompiledForm>)> {
    let configured = configured()
        .into_iter()
        .map(|built| (built.name, built.form.expect("it compiles, as another test says")));
    let recipes = recipes().into_iter().map(|built| (built.name, built.form.expect("a recipe compiles")));
    configured
        .chain(recipes)
        .chain(cases().into_iter().map(|(case, form)| (case.description, form)))
        .collect()
}

/// Builds a form from its text.
pub(crate) fn built(text: &str) -> Built {
    let source = SourceFile::new(PathBuf::from("form.toml"), "form".to_owned(), text.to_owned());
    build(&Compiler::new(), &Arc::new(source), None, now())
}

/// Compiles a form of the resource `User` that must have no errors.
pub(crate) fn user_form(rest: &str) -> Arc<CompiledForm> {
    let built = built(&format!("resource = \"User\"\n{rest}"));
    let text = render(&built.diagnostics, Format::Text { colour: false });
    assert!(!has_errors(&built.diagnostics), "{text}");
    built.form.unwrap()
}

/// Submits a JSON object.
pub(crate) fn submitted(form: &CompiledForm, value: &Value) -> Result<Accepted, Vec<Violation>> {
    let values = Submitted::new(value.as_object().unwrap().clone());
    submit(form, values, &Circumstances::at(now())).map_err(|refusal| match refusal {
        Refusal::Violations(violations) => violations,
        Refusal::Payload(fault) => panic!("{fault}"),
    })
}

/// The codes of a refusal by dotted path; nothing if the form accepts.
pub(crate) fn codes(form: &CompiledForm, value: &Value) -> Vec<(String, &'static str)> {
    let violations = submitted(form, value).err().unwrap_or_default();
    violations.iter().map(|found| (found.dotted_path(), found.code)).collect()
}

/// The messages of a refusal.
pub(crate) fn texts(form: &CompiledForm, value: &Value) -> Vec<String> {
    let violations = submitted(form, value).err().unwrap_or_default();
    violations.iter().map(|found| text(form, found)).collect()
}

/// What a client who reads English is told.
pub(crate) fn text(form: &CompiledForm, violation: &Violation) -> String {
    messages::text(form, &Locales::default(), &Languages::default(), violation)
}

/// Every field that holds a single value, with its path.
pub(crate) fn single_values(form: &CompiledForm) -> Vec<(Vec<String>, &Field)> {
    let mut found = Vec::new();
    collect(&form.form.fields, &[], &mut found);
    found
}

fn collect<'a>(fields: &'a [Field], base: &[String], found: &mut Vec<(Vec<String>, &'a Field)>) {
    for field in fields {
        let path = [base, std::slice::from_ref(&field.name.value)].concat();
        if field.ty.json_type() == "object" {
            collect(field.fields(), &path, found);
        } else {
            found.push((path, field));
        }
    }
}

/// Whether all that a request says is stored under the same name.
pub(crate) fn stores_everything(form: &CompiledForm) -> bool {
    single_values(form).iter().all(|(_, field)| !field.virtual_field && field.role == Role::Attribute)
}

/// Puts a value at a path, making objects on the way.
pub(crate) fn put(form: &mut Map<String, Value>, path: &[String], value: Value) {
    let [first, rest @ ..] = path else { return };
    if rest.is_empty() {
        form.insert(first.clone(), value);
        return;
    }
    let inner = form.entry(first.clone()).or_insert_with(|| Value::Object(Map::new()));
    if let Some(inner) = inner.as_object_mut() {
        put(inner, rest, value);
    }
}
