//! Random requests: nothing that JSON can say makes a form panic or change its mind.

use formwork_engine::compile::CompiledForm;
use formwork_engine::model::{Field, FieldType};
use formwork_engine::sample::Sampler;
use formwork_engine::submission::judge;
use jsonschema::validator_for;
use serde_json::{Map, Value};

use crate::case_file::now;
use crate::forms::{all, single_values, stores_everything, submitted, text};
use crate::generate::{Random, keys};

/// All that a verdict says, to be compared.
fn verdict(form: &CompiledForm, request: &Value) -> Result<String, Vec<String>> {
    match submitted(form, request) {
        Ok(accepted) => {
            let claims: Vec<_> = accepted.claims.iter().map(|claim| (&claim.path, claim.digest)).collect();
            let password = accepted.password.as_ref().map(|password| password.expose().len());
            Ok(format!("{} {password:?} {claims:?}", Value::Object(accepted.attributes.clone())))
        }
        Err(violations) => Err(violations
            .iter()
            .map(|found| {
                format!("{} {} {:?} {}", found.pointer(), found.code, found.params(form), text(form, found))
            })
            .collect()),
    }
}

#[test]
fn no_request_makes_a_form_panic_or_change_its_mind() {
    let mut random = Random(0x5EED);
    let (mut accepted, mut refused) = (0, 0);
    for (name, form) in all() {
        let mut known = Vec::new();
        keys(&form.document, &mut known);
        for _ in 0..150 {
            let request = random.request(&form.document, &known);
            if !request.is_object() {
                continue;
            }
            let first = verdict(&form, &request);
            assert_eq!(first, verdict(&form, &request), "{name}: {request}");
            match first {
                Ok(_) => accepted += 1,
                Err(errors) => {
                    assert!(!errors.is_empty(), "{name}: refuses without an error: {request}");
                    refused += 1;
                }
            }
        }
    }
    assert!(accepted > 100 && refused > 100, "{accepted} accepted, {refused} refused: too one-sided to tell");
}

#[test]
fn what_a_form_has_accepted_it_accepts_again_unchanged() {
    let mut random = Random(0xCAFE);
    let mut repeated = 0;
    // A default is stored as it is written, normal or not; what is computed from what was computed may differ.
    let stable = |form: &CompiledForm| {
        form.form.payload.is_empty()
            && single_values(form)
                .iter()
                .all(|(_, field)| field.default.is_none() || field.normalize.is_empty())
    };
    for (name, form) in all().into_iter().filter(|(_, form)| stores_everything(form) && stable(form)) {
        let mut known = Vec::new();
        keys(&form.document, &mut known);
        for _ in 0..150 {
            let request = random.request(&form.document, &known);
            if !request.is_object() {
                continue;
            }
            let Ok(first) = submitted(&form, &request) else { continue };
            let stored = Value::Object(first.attributes);
            let Ok(second) = submitted(&form, &stored) else { panic!("{name}: now refuses {stored}") };
            assert_eq!(Value::Object(second.attributes), stored, "{name}: {request}");
            assert_eq!(second.claims, first.claims, "{name}: {request}");
            repeated += 1;
        }
    }
    assert!(repeated > 100, "{repeated}");
}

#[test]
fn a_standard_validator_accepts_a_superset() {
    let mut random = Random(0xBEEF);
    let (mut both, mut ours_alone) = (0, 0);
    for (name, form) in all() {
        let standard = validator_for(&form.document).unwrap();
        let mut known = Vec::new();
        keys(&form.document, &mut known);
        let mut sampler = Sampler::new(&form, 0);
        let mut instances: Vec<Value> =
            (0..3).filter_map(|_| sampler.valid(now())).map(Value::Object).collect();
        instances
            .extend((0..6).filter_map(|_| sampler.invalid(now())).map(|broken| Value::Object(broken.form)));
        instances.extend((0..60).map(|_| random.request(&form.document, &known)));
        for mut instance in instances {
            // `judge` takes values as they are, as a standard validator does, but for groups that are left out.
            make_groups(&form.form.fields, &mut instance);
            match (judge(&form, &instance, now()), standard.is_valid(&instance)) {
                (Ok(()), accepted) => {
                    assert!(accepted, "{name}: a standard validator refuses {instance}");
                    both += 1;
                }
                (Err(violations), true) => {
                    // What it cannot know is what our own keywords say, and what a format means.
                    for found in violations {
                        assert!(OUR_OWN.contains(&found.code), "{name}: {} of {instance}", found.code);
                    }
                    ours_alone += 1;
                }
                (Err(_), false) => {}
            }
        }
    }
    assert!(both > 500 && ours_alone > 20, "{both} accepted by both, {ours_alone} refused by us alone");
}

fn make_groups(fields: &[Field], values: &mut Value) {
    let Value::Object(values) = values else { return };
    for field in fields {
        if let FieldType::Group { fields, implied } = &field.ty {
            let name = &field.name.value;
            if (*implied || field.surely_has_default()) && values.get(name).is_none_or(Value::is_null) {
                values.insert(name.clone(), Value::Object(Map::new()));
            }
            if let Some(value) = values.get_mut(name) {
                make_groups(fields, value);
            }
        }
    }
}

/// The codes that keywords of the vocabulary give, and those of formats, which are annotations by default.
const OUR_OWN: [&str; 21] = [
    "confirmation",
    "not_unique",
    "before",
    "after",
    "on_or_before",
    "on_or_after",
    "equal_to",
    "greater_than",
    "greater_than_or_equal_to",
    "less_than",
    "less_than_or_equal_to",
    "other_than",
    "blank",
    "email",
    "url",
    "uuid",
    "date",
    "datetime",
    "invalid",
    "phone_number",
    "taken",
];
