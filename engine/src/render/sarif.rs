//! SARIF 2.1.0, for code scanning.
//!
//! Columns are counted in Unicode code points, which is what `columnKind` says. Section numbers are those of the
//! standard.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::fingerprint::fingerprints;
use super::{pretty, shown_path};
use crate::diagnostic::{Diagnostic, Edit, Fix, Label, Rule};
use crate::source::{SourceFile, Span};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// What a path in a URI does not have to hide (RFC 3986, 2.3 and 3.3).
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
/// What relative paths are relative to.
const ROOT: &str = "%SRCROOT%";

pub(super) fn render(diagnostics: &[Diagnostic]) -> String {
    let results = diagnostics.iter().zip(fingerprints(diagnostics));
    let results: Vec<Value> = results.map(|(found, fingerprint)| result(found, &fingerprint)).collect();
    pretty(&json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "formwork",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": Rule::ALL.iter().map(|rule| describe(*rule)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {
                ROOT: { "description": { "text": "the directory in which formwork was run" } },
            },
            "results": results,
        }],
    }))
}

fn describe(rule: Rule) -> Value {
    let name = rule.name();
    json!({
        "id": name,
        "shortDescription": { "text": rule.summary() },
        "help": { "text": format!("`formwork explain {name}` shows this page"), "markdown": rule.page() },
        "defaultConfiguration": { "level": rule.severity().name() },
    })
}

fn result(found: &Diagnostic, fingerprint: &str) -> Value {
    let help = found.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    let mut result = json!({
        "ruleId": found.rule.name(),
        "ruleIndex": Rule::ALL.iter().position(|rule| *rule == found.rule),
        "level": found.severity.name(),
        "message": { "text": format!("{}{help}", found.message) },
        "locations": [location(&found.primary)],
        "partialFingerprints": { "formworkFinding/v1": fingerprint },
    });
    if !found.secondary.is_empty() {
        result["relatedLocations"] = found.secondary.iter().map(location).collect();
    }
    if let Some(fix) = &found.fix {
        result["fixes"] = json!([mend(&found.primary.file, fix)]);
    }
    result
}

fn location(label: &Label) -> Value {
    let mut location = Map::new();
    let physical =
        json!({ "artifactLocation": artifact(&label.file), "region": region(&label.file, &label.span) });
    location.insert("physicalLocation".to_owned(), physical);
    if !label.text.is_empty() {
        location.insert("message".to_owned(), json!({ "text": label.text }));
    }
    Value::Object(location)
}

fn artifact(file: &SourceFile) -> Value {
    let path = shown_path(file);
    let uri = utf8_percent_encode(&path, PATH);
    // An absolute URI has no base (3.4.4).
    if file.path.is_absolute() {
        let slash = if path.starts_with('/') { "" } else { "/" };
        return json!({ "uri": format!("file://{slash}{uri}") });
    }
    json!({ "uri": uri.to_string(), "uriBaseId": ROOT })
}

/// The end is that of the character after it (3.30.8).
fn region(file: &SourceFile, span: &Span) -> Value {
    let (start, end) = (file.position(span.start), file.position(span.end));
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

fn mend(file: &SourceFile, fix: &Fix) -> Value {
    let replacement = |edit: &Edit| json!({ "deletedRegion": region(file, &edit.span), "insertedContent": { "text": edit.text } });
    let replacements: Vec<Value> = fix.edits.iter().map(replacement).collect();
    json!({
        "description": { "text": fix.title },
        "artifactChanges": [{ "artifactLocation": artifact(file), "replacements": replacements }],
    })
}
