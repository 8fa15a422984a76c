//! The schemas for editors know the same words as the parser.

use std::collections::BTreeSet;
use std::sync::Arc;

use formwork_engine::diagnostic::{Diagnostic, Rule};
use formwork_engine::messages::Locale;
use formwork_engine::policy::Policy;
use formwork_engine::source::SourceFile;
use serde_json::Value;

use crate::forms::{built, repository};

/// A word that the language does not have, nor anything like it.
const NO_WORD: &str = "qqqqqqqq";

fn schema(name: &str) -> Value {
    let text = std::fs::read_to_string(repository("schemas").join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The keys of a table that are not superseded.
fn names(schema: &Value, pointer: &str) -> BTreeSet<String> {
    let properties = schema.pointer(pointer).unwrap_or_else(|| panic!("nothing at {pointer}"));
    let current = properties.as_object().unwrap().iter().filter(|(_, key)| key["deprecated"].is_null());
    current.map(|(name, _)| name.clone()).collect()
}

fn words(schema: &Value, pointer: &str) -> BTreeSet<String> {
    let words = schema.pointer(pointer).unwrap_or_else(|| panic!("nothing at {pointer}"));
    words.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// The words that a diagnostic about [`NO_WORD`] says are known in its place.
fn known(found: &[Diagnostic]) -> BTreeSet<String> {
    let about = |found: &&Diagnostic| found.message.contains(NO_WORD);
    let found = found.iter().find(about).unwrap_or_else(|| panic!("nothing about the word: {found:?}"));
    let told = format!("{} {}", found.message, found.help.clone().unwrap_or_default());
    let quoted = told.split('`').skip(1).step_by(2);
    quoted
        .filter(|word| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
        .map(str::to_owned)
        .collect()
}

/// The words that the parser knows where `form` has the unknown one.
fn parsed(form: &str, names_of_places: &[&str]) -> BTreeSet<String> {
    let form = format!("resource = \"User\"\n{}", form.replace('?', NO_WORD));
    let mut words = known(&built(&form).diagnostics);
    words.remove(NO_WORD);
    for name in names_of_places {
        words.remove(*name);
    }
    words
}

#[test]
fn the_keys_of_tables() {
    let editor = schema("form-configuration.schema.json");
    for (form, names_of_places, pointer) in [
        ("? = 1\n", &[][..], "/properties"),
        ("[fields.properties.a]\n? = 1\n", &[], "/definitions/field/properties"),
        ("[fields.properties.a]\ntype = \"array\"\nitems.? = 1\n", &[], "/definitions/item/properties"),
        ("[fields.properties.a]\nui.? = 1\n", &["ui"], "/definitions/ui/properties"),
        (
            "[fields.properties.a]\nvalidation.? = true\n",
            &["validation"],
            "/definitions/validation/properties",
        ),
        ("[[examples]]\n? = 1\nform = {}\n", &[], "/definitions/example/properties"),
    ] {
        assert_eq!(parsed(form, names_of_places), names(&editor, pointer), "{pointer}");
    }
}

#[test]
fn the_keys_of_a_policy() {
    let source = SourceFile::new("a.toml".into(), "a".to_owned(), format!("{NO_WORD} = 1\n"));
    let mut words = known(&Policy::read(&Arc::new(source), None).1);
    words.remove(NO_WORD);
    assert_eq!(words, names(&schema("policy.schema.json"), "/properties"));
}

#[test]
fn the_options_of_every_kind() {
    let editor = schema("form-configuration.schema.json");
    for kind in names(&editor, "/definitions/validation/properties") {
        let ty = match kind.as_str() {
            "numericality" | "comparison" => "integer",
            "unique_items" => "array",
            _ => "string",
        };
        let form = format!(
            "[fields.properties.a]\ntype = \"{ty}\"\nitems = {{ type = \"object\", fields.b = {{}} }}\nvalidation.{kind}.? = 1\n"
        );
        let form = if ty == "array" {
            form
        } else {
            form.replace("items = { type = \"object\", fields.b = {} }\n", "")
        };
        // A kind's own name is said too; one option of `date` is not called like its kind.
        let pointer = format!("/definitions/validation/properties/{kind}/properties");
        assert_eq!(parsed(&form, &[&kind]), names(&editor, &pointer), "{kind}");
    }
}

#[test]
fn a_deprecated_key_is_one_that_the_parser_calls_so() {
    let editor = schema("form-configuration.schema.json");
    let kinds = editor.pointer("/definitions/validation/properties").unwrap().as_object().unwrap();
    let deprecated: Vec<&String> =
        kinds.iter().filter(|(_, key)| key["deprecated"] == true).map(|(name, _)| name).collect();
    assert!(!deprecated.is_empty());
    for key in deprecated {
        let form = format!("resource = \"User\"\n[fields.properties.a]\nvalidation.{key} = true\n");
        let found = built(&form).diagnostics;
        assert!(found.iter().any(|found| found.rule == Rule::DeprecatedKey), "{key}: {found:?}");
    }
}

#[test]
fn the_words_of_closed_lists() {
    let editor = schema("form-configuration.schema.json");
    let types = parsed("[fields.properties.a]\ntype = \"?\"\n", &[]);
    assert_eq!(types, words(&editor, "/definitions/type/enum"));
    let normalizers = parsed("[fields.properties.a]\nnormalize = [\"?\"]\n", &["normalize"]);
    assert_eq!(normalizers, words(&editor, "/definitions/normalize/items/enum"));
    let expectations = parsed("[fields.properties.a]\nwhen.email.? = 1\n", &[]);
    assert_eq!(expectations, names(&editor, "/definitions/expectation/properties"));
}

#[test]
fn every_code_of_the_locale_schema_is_one_and_no_other() {
    let codes = words(&schema("locale.schema.json"), "/definitions/code/enum");
    let english = std::fs::read_to_string(repository("engine/src/messages/en.toml")).unwrap();
    let table = toml::de::DeTable::parse(&english).unwrap();
    let messages = table.get_ref().get("messages").unwrap().get_ref().as_table().unwrap().clone();
    let built_in: BTreeSet<String> = messages.keys().map(|key| key.get_ref().to_string()).collect();
    assert_eq!(codes, built_in);
    for code in codes {
        let text = format!("[messages]\n{code} = \"x\"\n");
        let source = SourceFile::new("pl.toml".into(), "pl".to_owned(), text);
        assert!(Locale::read(&Arc::new(source), None).1.is_empty(), "{code}");
    }
}

#[test]
fn every_key_is_described() {
    for name in ["form-configuration.schema.json", "locale.schema.json", "policy.schema.json"] {
        let document = schema(name);
        described(&document, &document, name);
    }
}

fn described(document: &Value, schema: &Value, place: &str) {
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        let place = format!("{place}/{key}");
        let target = inner["$ref"].as_str().map_or(inner, |pointer| document.pointer(&pointer[1..]).unwrap());
        let inside_condition =
            schema["title"].is_null() && target["type"].is_null() && target["description"].is_null();
        assert!(
            inside_condition || target["description"].is_string() || is_marker(schema),
            "{place} has no description"
        );
        if inner["$ref"].is_null() {
            described(document, inner, &place);
        }
    }
    for (key, inner) in schema["definitions"].as_object().into_iter().flatten() {
        described(document, inner, &format!("{place}/definitions/{key}"));
    }
}

/// A schema that only tells one value from others is no place of hovers.
fn is_marker(schema: &Value) -> bool {
    schema["required"].is_array() && schema["description"].is_null()
}
