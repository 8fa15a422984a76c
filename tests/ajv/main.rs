//! Writes what `check.mjs` judges with Ajv: every form's document with instances and the verdict on them.
//!
//! The verdict is that of the document's standard keywords, formats asserted: what other validators can know. The
//! instances are what accepted requests leave, the forms' own examples, samples, and random ones.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a tool of the tests"
)]
#![allow(dead_code, reason = "shares modules with tests that use more of them")]

#[path = "../cases/case_file.rs"]
mod case_file;
#[path = "../engine/forms.rs"]
mod forms;
#[path = "../engine/generate.rs"]
mod generate;

use formwork_engine::compile::CompiledForm;
use formwork_engine::sample::Sampler;
use formwork_engine::schema::is_email;
use formwork_engine::vocabulary::{ANNOTATIONS, ASSERTIONS};
use jsonschema::Validator;
use serde_json::{Map, Value, json};

use generate::{Random, keys};

/// Numbers that JavaScript cannot hold are judged otherwise there, as documents of JSON (RFC 8259, 6) warn.
const LARGEST: f64 = 9_007_199_254_740_991.0;

fn main() {
    let mut random = Random(0xA1F);
    let mut written = Vec::new();
    for (name, form) in forms::all() {
        let standard = standard(&form);
        let mut known = Vec::new();
        keys(&form.document, &mut known);
        let examples = form.form.examples.iter().flatten();
        let mut instances: Vec<Value> = examples.map(|example| Value::Object(example.form.clone())).collect();
        instances.extend((0..30).map(|_| random.request(&form.document, &known)));
        let mut sampler = Sampler::new(&form, 0xA1F);
        instances.extend((0..5).filter_map(|_| sampler.valid(case_file::now())).map(Value::Object));
        let broken = (0..10).filter_map(|_| sampler.invalid(case_file::now()));
        instances.extend(broken.map(|broken| Value::Object(broken.form)));
        instances.retain(is_exact);
        let judged =
            instances.iter().map(|value| json!({ "value": value, "valid": standard.is_valid(value) }));
        let judged: Vec<Value> = judged.collect();
        written.push(json!({ "name": name, "schema": form.document, "instances": judged }));
    }
    for (case, form) in forms::cases() {
        let standard = standard(&form);
        let accepted = case.requests.iter().filter_map(|request| request.accepted.as_ref());
        let stored = accepted.map(|accepted| Value::Object(accepted.attributes())).filter(is_exact);
        let judged: Vec<Value> =
            stored.map(|value| json!({ "valid": standard.is_valid(&value), "value": value })).collect();
        if !judged.is_empty() {
            written.push(json!({ "name": case.description, "schema": form.document, "instances": judged }));
        }
    }
    let vocabulary: Vec<&str> = ANNOTATIONS.iter().chain(&ASSERTIONS).copied().collect();
    println!("{}", json!({ "vocabulary": vocabulary, "forms": written }));
}

fn standard(form: &CompiledForm) -> Validator {
    jsonschema::options()
        .with_format("email", is_email)
        .should_validate_formats(true)
        .build(&form.document)
        .unwrap()
}

/// Whether JavaScript reads the same value.
fn is_exact(value: &Value) -> bool {
    match value {
        Value::Number(number) => {
            number.as_f64().is_some_and(|number| number.abs() <= LARGEST && (number * 1024.0).fract() == 0.0)
        }
        Value::Array(values) => values.iter().all(is_exact),
        Value::Object(values) => values.values().all(is_exact) && !has_inherited_names(values),
        _ => true,
    }
}

/// What every object of JavaScript has, Ajv takes for a property of the instance.
fn has_inherited_names(values: &Map<String, Value>) -> bool {
    values.keys().any(|name| ["constructor", "toString", "valueOf", "__proto__"].contains(&name.as_str()))
}
