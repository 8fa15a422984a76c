//! Random changes of forms: what a comparison calls safe no request refutes, and what it shows is so.
//!
//! `FORMWORK_CHANGES` says how many changes are tried, and `FORMWORK_CHANGES_SEED` which.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use formwork_engine::build::build;
use formwork_engine::compat::{Category, Finding, Outcome, Severity, compare_forms};
use formwork_engine::compile::{CompiledForm, Compiler};
use formwork_engine::sample::Sampler;
use formwork_engine::source::SourceFile;
use formwork_engine::submission::{Accepted, Circumstances, Submitted, submit};
use serde_json::{Map, Value};

use crate::case_file::now;
use crate::forms::all;
use crate::generate::{Random, keys};
use crate::mutate::{Mutator, tree, written};

/// How many changes are tried where nobody says how many.
const CHANGES: usize = 60;

/// How many requests are made in each way.
const REQUESTS: usize = 12;

type Request = Map<String, Value>;

fn setting(name: &str, usual: usize) -> usize {
    std::env::var(name).map_or(usual, |text| text.parse().expect("a number"))
}

fn compiled(compiler: &Compiler, tree: &Value) -> Option<Arc<CompiledForm>> {
    let source = SourceFile::new("form.toml".into(), "case".to_owned(), written(tree));
    build(compiler, &Arc::new(source), None, now()).form
}

#[test]
fn no_change_that_is_called_safe_is_refuted_and_every_witness_is_one() {
    let compiler = Compiler::new();
    let forms: Vec<Value> = all().iter().map(|(_, form)| tree(&form.form.source.text)).collect();
    let mutator = Mutator::new(&forms);
    let count = setting("FORMWORK_CHANGES", CHANGES);
    let mut random = Random(0xD1FF + setting("FORMWORK_CHANGES_SEED", 0) as u64 * 0x9E37);
    let (mut compared, mut safe) = (0, 0);
    while compared < count {
        let before = random.pick(&forms).clone();
        let mut after = before.clone();
        for _ in 0..=random.below(3) {
            mutator.change(&mut after, &mut random);
        }
        if after == before {
            continue;
        }
        let (Some(one), Some(other)) = (compiled(&compiler, &before), compiled(&compiler, &after)) else {
            continue;
        };
        // What widens one way narrows the other.
        for (old, new) in [(&one, &other), (&other, &one)] {
            compared += 1;
            let findings = compare_forms(old, new, now());
            let faults = faults(old, new, &findings, &mut random);
            let (before, after) = (&old.form.source.text, &new.form.source.text);
            assert!(
                faults.is_empty(),
                "{}\n--- from\n{before}--- to\n{after}--- found{}\n",
                faults.join("\n"),
                told(&findings)
            );
            safe += usize::from(findings.iter().all(|finding| finding.severity == Severity::Info));
        }
    }
    assert!(safe * 20 > compared, "only {safe} of {compared} changes are called safe: too few to tell");
}

fn told(findings: &[Finding]) -> String {
    let one = |found: &Finding| {
        format!(" {} {} {}", found.severity.name(), found.change.name(), found.path.as_deref().unwrap_or(""))
    };
    findings.iter().map(one).collect::<Vec<_>>().join(",")
}

/// What is wrong with what was found of a change.
fn faults(old: &CompiledForm, new: &CompiledForm, findings: &[Finding], random: &mut Random) -> Vec<String> {
    let mut faults: Vec<String> = findings.iter().filter_map(|finding| untrue(finding, old, new)).collect();
    let is_harmless = |category: Category| {
        findings.iter().all(|found| found.severity == Severity::Info || found.category != category)
    };
    let stores_alike =
        findings.iter().all(|found| found.severity == Severity::Info || found.category == Category::Errors);
    if !is_harmless(Category::Request) || findings.iter().any(|found| found.severity == Severity::Breaking) {
        return faults;
    }
    for later in [0, 400] {
        let now = now() + Duration::from_hours(24 * later);
        for request in requests(old, new, now, random) {
            let Some(before) = accepted(old, &request, now) else { continue };
            let request = Value::Object(request);
            let Some(after) = accepted(new, request.as_object().unwrap(), now) else {
                faults.push(format!("called safe, and refuses {request}, {later} days on"));
                break;
            };
            if !stores_alike {
                continue;
            }
            if substance(&before) != substance(&after) {
                faults.push(format!("called safe, and stores otherwise {request}, {later} days on"));
                break;
            }
            let is_claimed = |path: &_| before.claims.iter().any(|claim| claim.path == *path);
            if !after.claims.iter().all(|claim| is_claimed(&claim.path)) {
                faults.push(format!("called safe, and claims more of {request}"));
                break;
            }
        }
    }
    faults
}

/// Requests that the old form may accept: samples of it, those that break one rule of either form, and anything.
fn requests(old: &CompiledForm, new: &CompiledForm, now: SystemTime, random: &mut Random) -> Vec<Request> {
    let seed = random.next();
    let mut sampler = Sampler::new(old, seed);
    let mut requests: Vec<Request> = (0..REQUESTS).map_while(|_| sampler.valid(now)).collect();
    for form in [old, new] {
        let mut sampler = Sampler::new(form, seed);
        requests.extend((0..REQUESTS).map_while(|_| Some(sampler.invalid(now)?.form)));
    }
    for form in [old, new] {
        let mut known = Vec::new();
        keys(&form.document, &mut known);
        let drawn = (0..REQUESTS * 4).map(|_| random.request(&form.document, &known));
        requests.extend(drawn.filter_map(|request| request.as_object().cloned()));
    }
    requests
}

fn accepted(form: &CompiledForm, request: &Request, now: SystemTime) -> Option<Accepted> {
    submit(form, Submitted::new(request.clone()), &Circumstances::at(now)).ok()
}

/// What is stored, without what says nothing: an absent group is empty.
fn substance(accepted: &Accepted) -> Request {
    filled(&accepted.attributes)
}

fn filled(values: &Request) -> Request {
    let each = values.iter().filter_map(|(name, value)| {
        match value {
            Value::Object(inner) => Some(filled(inner)).filter(|inner| !inner.is_empty()).map(Value::Object),
            other => Some(other.clone()),
        }
        .map(|value| (name.clone(), value))
    });
    each.collect()
}

/// What a witness does not show that it is said to show.
fn untrue(finding: &Finding, old: &CompiledForm, new: &CompiledForm) -> Option<String> {
    let witness = finding.witness.as_ref()?;
    let before = accepted(old, &witness.form, now());
    let after = accepted(new, &witness.form, now());
    let is_true = match (&witness.outcome, &before, &after) {
        (Outcome::Refused { .. }, Some(_), None) => true,
        (Outcome::Stored { .. }, Some(before), Some(after)) => substance(before) != substance(after),
        _ => false,
    };
    (!is_true).then(|| format!("no witness: {finding:?}"))
}
