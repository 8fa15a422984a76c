//! Changes of forms, and what is found of them. What is called safe is tried with many requests.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use formwork_engine::build::build;
use formwork_engine::compat::{
    Change as Found, Configuration, Finding, Outcome, Severity, compare, compare_forms,
};
use formwork_engine::compile::{CompiledForm, Compiler};
use formwork_engine::policy::{Policies, Policy};
use formwork_engine::render::{Format, render};
use formwork_engine::sample::Sampler;
use formwork_engine::source::SourceFile;
use formwork_engine::submission::{Circumstances, Submitted, submit};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::case_file::now;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changes {
    changes: Vec<Change>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    /// What it shows.
    description: String,
    /// The form before.
    old: String,
    /// The form after.
    new: String,
    /// The policies of both by name, before and after.
    #[serde(default)]
    old_policies: BTreeMap<String, String>,
    #[serde(default)]
    new_policies: BTreeMap<String, String>,
    /// What is found: severity, rule, path where there is one, and `request` where a change of what is stored is about
    /// requests too.
    findings: Vec<String>,
}

fn compile(compiler: &Compiler, text: &str, path: &str) -> Arc<CompiledForm> {
    let source = Arc::new(SourceFile::new(path.into(), "case".to_owned(), text.to_owned()));
    let built = build(compiler, &source, None, now());
    let found = render(&built.diagnostics, Format::Text { colour: false });
    built.form.unwrap_or_else(|| panic!("{text}\n{found}"))
}

fn policies(texts: &BTreeMap<String, String>) -> Policies {
    Policies::new(texts.iter().map(|(name, text)| {
        let source = SourceFile::new("policy.toml".into(), name.clone(), text.clone());
        let (policy, found) = Policy::read(&Arc::new(source), None);
        assert!(found.is_empty(), "{}", render(&found, Format::Text { colour: false }));
        Arc::new(policy)
    }))
}

#[allow(clippy::unnecessary_wraps, reason = "what the harness calls")]
pub(crate) fn case(path: &Path) -> datatest_stable::Result<()> {
    let changes: Changes = crate::case_file::from_toml(path);
    let compiler = Compiler::new();
    let mut wrong = Vec::new();
    for change in &changes.changes {
        let old = compile(&compiler, &change.old, "old.toml");
        let new = compile(&compiler, &change.new, "new.toml");
        let (before, after) = (policies(&change.old_policies), policies(&change.new_policies));
        let both = ([Arc::clone(&old)], [Arc::clone(&new)]);
        let findings = compare(
            Configuration { forms: &both.0, policies: &before },
            Configuration { forms: &both.1, policies: &after },
            now(),
        );
        let mut found: Vec<String> = findings.iter().map(shown).collect();
        let mut expected = change.findings.clone();
        found.sort();
        expected.sort();
        if found != expected {
            wrong.push(format!("{}: found {found:#?}, not {expected:#?}", change.description));
        }
        for finding in &findings {
            check_witness(finding, &old, &new);
        }
        if findings.iter().all(|finding| finding.severity == Severity::Info) && old.name() == new.name() {
            wrong.extend(refuted(&old, &new).map(|request| {
                format!("{}: wrongly called safe: {}", change.description, Value::Object(request))
            }));
        }
    }
    wrong.extend(unlike_pairs(&compiler, &changes.changes));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// Each old form with new forms of other changes: what is called safe of those is tried too.
fn unlike_pairs(compiler: &Compiler, changes: &[Change]) -> Vec<String> {
    const STEP: usize = 31;
    let old: Vec<_> = changes.iter().map(|change| compile(compiler, &change.old, "old.toml")).collect();
    let new: Vec<_> = changes.iter().map(|change| compile(compiler, &change.new, "new.toml")).collect();
    let mut wrong = Vec::new();
    for (index, old) in old.iter().enumerate() {
        for new in new.iter().skip(index % STEP).step_by(STEP) {
            let findings = compare_forms(old, new, now());
            let is_safe = findings.iter().all(|finding| finding.severity == Severity::Info);
            if let Some(request) = is_safe.then(|| refuted(old, new)).flatten() {
                let (before, after) = (&old.form.source.text, &new.form.source.text);
                let request = Value::Object(request);
                wrong.push(format!("wrongly called safe: {before}\nto\n{after}\nby {request}"));
            }
            for finding in &findings {
                check_witness(finding, old, new);
                if matches!(finding.change, Found::RequestRefused | Found::StoredDifferently) {
                    let (before, after) = (&old.form.source.text, &new.form.source.text);
                    wrong.push(format!("seen only by a request: {before}\nto\n{after}\n{}", finding.message));
                }
            }
        }
    }
    wrong
}

fn shown(finding: &Finding) -> String {
    let path = finding.path.as_ref().map(|path| format!(" {path}")).unwrap_or_default();
    let also = if finding.category == finding.change.category() { "" } else { " request" };
    format!("{} {}{path}{also}", finding.severity.name(), finding.change.name())
}

/// What is shown as a witness is one.
fn check_witness(finding: &Finding, old: &CompiledForm, new: &CompiledForm) {
    let Some(witness) = &finding.witness else { return };
    assert!(stored(old, &witness.form).is_some(), "{finding:?}");
    match witness.outcome {
        Outcome::Refused { .. } => assert!(stored(new, &witness.form).is_none(), "{finding:?}"),
        Outcome::Stored { .. } => {
            assert_ne!(stored(old, &witness.form), stored(new, &witness.form), "{finding:?}");
        }
    }
}

/// What is stored of a request, without empty groups; nothing where it is refused.
fn stored(form: &CompiledForm, request: &Map<String, Value>) -> Option<Map<String, Value>> {
    let accepted = submit(form, Submitted::new(request.clone()), &Circumstances::at(now())).ok()?;
    let is_empty = |value: &Value| value.as_object().is_some_and(Map::is_empty);
    Some(accepted.attributes.into_iter().filter(|(_, value)| !is_empty(value)).collect())
}

/// A request that the old form accepts, and the new one refuses or stores otherwise. The samples are others than those
/// that the comparison itself looks at.
fn refuted(old: &CompiledForm, new: &CompiledForm) -> Option<Map<String, Value>> {
    (100..104).find_map(|seed| {
        let mut sampler = Sampler::new(old, seed);
        (0..50)
            .map_while(|_| sampler.valid(now()))
            .find(|request| stored(old, request) != stored(new, request))
    })
}
