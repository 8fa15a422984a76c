//! Case files: an author can add one without code.
//!
//! - `submit/*.toml` holds a form and `[[requests]]`. Each request is a `form` (or `form_json`) with either
//!   `accepted = { attributes, password, claims }` or `errors`, compared whole and in order. What TOML cannot say,
//!   `form_json` and `attributes_json` can.
//! - `lint/*.toml` is a form with a fault. The diagnostics, as people see them, are the snapshot of the same name
//!   under `lint/snapshots/`; `INSTA_UPDATE=always` writes it.
//! - `broken/*.toml` is the same for whole files as people write them who come from another language.
//! - `silent/*.toml` is a form that looks like one with a fault, and in which nothing is found.
//! - `schema/*.toml` is a form; its document is the snapshot.
//! - `compat/*.toml` holds `[[changes]]`: a form before and after, and what is found of the change.
//! - `locale/<tag>_*.toml` is a locale with a fault, `policy/*.toml` a policy with one, likewise.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod case_file;
mod compat;

use std::path::Path;
use std::sync::Arc;

use case_file::{CaseFile, Refusal, now};
use formwork_engine::build::{ReadPolicies, build, diagnostics, diagnostics_with, unknown_policies};
use formwork_engine::compile::{CompiledForm, Compiler};
use formwork_engine::messages::{self, Languages, Locale, Locales};
use formwork_engine::policy::Policy;
use formwork_engine::render::{Format, render};
use formwork_engine::source::{FormPath, SourceFile, read};
use formwork_engine::submission::{Claim, Refusal as Refused, Segment, Submitted, Violation, submit};
use formwork_engine::suppression::Scope;
use serde_json::Value;

#[allow(clippy::unnecessary_wraps, reason = "what the harness calls")]
fn submit_case(path: &Path) -> datatest_stable::Result<()> {
    let case = CaseFile::read(path);
    let form = case.compile(&Compiler::new());
    let locales = case.locales();
    for request in &case.requests {
        let name = format!("{}: {}", case.description, request.description);
        let shown = |violations: &[Violation]| -> Vec<Refusal> {
            let languages = request.languages();
            violations.iter().map(|found| refusal(&form, &locales, &languages, found)).collect()
        };
        let outcome = submit(&form, Submitted::new(request.submitted()), &request.circumstances());
        match (outcome, &request.accepted, &request.errors) {
            (Ok(found), Some(accepted), None) => {
                let attributes = Value::Object(accepted.attributes());
                assert_eq!(Value::Object(found.attributes), attributes, "{name}: attributes");
                assert_eq!(found.password.is_some(), accepted.password, "{name}: password");
                let claims: Vec<String> = found.claims.iter().map(dotted).collect();
                assert_eq!(claims, accepted.claims, "{name}: claims");
            }
            (Err(Refused::Violations(violations)), None, Some(errors)) => {
                assert_eq!(&shown(&violations), errors, "{name}");
            }
            (Ok(_), None, Some(_)) => panic!("{name}: is accepted"),
            (Err(Refused::Violations(violations)), Some(_), None) => {
                panic!("{name}: is refused: {:#?}", shown(&violations));
            }
            (Err(Refused::Payload(fault)), ..) => panic!("{name}: {fault}"),
            _ => panic!("{name}: a request has either `accepted` or `errors`"),
        }
    }
    Ok(())
}

fn dotted(claim: &Claim) -> String {
    let segments = claim.path.iter().map(|segment| match segment {
        Segment::Key(key) => key.clone(),
        Segment::Index(index) => index.to_string(),
    });
    segments.collect::<Vec<_>>().join(".")
}

fn refusal(form: &CompiledForm, locales: &Locales, languages: &Languages, violation: &Violation) -> Refusal {
    Refusal {
        path: violation.dotted_path(),
        pointer: violation.pointer(),
        code: violation.code.to_owned(),
        params: violation.params(form),
        message: messages::text(form, locales, languages, violation),
    }
}

#[allow(clippy::unnecessary_wraps, reason = "what the harness calls")]
fn lint_case(path: &Path) -> datatest_stable::Result<()> {
    let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
    let (found, fault) = read(&FormPath { path: path.to_path_buf(), default_name: stem.clone() });
    // Snapshots show a file by its name, wherever the tests run.
    let shown = path.file_name().unwrap().into();
    let source = Arc::new(SourceFile::new(shown, stem.clone(), found.text.clone()));
    let built = [build(&Compiler::new(), &source, fault.as_ref(), now())];
    let unknown = unknown_policies(&built, &ReadPolicies::default());
    let found = diagnostics_with(&built, unknown, Scope::Directory);
    let text = render(&found, Format::Text { colour: false });
    assert!(!text.is_empty(), "nothing is found in {}", path.display());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(path.parent().unwrap().strip_prefix("cases").unwrap().join("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(stem, text));
    Ok(())
}

#[allow(clippy::unnecessary_wraps, reason = "what the harness calls")]
fn silent_case(path: &Path) -> datatest_stable::Result<()> {
    let default_name = path.file_stem().unwrap().to_str().unwrap().to_owned();
    let (source, fault) = read(&FormPath { path: path.to_path_buf(), default_name });
    let built = build(&Compiler::new(), &source, fault.as_ref(), now());
    assert_eq!(render(&diagnostics(&[built], Scope::Directory), Format::Text { colour: false }), "");
    Ok(())
}

#[allow(clippy::unnecessary_wraps, reason = "what the harness calls")]
fn locale_case(path: &Path) -> datatest_stable::Result<()> {
    let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
    // The tag comes first in the name of the file.
    let tag = stem.split('_').next().unwrap().to_owned();
    let (found, fault) = read(&FormPath { path: path.to_path_buf(), default_name: tag.clone() });
    let shown = path.file_name().unwrap().into();
    let source = Arc::new(SourceFile::new(shown, tag, found.text.clone()));
    let (locale, found) = Locale::read(&source, fault.as_ref());
    let text = render(&locale.reported(&found, &[], Scope::Files), Format::Text { colour: false });
    assert!(!text.is_empty(), "nothing is found in {}", path.display());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("locale/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(stem, text));
    Ok(())
}

#[allow(clippy::unnecessary_wraps, reason = "what the harness calls")]
fn policy_case(path: &Path) -> datatest_stable::Result<()> {
    let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
    let (found, fault) = read(&FormPath { path: path.to_path_buf(), default_name: stem.clone() });
    let shown = path.file_name().unwrap().into();
    let source = Arc::new(SourceFile::new(shown, stem.clone(), found.text.clone()));
    let (policy, found) = Policy::read(&source, fault.as_ref());
    let text = render(&policy.reported(&found, &[], Scope::Files), Format::Text { colour: false });
    assert!(!text.is_empty(), "nothing is found in {}", path.display());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("policy/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(stem, text));
    Ok(())
}

#[allow(clippy::unnecessary_wraps, reason = "what the harness calls")]
fn schema_case(path: &Path) -> datatest_stable::Result<()> {
    let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
    let text = std::fs::read_to_string(path)?;
    let source = Arc::new(SourceFile::new(path.file_name().unwrap().into(), stem.clone(), text));
    let built = build(&Compiler::new(), &source, None, now());
    let found = render(&built.diagnostics, Format::Text { colour: false });
    let form = built.form.unwrap_or_else(|| panic!("{found}"));
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("schema/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(stem, serde_json::to_string_pretty(&form.document).unwrap()));
    Ok(())
}

datatest_stable::harness! {
    { test = submit_case, root = "cases/submit", pattern = r"\.toml$" },
    { test = lint_case, root = "cases/lint", pattern = r"^[^/]+\.toml$" },
    { test = lint_case, root = "cases/broken", pattern = r"^[^/]+\.toml$" },
    { test = silent_case, root = "cases/silent", pattern = r"^[^/]+\.toml$" },
    { test = schema_case, root = "cases/schema", pattern = r"^[^/]+\.toml$" },
    { test = compat::case, root = "cases/compat", pattern = r"\.toml$" },
    { test = locale_case, root = "cases/locale", pattern = r"^[^/]+\.toml$" },
    { test = policy_case, root = "cases/policy", pattern = r"^[^/]+\.toml$" },
}
