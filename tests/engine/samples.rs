//! Samples: what is said to be valid is accepted, and what is said to break one rule breaks that rule alone.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use formwork_engine::build::build;
use formwork_engine::compile::{CompiledForm, Compiler};
use formwork_engine::sample::Sampler;
use formwork_engine::source::SourceFile;
use serde_json::{Map, Value};

use crate::case_file::now;
use crate::forms::{all, codes, configured, recipes, repository, submitted, user_form};

fn sixty_fields() -> Arc<CompiledForm> {
    let text = std::fs::read_to_string(repository("engine/benches/sixty_fields.toml")).unwrap();
    let source = SourceFile::new(PathBuf::from("form.toml"), "sixty_fields".to_owned(), text);
    build(&Compiler::new(), &Arc::new(source), None, now()).form.unwrap()
}

fn accepts(form: &CompiledForm, sample: &Map<String, Value>) -> bool {
    submitted(form, &Value::Object(sample.clone())).is_ok()
}

/// A path without the indexes of items, as the rules of a form have it.
fn declared(path: &str) -> String {
    let keys: Vec<&str> = path.split('.').filter(|key| key.parse::<usize>().is_err()).collect();
    keys.join(".")
}

/// Forms that compute for themselves what they refuse, or accept an array of a thousand items alone.
const WITHOUT_VALID_SAMPLES: [&str; 3] = [
    "a required field that the form computes may be left without a value, and then it is blank",
    "a template has the fuel to go through the longest array there is",
    "an expression whose value is of a wrong type is refused as such",
];

#[test]
fn every_form_that_accepts_anything_has_valid_samples() {
    let mut without = Vec::new();
    for (name, form) in all().into_iter().chain([("sixty fields".to_owned(), sixty_fields())]) {
        let mut sampler = Sampler::new(&form, 0);
        let drawn: Vec<_> = (0..4).filter_map(|_| sampler.valid(now())).collect();
        for sample in &drawn {
            assert!(accepts(&form, sample), "{name}: {sample:?}");
        }
        if drawn.len() < 4 {
            without.push(name);
        }
    }
    assert_eq!(without, WITHOUT_VALID_SAMPLES);
}

#[test]
fn an_invalid_sample_breaks_the_rule_that_it_names_and_no_other() {
    // A form that computes values may take long to sample in vain; that its samples are right is asked above.
    for (name, form) in all().into_iter().filter(|(_, form)| form.form.payload.is_empty()) {
        let mut sampler = Sampler::new(&form, 1);
        for _ in 0..8 {
            let Some(broken) = sampler.invalid(now()) else { break };
            let expected = vec![(broken.path.clone(), broken.code)];
            assert_eq!(
                codes(&form, &Value::Object(broken.form.clone())),
                expected,
                "{name}: {:?}",
                broken.form
            );
        }
    }
}

#[test]
fn invalid_samples_go_round_the_rules_of_a_form() {
    let forms = configured().into_iter().chain(recipes()).filter_map(|built| built.form);
    let (mut breakable, mut missing) = (0, Vec::new());
    for form in forms.chain([sixty_fields()]) {
        let mut sampler = Sampler::new(&form, 0);
        let rules: BTreeSet<(String, &str)> = sampler.breakable().into_iter().collect();
        let mut found = BTreeSet::new();
        for _ in 0..rules.len() * 2 {
            let Some(broken) = sampler.invalid(now()) else { break };
            found.insert((declared(&broken.path), broken.code));
        }
        breakable += rules.len();
        missing
            .extend(rules.difference(&found).map(|(path, code)| format!("{}: {path} {code}", form.name())));
    }
    // Some rules are never broken alone: what a pattern bounds is not too long for its type only.
    assert!(missing.len() * 20 < breakable, "{} of {breakable}: {missing:#?}", missing.len());
}

#[test]
fn samples_show_both_sides_of_conditions_and_the_ends_of_ranges() {
    let form = user_form(
        r#"
[fields.properties.plan]
validation.inclusion.in = ["free", "paid"]
[fields.properties.vat]
when = { "properties.plan" = "paid" }
validation = { presence = true, format.with = '^PL[0-9]{10}$' }
[fields.properties.seats]
type = "integer"
validation.numericality = { greater_than_or_equal_to = 3, less_than = 9 }
"#,
    );
    let mut sampler = Sampler::new(&form, 0);
    let drawn: Vec<Value> = (0..40).map(|_| Value::Object(sampler.valid(now()).unwrap())).collect();
    let seen = |pointer: &str, value: Option<Value>| {
        drawn.iter().any(|sample| sample.pointer(pointer).cloned() == value)
    };
    for value in [Some("free".into()), Some("paid".into()), None] {
        assert!(seen("/properties/plan", value.clone()), "{value:?}");
    }
    assert!(seen("/properties/seats", Some(3.into())) && seen("/properties/seats", Some(8.into())));
    let addresses: BTreeSet<String> = drawn.iter().map(|sample| sample["email"].to_string()).collect();
    assert_eq!(addresses.len(), drawn.len(), "every sample has an address of its own");
}

#[test]
fn a_seed_makes_the_same_samples_again() {
    let form = sixty_fields();
    let samples = |seed| {
        let mut sampler = Sampler::new(&form, seed);
        let valid: Vec<_> = (0..3).map(|_| sampler.valid(now()).unwrap()).collect();
        (valid, sampler.invalid(now()).unwrap().form)
    };
    assert_eq!(samples(7), samples(7));
    assert_ne!(samples(7), samples(8));
}
