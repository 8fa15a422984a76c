//! Proves that new rules of a value allow all that the old ones did, by the schema algebra of the validator's library.
//!
//! The algebra sees standard keywords alone and has its own mind about formats: where the new rules have any other
//! keyword, it is not asked. Only a proof of containment counts.

use jsonschema::PatternOptions;
use jsonschema::canonical::{CanonicalSchema, Containment, options};
use serde_json::Value;

use super::fields::Comparison;
use super::finding::{Change, Severity};
use crate::model::{Step, dotted};

/// Takes back what was reported since `from` of the rules of the value at `path`, where it is proved harmless.
pub(super) fn settle(comparison: &mut Comparison<'_>, path: &[Step], from: usize) {
    let is_of_value = |change| {
        matches!(
            change,
            Change::ValueRemoved
                | Change::BoundTightened
                | Change::BoundAdded
                | Change::PatternChanged
                | Change::ExclusionAdded
                | Change::AcceptanceAdded
                | Change::SchemaChanged
        )
    };
    let harmful = comparison.findings[from..].iter().filter(|finding| finding.severity > Severity::Info);
    let changes: Vec<Change> = harmful.map(|finding| finding.change).collect();
    if changes.is_empty() || !changes.into_iter().all(is_of_value) || !is_proved(comparison, path) {
        return;
    }
    let message =
        format!("the rules of `{}` are others, and proved to allow all that was allowed", dotted(path));
    for finding in &mut comparison.findings[from..] {
        if finding.severity > Severity::Info {
            finding.change = Change::RuleProvedWider;
            finding.severity = Severity::Info;
            finding.message.clone_from(&message);
        }
    }
}

fn is_proved(comparison: &Comparison<'_>, path: &[Step]) -> bool {
    // A rule under a condition stands elsewhere, and is not seen here.
    let (Some(old), Some(new)) = (comparison.old.schema_of(path), comparison.new.schema_of(path)) else {
        return false;
    };
    if has_unconditional_rules_only(comparison, path) && is_standard(new) {
        let covers = canonical(new).zip(canonical(old)).and_then(|(new, old)| new.covers(&old).ok());
        return covers == Some(Containment::Yes);
    }
    false
}

fn has_unconditional_rules_only(comparison: &Comparison<'_>, path: &[Step]) -> bool {
    let mut only = true;
    comparison.new.form.for_each_field(&mut |field, at| {
        if at == path {
            only = field.when.is_none() && field.validations.iter().all(|rule| rule.condition.is_none());
        }
    });
    only
}

fn canonical(schema: &Value) -> Option<CanonicalSchema> {
    options().offline().with_pattern_options(PatternOptions::regex()).canonicalize(schema).ok()
}

/// Whether the algebra means by every keyword what the validator means by it.
fn is_standard(schema: &Value) -> bool {
    const ANNOTATIONS: [&str; 2] = ["x-formwork-normalize", "x-formwork-virtual"];
    let keyword = |(name, value): (&String, &Value)| {
        let is_ours = name.starts_with("x-formwork-") && !ANNOTATIONS.contains(&name.as_str());
        !is_ours && name != "format" && is_standard(value)
    };
    match schema {
        Value::Object(keywords) => keywords.iter().all(keyword),
        Value::Array(entries) => entries.iter().all(is_standard),
        _ => true,
    }
}
