//! Requests that the old form accepts and the new one refuses, or stores otherwise: tried with both, never guessed.

use std::time::SystemTime;

use serde_json::{Map, Value, json};

use super::finding::{Category, Change, Finding, Outcome, Severity, Witness};
use crate::compile::CompiledForm;
use crate::model::{Check, Comparison, Field, FieldType, Step};
use crate::sample::Sampler;
use crate::submission::{Accepted, Circumstances, Refusal, Submitted, submit};

/// How many requests are made of the old form.
const SAMPLES: usize = 48;

/// Shows findings by requests, raises those that a request proves, and reports what no finding explains.
pub(super) fn add(old: &CompiledForm, new: &CompiledForm, findings: &mut Vec<Finding>, now: SystemTime) {
    if old.version() == new.version() && findings.is_empty() && old.name() == new.name() {
        return;
    }
    let trial = Trial { old, new, circumstances: Circumstances::at(now) };
    let mut sampler = Sampler::new(old, 1);
    let requests: Vec<Map<String, Value>> = (0..SAMPLES).map_while(|_| sampler.valid(now)).collect();
    for finding in findings.iter_mut().filter(|finding| finding.severity > Severity::Info) {
        let Some(path) = finding.path.clone() else { continue };
        if finding.change.category() == Category::Errors {
            continue;
        }
        let Some(witness) = trial.search(&requests, &path, finding.change) else { continue };
        if matches!(witness.outcome, Outcome::Refused { .. }) {
            finding.severity = Severity::Breaking;
            finding.category = Category::Request;
        }
        finding.witness = Some(witness);
    }
    if findings.iter().all(|finding| finding.severity == Severity::Info) {
        findings.extend(trial.unexplained(&requests));
    }
}

struct Trial<'f> {
    old: &'f CompiledForm,
    new: &'f CompiledForm,
    circumstances: Circumstances,
}

impl Trial<'_> {
    fn submit(&self, form: &CompiledForm, request: &Map<String, Value>) -> Result<Accepted, Refusal> {
        submit(form, Submitted::new(request.clone()), &self.circumstances)
    }

    /// What both forms make of a request that the old one accepts, if they differ.
    fn outcome(&self, request: &Map<String, Value>) -> Option<Outcome> {
        let before = self.submit(self.old, request).ok()?;
        match self.submit(self.new, request) {
            Err(Refusal::Violations(violations)) => {
                let first = violations.first()?;
                Some(Outcome::Refused { path: first.dotted_path(), code: first.code })
            }
            Err(Refusal::Payload(_)) => {
                Some(Outcome::Refused { path: "base".to_owned(), code: "payload_failed" })
            }
            Ok(after) => {
                let (old, new) = (substance(before.attributes), substance(after.attributes));
                (old != new).then_some(Outcome::Stored { old, new })
            }
        }
    }

    /// A request that shows a change of the field at a path, as small as it can be.
    fn search(&self, samples: &[Map<String, Value>], path: &str, change: Change) -> Option<Witness> {
        let probes = self.probes(path);
        let targeted = samples.iter().flat_map(|sample| {
            probes.iter().filter_map(|probe| with(sample, path, probe.as_ref())).chain([sample.clone()])
        });
        let mut stored = None;
        for request in targeted {
            let Some(outcome) = self.outcome(&request) else { continue };
            if !is_about(&outcome, path) {
                continue;
            }
            if matches!(outcome, Outcome::Refused { .. }) {
                return Some(self.smallest(request, path, &outcome));
            }
            stored = stored.or(Some((request, outcome)));
        }
        let (request, outcome) = stored.filter(|_| change.category() == Category::Stored)?;
        Some(self.smallest(request, path, &outcome))
    }

    /// Values of the field at a path that lie where rules make a difference; `None` leaves it out.
    fn probes(&self, path: &str) -> Vec<Option<Value>> {
        let mut probes = vec![
            None,
            Some(Value::Null),
            Some(json!("")),
            Some(json!(" a ")),
            Some(json!("Aa")),
            Some(json!(1.5)),
        ];
        for form in [self.old, self.new] {
            form.form.for_each_field(&mut |field, at| {
                if crate::model::dotted(at) == path && !matches!(at.last(), Some(Step::Item)) {
                    probes.extend(of_field(field).into_iter().map(Some));
                }
            });
        }
        probes
    }

    /// The request without whatever it can do without.
    fn smallest(&self, request: Map<String, Value>, path: &str, outcome: &Outcome) -> Witness {
        let mut best = Witness { form: request, outcome: outcome.clone() };
        let mut ways = Vec::new();
        leaves(&Value::Object(best.form.clone()), &mut Vec::new(), &mut ways);
        for way in ways {
            let Some(smaller) = with(&best.form, &way.join("."), None) else { continue };
            let Some(outcome) = self.outcome(&smaller).filter(|outcome| is_about(outcome, path)) else {
                continue;
            };
            if std::mem::discriminant(&outcome) == std::mem::discriminant(&best.outcome) {
                best = Witness { form: smaller, outcome };
            }
        }
        best
    }

    /// What the samples show and no finding explains.
    fn unexplained(&self, samples: &[Map<String, Value>]) -> Option<Finding> {
        let (request, outcome) =
            samples.iter().find_map(|sample| Some((sample.clone(), self.outcome(sample)?)))?;
        let (change, path, message) = match &outcome {
            Outcome::Refused { path, code } => {
                let message = format!("a request that was accepted is refused: `{path}` is `{code}`");
                (Change::RequestRefused, path.clone(), message)
            }
            Outcome::Stored { .. } => {
                let message = "a request is stored with other values".to_owned();
                (Change::StoredDifferently, "base".to_owned(), message)
            }
        };
        let mut finding = Finding::new(change, self.old.name(), message);
        finding.path = (path != "base").then(|| path.clone());
        finding.witness = Some(Witness { form: request, outcome });
        Some(finding)
    }
}

/// Whether what became of a request has to do with the field at a path.
fn is_about(outcome: &Outcome, path: &str) -> bool {
    let related = |other: &str| {
        let other: Vec<&str> = other.split('.').filter(|part| part.parse::<usize>().is_err()).collect();
        let own: Vec<&str> = path.split('.').collect();
        let repeated = other.last().and_then(|last| last.strip_suffix("_confirmation"));
        other.starts_with(&own)
            || own.starts_with(&other)
            || (repeated == own.last().copied() && other.len() == own.len())
    };
    match outcome {
        Outcome::Refused { path, .. } => related(path),
        Outcome::Stored { old, new } => {
            let pointer = format!("/{}", path.replace('~', "~0").replace('/', "~1").replace('.', "/"));
            let at = |stored: &Map<String, Value>| Value::Object(stored.clone()).pointer(&pointer).cloned();
            at(old) != at(new)
        }
    }
}

/// The values at the bounds that a field has.
fn of_field(field: &Field) -> Vec<Value> {
    let mut values = Vec::new();
    let mut sized = |count: u64| {
        for count in [count.saturating_sub(1), count, count.saturating_add(1)] {
            let count = usize::try_from(count).unwrap_or(usize::MAX).min(70_000);
            values.push(match &field.ty {
                FieldType::Array(items) => vec![of_type(&items.ty); count.min(1001)].into(),
                _ => "a".repeat(count).into(),
            });
        }
    };
    if let Some(maximum) = field.ty.default_maximum_length() {
        sized(maximum);
    }
    for validation in &field.validations {
        if let Check::Length(length) = &validation.check {
            for bound in length.minimum.iter().chain(&length.maximum).chain(&length.is) {
                sized(bound.value);
            }
        }
    }
    for validation in &field.validations {
        match &validation.check {
            Check::Inclusion(listed) | Check::Exclusion(listed) => {
                values.extend(listed.iter().map(|value| value.value.clone()));
            }
            Check::Numericality(numericality) => {
                for (comparison, bound) in &numericality.comparisons {
                    values.extend(around(*comparison, &bound.value));
                }
            }
            _ => {}
        }
    }
    values.extend([of_type(&field.ty), json!(false), json!(0), json!(1), json!(2)]);
    values
}

/// A value of a type, as good as any.
fn of_type(ty: &FieldType) -> Value {
    match ty {
        FieldType::String | FieldType::Text => json!("a"),
        FieldType::Integer | FieldType::Number => json!(1),
        FieldType::Boolean => json!(true),
        FieldType::Date => json!("2026-11-23"),
        FieldType::DateTime => json!("2026-11-23T12:00:00Z"),
        FieldType::Array(items) => json!([of_type(&items.ty)]),
        FieldType::Object(_) | FieldType::Group { .. } => json!({}),
    }
}

fn around(comparison: Comparison, bound: &serde_json::Number) -> Vec<Value> {
    let step = i64::from(comparison != Comparison::MultipleOf);
    match bound.as_i64() {
        Some(bound) => {
            vec![json!(bound.saturating_sub(step)), json!(bound), json!(bound.saturating_add(step))]
        }
        None => vec![Value::Number(bound.clone())],
    }
}

/// A request with another value at a dotted path, or without one; nothing where the way does not lead there.
fn with(request: &Map<String, Value>, path: &str, value: Option<&Value>) -> Option<Map<String, Value>> {
    let mut request = request.clone();
    let (way, last) = path.rsplit_once('.').map_or((None, path), |(way, last)| (Some(way), last));
    let mut object = &mut request;
    for name in way.into_iter().flat_map(|way| way.split('.')) {
        let next = object.entry(name.to_owned()).or_insert_with(|| json!({}));
        object = next.as_object_mut()?;
    }
    match value {
        Some(value) => {
            object.insert(last.to_owned(), value.clone());
            // What has to be sent twice is.
            let repeated = format!("{last}_confirmation");
            if object.contains_key(&repeated) {
                object.insert(repeated, value.clone());
            }
        }
        None => {
            object.shift_remove(last)?;
        }
    }
    Some(request)
}

/// The way to every value that is no object, and to every object after what is in it.
fn leaves(value: &Value, way: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    if let Value::Object(values) = value {
        for (name, value) in values {
            way.push(name.clone());
            leaves(value, way, found);
            found.push(way.clone());
            way.pop();
        }
    }
}

/// What is stored, without what says nothing: an absent group is empty, and the order of keys means nothing.
fn substance(values: Map<String, Value>) -> Map<String, Value> {
    let each = values.into_iter().filter_map(|(name, value)| match value {
        Value::Object(inner) => {
            let inner = substance(inner);
            (!inner.is_empty()).then_some((name, Value::Object(inner)))
        }
        other => Some((name, other)),
    });
    each.collect()
}
