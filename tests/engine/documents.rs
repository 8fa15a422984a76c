//! The compiled documents: valid JSON Schema, the same for the same form, and with a rule behind every keyword.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use formwork_engine::compile::Compiler;
use formwork_engine::model::{Check, dotted};
use formwork_engine::submission::{Submitted, submit};
use formwork_engine::vocabulary::{ANNOTATIONS, ASSERTIONS};
use jsonschema::{draft202012, validator_for};
use serde_json::{Map, Value, json};

use crate::case_file::{CaseFile, paths};
use crate::forms::{
    all, cases, codes, configured, put, repository, single_values, stores_everything, submitted, user_form,
};

#[test]
fn every_document_is_valid_by_the_meta_schema() {
    for (name, form) in all() {
        assert_eq!(form.document["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
        if let Err(error) = draft202012::meta::validate(&form.document) {
            panic!("{name}: {error} at {}", error.instance_path());
        }
    }
}

#[test]
fn the_same_form_compiles_to_the_same_bytes_and_version() {
    let first = all();
    for ((name, first), (_, second)) in first.iter().zip(all()) {
        assert_eq!(first.document.to_string(), second.document.to_string(), "{name}");
        assert_eq!(first.version(), second.version(), "{name}");
        assert!(
            first.version().len() == 16 && first.version().bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{name}"
        );
    }
}

#[test]
fn a_form_compiles_alike_after_others_by_the_same_compiler() {
    let compiler = Compiler::new();
    for path in paths("submit") {
        let case = CaseFile::read(&path);
        let (shared, alone) = (case.compile(&compiler), case.compile(&Compiler::new()));
        assert_eq!(shared.document.to_string(), alone.document.to_string(), "{}", case.description);
    }
}

#[test]
fn different_documents_have_different_versions() {
    let forms = all();
    let versions: BTreeSet<&str> = forms.iter().map(|(_, form)| form.version()).collect();
    let documents: BTreeSet<String> = forms.iter().map(|(_, form)| form.document.to_string()).collect();
    assert_eq!(versions.len(), documents.len());
}

#[test]
fn what_does_not_change_a_verdict_or_its_description_keeps_the_version() {
    let plain = user_form("access = \"token\"\n[fields.first_name]\nvalidation.presence = true\n");
    let commented = user_form(
        "access = \"public\" # to anyone\nrate_limit = false\n\n[fields]\n[fields.first_name]\nvalidation.presence.message = \"please\"\n",
    );
    let stricter = user_form("[fields.first_name]\nvalidation = { presence = true, length.maximum = 9 }\n");
    assert_eq!(plain.version(), commented.version());
    assert_ne!(plain.version(), stricter.version());
}

/// Values that are wrong in as many ways as there are rules.
fn wrong_values() -> Vec<Value> {
    vec![
        Value::Null,
        json!(""),
        json!(" "),
        json!("x"),
        json!("0"),
        json!("\u{0}"),
        json!("żółć 🎉"),
        json!("a".repeat(70_000)),
        json!(-1),
        json!(0),
        json!(1),
        json!(13),
        json!(1.5),
        json!(1e300),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(true),
        json!(false),
        json!([]),
        json!([{}]),
        json!({}),
        json!({ "a": { "b": null } }),
    ]
}

/// Each wrong value at each field and each group alone, then at all fields at once.
fn wrong_instances(form: &formwork_engine::compile::CompiledForm) -> Vec<Value> {
    let paths: Vec<Vec<String>> = single_values(form).into_iter().map(|(path, _)| path).collect();
    let prefixes: BTreeSet<Vec<String>> =
        paths.iter().flat_map(|path| (1..=path.len()).map(|length| path[..length].to_vec())).collect();
    let mut instances = vec![json!({}), json!({ "unknown": 1, "properties": { "unknown": 1 } })];
    for value in wrong_values() {
        for path in &prefixes {
            let mut instance = Map::new();
            put(&mut instance, path, value.clone());
            instances.push(Value::Object(instance));
        }
        let mut instance = Map::new();
        for path in &paths {
            put(&mut instance, path, value.clone());
        }
        instances.push(Value::Object(instance));
    }
    instances
}

#[test]
fn every_keyword_that_refuses_has_a_rule_behind_it() {
    for (name, form) in all() {
        let mut formatted = BTreeSet::new();
        form.form.for_each_field(&mut |field, path| {
            let has_format =
                field.validations.iter().any(|validation| matches!(validation.check, Check::Format { .. }));
            if has_format || field.schema.is_some() {
                formatted.insert(dotted(path));
            }
        });
        for instance in wrong_instances(&form) {
            for (path, code) in codes(&form, &instance) {
                // Within a field with keywords of its own, what they demand may be anywhere.
                let expected = formatted.iter().any(|formatted| path.starts_with(formatted.as_str()));
                assert!(code != "invalid" || expected, "{name}: {path} of {instance}");
            }
        }
    }
}

#[test]
fn a_place_breaks_one_rule_at_most_once() {
    for (name, form) in all() {
        for instance in wrong_instances(&form) {
            let violations = submitted(&form, &instance).err().unwrap_or_default();
            let distinct: BTreeSet<String> = violations
                .iter()
                .filter(|found| found.code != "invalid")
                .map(|found| {
                    format!("{} {} {}", found.pointer(), found.code, Value::Object(found.params(&form)))
                })
                .collect();
            let count = violations.iter().filter(|found| found.code != "invalid").count();
            assert_eq!(distinct.len(), count, "{name}: {distinct:?} for {instance}");
        }
    }
}

#[test]
fn what_is_stored_is_valid_by_the_published_schema_in_a_standard_validator() {
    let mut checked = 0;
    for (case, form) in cases().into_iter().filter(|(_, form)| stores_everything(form)) {
        let standard = validator_for(&form.document).unwrap();
        for request in case.requests.iter().filter(|request| request.accepted.is_some()) {
            let values = Submitted::new(request.submitted());
            let stored = submit(&form, values, &request.circumstances()).ok().unwrap().attributes;
            let verdict = standard.validate(&Value::Object(stored)).map_err(|error| error.to_string());
            assert_eq!(verdict, Ok(()), "{}: {}", case.description, request.description);
            checked += 1;
        }
    }
    assert!(checked > 30, "{checked}");
}

#[test]
fn the_published_schema_accepts_what_the_form_accepts_of_profiles() {
    let forms = [
        (
            "a required profile",
            "[fields.profiles.p]\nvalidation.presence = true\n[fields.profiles.p.properties.s]\n",
        ),
        (
            "a required profile with a default in it",
            "[fields.profiles.p]\nvalidation.presence = true\n[fields.profiles.p.properties.s]\ndefault = \"x\"\n",
        ),
        ("a profile with a required field", "[fields.profiles.p.properties.s]\nvalidation.presence = true\n"),
        ("a profile without fields", "[fields.profiles.p]\n"),
    ];
    let profile = json!({ "properties": { "s": "y" } });
    for (name, form) in forms {
        let form = user_form(form);
        let standard = validator_for(&form.document).unwrap();
        for request in [
            json!({ "email": "a@b.co" }),
            json!({ "email": "a@b.co", "profiles": {} }),
            json!({ "email": "a@b.co", "profiles": { "p": null } }),
            json!({ "email": "a@b.co", "profiles": { "p": {} } }),
            json!({ "email": "a@b.co", "profiles": { "p": { "properties": {} } } }),
            json!({ "email": "a@b.co", "profiles": { "p": profile } }),
        ] {
            if submitted(&form, &request).is_ok() {
                let verdict = standard.validate(&request).map_err(|error| error.to_string());
                assert_eq!(verdict, Ok(()), "{name}: {request}");
            }
        }
    }
}

/// A form with everything that the language has so far.
const EVERYTHING: &str = r#"
name = "modules/everything"
description = "Everything that a form can say"
resource = "User"
access = "public"
unknown_fields = "reject"
aliases = ["everything"]
rate_limit = false

[fields.email]
label = "Work e-mail"
normalize = ["lowercase"]
validation.email.message = "“{{ value }}” is no address"
validation.format = { with = '@example\.com$', without = '\+', message = "must be a company address" }

[fields.password]
description = "At least 12 characters"
validation = { presence = true, length.minimum = 12 }

[fields.first_name]
normalize = ["nfkc", "squish"]
validation.presence = { message = "please tell us your name" }

[fields.featured]
default = false
readonly = true

[fields.properties.plan]
validation.inclusion.in = ["free", "paid"]
default = "free"

[fields.properties."shop/vat"]
validation = { length.is = 12, format = { with = '^[A-Z]{2}', allow_blank = true }, unique = { scope = ["properties.plan", "email"], case_sensitive = true } }

[fields.properties.invite]
secret = true
virtual = true
validation.length = { minimum = 8, maximum = 8, allow_blank = true }

[fields.properties.about]
type = "text"
validation.exclusion.in = ["nothing", "none"]

[fields.properties.age]
type = "integer"
validation.presence = true
validation.numericality = { greater_than = 17, less_than_or_equal_to = 130, other_than = 99 }

[fields.properties.lucky]
type = "integer"
validation.numericality = { odd = true, multiple_of = 7, equal_to = 21 }

[fields.properties.rate]
type = "number"
validation.numericality = { only_integer = true, even = true, greater_than_or_equal_to = 0, less_than = 1e3 }

[fields.profiles.developer]
label = "Developer's profile"
validation.presence = true

[fields.profiles.developer.properties.available]
type = "boolean"
validation.inclusion.in = [true]

[fields.profiles."modules/shop/customer".properties.number]
validation = { presence = true, unique = true }

[[examples]]
description = "the least that is needed"
form = { email = "ada@example.com", password = "correct horse", first_name = "Ada", properties.age = 36, profiles.developer = {} }
"#;

#[test]
fn every_keyword_of_ours_is_one_of_the_documented_vocabulary() {
    let text = fs::read_to_string(repository("schemas/vocabulary.schema.json")).unwrap();
    let meta: Value = serde_json::from_str(&text).unwrap();
    let documented: BTreeSet<&str> =
        meta["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    let known: BTreeSet<&str> = ANNOTATIONS.iter().chain(&ASSERTIONS).copied().collect();
    assert_eq!(documented, known);
    let meta_schema = validator_for(&meta).unwrap();
    let mut used = BTreeSet::new();
    for (name, form) in all() {
        let verdict = meta_schema.validate(&form.document).map_err(|error| error.to_string());
        assert_eq!(verdict, Ok(()), "{name}");
        keywords_of_ours(&form.document, &mut used);
    }
    // Each is shown by a form.
    let used: BTreeSet<&str> = used.iter().map(String::as_str).collect();
    assert_eq!(used, known);
    for wrong in [
        json!({ "x-formwork-normalize": ["trimm"] }),
        json!({ "properties": { "a": { "x-formwork-before": "today" } } }),
        json!({ "allOf": [{ "then": { "x-formwork-compare": { "path": ["a"], "to": ["b"] } } }] }),
        json!({ "x-formwork-unique": {} }),
        json!({ "minLength": "8" }),
    ] {
        assert!(!meta_schema.is_valid(&wrong), "{wrong}");
    }
}

fn keywords_of_ours(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(keywords) => {
            found.extend(keywords.keys().filter(|keyword| keyword.starts_with("x-formwork-")).cloned());
            for inner in keywords.values() {
                keywords_of_ours(inner, found);
            }
        }
        Value::Array(entries) => entries.iter().for_each(|entry| keywords_of_ours(entry, found)),
        _ => {}
    }
}

#[test]
fn the_document_of_a_form_with_everything() {
    let built = crate::forms::built(EVERYTHING);
    assert_eq!(built.diagnostics.len(), 0, "{:?}", built.diagnostics);
    let form = built.form.unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&form.document).unwrap());
}

#[test]
fn the_published_schemas_are_those_that_the_configuration_compiles_to() {
    let directory = repository("schemas/forms");
    let mut expected = BTreeSet::new();
    for built in configured() {
        let form = built.form.unwrap();
        let path = directory.join(format!("{}.schema.json", form.name()));
        let text = fs::read_to_string(&path).unwrap_or_default();
        let document = serde_json::to_string_pretty(&form.document).unwrap() + "\n";
        assert!(
            text == document,
            "{} is stale: `formwork schema --out schemas/forms` writes it",
            form.name()
        );
        expected.insert(path);
    }
    let mut found = BTreeSet::new();
    files(&directory, &mut found);
    assert_eq!(found, expected, "a schema of no form");
}

#[test]
fn the_page_of_the_cases_names_files_that_are_there() {
    let page = fs::read_to_string(repository("tests/cases/README.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| ")).filter_map(|line| line.split('|').nth(2));
    let names: BTreeSet<&str> = rows.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    assert!(names.len() > 100, "{}", names.len());
    for name in names {
        assert!(repository(&format!("tests/cases/submit/{name}.toml")).exists(), "{name}");
    }
}

fn files(directory: &Path, found: &mut BTreeSet<std::path::PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.insert(path);
        }
    }
}
