//! The formats for other programs: each case's findings as a document that its own schema accepts, and one to read.

use std::sync::Arc;

use formwork_engine::build::{build, diagnostics};
use formwork_engine::compile::Compiler;
use formwork_engine::diagnostic::Diagnostic;
use formwork_engine::fix;
use formwork_engine::levels::Levels;
use formwork_engine::render::{Format, junit, render};
use formwork_engine::source::{FormPath, SourceFile, read};
use formwork_engine::suppression::Scope;
use serde_json::{Value, json};

use crate::case_file::{now, paths};
use crate::forms::repository;

const FORM: &str = "# żółć\nresource = \"User\"\n[fields.email]\n[fields.properties.age]\ntype = \"integer\"\nvalidation.numericality = true\nlabl = 'ż, 100%: \u{1f389}'\n";

fn file(path: &str, text: &str) -> Arc<SourceFile> {
    Arc::new(SourceFile::new(path.into(), "sign_up".to_owned(), text.to_owned()))
}

/// The findings of a form to read, in a file whose name wants care.
fn few() -> Vec<Diagnostic> {
    let source = file("configs/forms/a form, 100%.toml", FORM);
    diagnostics(&[build(&Compiler::new(), &source, None, now())], Scope::Files)
}

/// The findings of every case.
fn many() -> Vec<Diagnostic> {
    let build = |path| {
        let (source, fault) = read(&FormPath { path, default_name: "case".to_owned() });
        build(&Compiler::new(), &source, fault.as_ref(), now())
    };
    diagnostics(&paths("lint").into_iter().map(build).collect::<Vec<_>>(), Scope::Files)
}

fn document(found: &[Diagnostic], format: Format) -> Value {
    serde_json::from_str(&render(found, format)).unwrap()
}

fn schema(path: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(repository(path)).unwrap()).unwrap()
}

/// Every fault that the schema finds in what a format makes of all cases, and of none.
#[track_caller]
fn assert_accepted(schema: &Value, format: Format) {
    let validator = jsonschema::options().should_validate_formats(true).build(schema).unwrap();
    for found in [many(), few(), Vec::new()] {
        let document = document(&found, format);
        let faults: Vec<String> = validator
            .iter_errors(&document)
            .map(|fault| format!("{}: {fault}", fault.instance_path()))
            .collect();
        assert_eq!(faults, Vec::<String>::new());
    }
}

#[test]
fn json_is_what_its_schema_says() {
    let schema = schema("schemas/diagnostics.schema.json");
    assert!(jsonschema::meta::is_valid(&schema));
    assert_accepted(&schema, Format::Json);
}

#[test]
fn sarif_is_what_the_standard_s_schema_says() {
    let mut schema = schema("tests/sarif/sarif-schema-2.1.0.json");
    // Its pattern has a bracket that none opens, which readers of Unicode patterns refuse; we state no language.
    for definition in ["run", "toolComponent"] {
        schema["definitions"][definition]["properties"]["language"] = Value::Bool(false);
    }
    assert_accepted(&schema, Format::Sarif);
}

/// <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>
#[test]
fn gitlab_gets_what_it_documents() {
    let place = json!({ "type": "object", "required": ["line"], "properties": { "line": { "type": "integer", "minimum": 1 } } });
    let schema = json!({
        "type": "array",
        "items": {
            "type": "object",
            "required": ["description", "check_name", "fingerprint", "location", "severity"],
            "properties": {
                "description": { "type": "string", "minLength": 1 },
                "check_name": { "type": "string", "minLength": 1 },
                "fingerprint": { "type": "string", "minLength": 1 },
                "severity": { "enum": ["info", "minor", "major", "critical", "blocker"] },
                "location": {
                    "type": "object",
                    "required": ["path", "lines", "positions"],
                    "properties": {
                        "path": { "type": "string", "not": { "pattern": r"^\./|\\" } },
                        "lines": { "type": "object", "required": ["begin"], "properties": { "begin": { "type": "integer", "minimum": 1 } } },
                        "positions": { "type": "object", "required": ["begin"], "properties": { "begin": place } },
                    },
                },
            },
        },
    });
    assert_accepted(&schema, Format::Gitlab);
}

#[test]
fn one_document_of_each_to_read() {
    let found = few();
    insta::assert_snapshot!("format_json", render(&found, Format::Json));
    insta::assert_snapshot!("format_github", render(&found, Format::Github));
    insta::assert_snapshot!("format_gitlab", render(&found, Format::Gitlab));
    let files = ["configs/forms/a form, 100%.toml".to_owned(), "configs/forms/clean.toml".to_owned()];
    insta::assert_snapshot!("format_junit", junit(&found, &files));
    let mut sarif = document(&found, Format::Sarif);
    assert_eq!(
        sarif["runs"][0]["results"][0]["ruleId"],
        sarif["runs"][0]["tool"]["driver"]["rules"]
            [usize::try_from(sarif["runs"][0]["results"][0]["ruleIndex"].as_u64().unwrap()).unwrap()]["id"]
    );
    // The rules are the list of `diagnostic.rs`, and the version is that of the package.
    sarif["runs"][0]["tool"]["driver"] = Value::Null;
    insta::assert_snapshot!("format_sarif", format!("{sarif:#}"));
}

#[test]
fn a_fingerprint_is_the_finding_s_own_and_stays_when_lines_move() {
    let of = |text: &str| -> Vec<String> {
        let found =
            diagnostics(&[build(&Compiler::new(), &file("a.toml", text), None, now())], Scope::Directory);
        let report = document(&found, Format::Gitlab);
        report
            .as_array()
            .unwrap()
            .iter()
            .map(|issue| issue["fingerprint"].as_str().unwrap().to_owned())
            .collect()
    };
    let text = format!("{FORM}[fields.properties.b]\nlabl = ''\n");
    let mut fingerprints = of(&text);
    assert_eq!(of(&format!("# one\n# more\n{text}")), fingerprints);
    let count = fingerprints.len();
    fingerprints.sort();
    fingerprints.dedup();
    assert_eq!(fingerprints.len(), count);
}

#[test]
fn a_fix_ends_its_finding_and_leaves_what_the_form_accepts_as_it_was() {
    let compiler = Compiler::new();
    let mut fixes = 0;
    for path in paths("lint") {
        let (source, fault) = read(&FormPath { path: path.clone(), default_name: "case".to_owned() });
        let before = build(&compiler, &source, fault.as_ref(), now());
        for found in before.reported(Vec::new(), Scope::Files).into_iter().filter(|found| found.fix.is_some())
        {
            fixes += 1;
            let (text, _) = fix::apply(&source.text, &[found.fix.as_ref().unwrap()]);
            let mended = SourceFile::new(source.path.clone(), source.default_name.clone(), text.clone());
            let after = build(&compiler, &Arc::new(mended), None, now());
            let name = format!("{}: {}", path.display(), found.message);
            let document = |built: &formwork_engine::build::Built| {
                built.form.as_ref().map(|form| without_least_of_none(form.document.clone()))
            };
            if before.form.is_some() {
                assert_eq!(document(&after), document(&before), "{name}");
            }
            // What else was said of the same place may go with it; nothing new comes.
            let messages = |built: &formwork_engine::build::Built| -> Vec<String> {
                let found = built.reported(Vec::new(), Scope::Files);
                found.into_iter().map(|found| found.message).collect()
            };
            let (was, left) = (messages(&before), messages(&after));
            assert!(left.len() < was.len(), "{name}\n{text}");
            assert!(left.iter().all(|message| was.contains(message)), "{name}\n{text}\n{left:?}");
        }
    }
    assert!(fixes > 5, "only {fixes} fixes were tried");
}

/// The document without lengths of at least nothing, which every value has.
fn without_least_of_none(mut document: Value) -> Value {
    if let Some(keywords) = document.as_object_mut() {
        keywords.retain(|name, value| !(matches!(name.as_str(), "minLength" | "minItems") && *value == 0));
    }
    match document {
        Value::Object(keywords) => Value::Object(
            keywords.into_iter().map(|(name, value)| (name, without_least_of_none(value))).collect(),
        ),
        Value::Array(items) => items.into_iter().map(without_least_of_none).collect(),
        other => other,
    }
}

#[test]
fn a_configuration_of_levels_is_read_with_every_fault() {
    let text = "[lint]\nuntested-form = \"off\"\nuntestd-form = \"off\"\nunknown-key = \"warning\"\ndead-condition = 1\ntoml-syntax = \"error\"\n[serve]\n";
    let (_, found) = Levels::read(&file("formwork.toml", text), None);
    insta::assert_snapshot!(render(&found, Format::Text { colour: false }));
    let (levels, found) = Levels::read(
        &file("formwork.toml", "lint = { untested-form = 'off', ineffective-validation = 'error' }"),
        None,
    );
    assert!(found.is_empty());
    let left: Vec<_> =
        levels.apply(few()).iter().map(|found| (found.rule.name(), found.severity.name())).collect();
    assert_eq!(left, [("ineffective-validation", "error"), ("unknown-key", "error")]);
}
