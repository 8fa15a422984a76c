//! Requests that the old form accepts and the new one refuses, or stores otherwise: tried with both, never guessed.

mod values;

use std::time::SystemTime;

use serde_json::{Map, Value, json};

use super::consequence;
use super::finding::{Category, Change, Finding, Outcome, Severity, Witness};
use crate::compile::CompiledForm;
use crate::sample::Sampler;
use crate::submission::{Accepted, Circumstances, Refusal, Submitted, submit};
use values::Values;

/// How many requests are made of the old form.
const SAMPLES: usize = 48;

/// How many requests are made that break one rule of the new form.
const BREACHES: usize = 24;

/// How many of the samples are taken apart, down to what they cannot do without.
const MINIMAL: usize = 4;

/// How many requests are tried for one finding.
const TRIALS: usize = 4000;

type Request = Map<String, Value>;

/// Shows findings by requests, raises those that a request proves, and reports what no finding explains.
pub(super) fn add(old: &CompiledForm, new: &CompiledForm, findings: &mut Vec<Finding>, now: SystemTime) {
    if old.version() == new.version() && findings.is_empty() && old.name() == new.name() {
        return;
    }
    let trial = Trial { old, new, circumstances: Circumstances::at(now), values: Values::new(old, new) };
    let requests = trial.requests(findings, now);
    for finding in findings.iter_mut().filter(|finding| finding.severity > Severity::Info) {
        let Some(about) = About::of(finding, new) else { continue };
        let Some(witness) = trial.search(&requests, &about) else { continue };
        if matches!(witness.outcome, Outcome::Refused { .. }) {
            finding.severity = Severity::Breaking;
            finding.category = Category::Request;
        }
        finding.witness = Some(witness);
    }
    let worst = findings.iter().map(|finding| finding.severity).max();
    if worst != Some(Severity::Breaking) {
        findings.extend(trial.unexplained(&requests, worst == Some(Severity::Warning)));
    }
}

/// The places at which a finding shows.
struct About {
    path: String,
    /// Whether requests that both accept show it.
    is_stored: bool,
    /// What else may be refused for it.
    dependents: Vec<String>,
    /// Whether the form may fail to compute a value for it.
    may_fail: bool,
}

impl About {
    /// Nothing for a finding that no request can show.
    fn of(finding: &Finding, new: &CompiledForm) -> Option<Self> {
        let path = finding.path.clone()?;
        if finding.change.category() == Category::Errors {
            return None;
        }
        let is_open = finding.severity == Severity::Warning && finding.category == Category::Request;
        let dependents = if is_open { consequence::dependents(&new.form, &path) } else { Vec::new() };
        let is_stored = finding.change.category() == Category::Stored;
        Some(Self { path, is_stored, dependents, may_fail: is_open && is_stored })
    }

    /// Whether an outcome has to do with it.
    fn is_met_by(&self, outcome: &Outcome) -> bool {
        match outcome {
            Outcome::Refused { code: PAYLOAD_FAILED, .. } => self.may_fail,
            Outcome::Refused { path, .. } => {
                is_related(&self.path, path)
                    || self.dependents.iter().any(|dependent| is_related(dependent, path))
            }
            Outcome::Stored { old, new } => {
                let way = self.path.replace('~', "~0").replace('/', "~1").replace('.', "/");
                let at =
                    |stored: &Request| Value::Object(stored.clone()).pointer(&format!("/{way}")).cloned();
                at(old) != at(new)
            }
        }
    }
}

/// Whether the dotted path of an error is that of a field, or around it, or within it.
fn is_related(field: &str, error: &str) -> bool {
    let error: Vec<&str> = error.split('.').filter(|part| part.parse::<usize>().is_err()).collect();
    let own: Vec<&str> = field.split('.').collect();
    let repeated = error.last().and_then(|last| last.strip_suffix("_confirmation"));
    error.starts_with(&own)
        || own.starts_with(&error)
        || (repeated == own.last().copied() && error.len() == own.len())
}

/// The code of a request for which the form cannot compute a value.
const PAYLOAD_FAILED: &str = "payload_failed";

/// Requests that the old form accepts.
struct Requests {
    samples: Vec<Request>,
    /// Samples without all that they can do without.
    minimal: Vec<Request>,
    /// Those that break a rule of the new form.
    breaches: Vec<Request>,
}

struct Trial<'f> {
    old: &'f CompiledForm,
    new: &'f CompiledForm,
    circumstances: Circumstances,
    values: Values<'f>,
}

impl Trial<'_> {
    fn submit(&self, form: &CompiledForm, request: &Request) -> Result<Accepted, Refusal> {
        submit(form, Submitted::new(request.clone()), &self.circumstances)
    }

    fn requests(&self, findings: &[Finding], now: SystemTime) -> Requests {
        let mut accepted = Sampler::new(self.old, 1);
        let samples: Vec<Request> = (0..SAMPLES).map_while(|_| accepted.valid(now)).collect();
        let mut minimal: Vec<Request> = Vec::new();
        for sample in samples.iter().take(MINIMAL) {
            let least = self.least(sample.clone());
            if !minimal.contains(&least) {
                minimal.push(least);
            }
        }
        let mut breaches = Vec::new();
        if findings.iter().any(|finding| finding.severity == Severity::Warning) {
            let mut refused = Sampler::new(self.new, 1);
            let made = (0..BREACHES).map_while(|_| refused.invalid(now)).map(|broken| broken.form);
            breaches = made.filter(|request| self.submit(self.old, request).is_ok()).collect();
        }
        Requests { samples, minimal, breaches }
    }

    /// A request without whatever the old form accepts it without.
    fn least(&self, mut request: Request) -> Request {
        for way in ways(&request) {
            if let Some(smaller) = with(&request, &way, None)
                && self.submit(self.old, &smaller).is_ok()
            {
                request = smaller;
            }
        }
        request
    }

    /// What both forms make of a request that the old one accepts, if they differ.
    fn outcome(&self, request: &Request) -> Option<Outcome> {
        let before = self.submit(self.old, request).ok()?;
        match self.submit(self.new, request) {
            Err(Refusal::Violations(violations)) => {
                let first = violations.first()?;
                Some(Outcome::Refused { path: first.dotted_path(), code: first.code })
            }
            Err(Refusal::Payload(_)) => {
                Some(Outcome::Refused { path: "base".to_owned(), code: PAYLOAD_FAILED })
            }
            Ok(after) => {
                let (old, new) = (substance(before.attributes), substance(after.attributes));
                (old != new).then_some(Outcome::Stored { old, new })
            }
        }
    }

    /// A request that shows a finding, as small as it can be. One that both forms accept shows little: it is taken only
    /// where none of the bounded tries is refused.
    fn search(&self, requests: &Requests, about: &About) -> Option<Witness> {
        let mut stored = None;
        for request in self.targeted(requests, about).take(TRIALS) {
            let Some(outcome) = self.outcome(&request) else { continue };
            if !about.is_met_by(&outcome) {
                continue;
            }
            if matches!(outcome, Outcome::Refused { .. }) {
                return Some(self.smallest(request, about, outcome));
            }
            stored = stored.or(Some((request, outcome)));
        }
        let (request, outcome) = stored.filter(|_| about.is_stored)?;
        Some(self.smallest(request, about, outcome))
    }

    /// Requests with other values of the field that a finding is about, and of those that depend on it, or without them.
    fn targeted<'a>(
        &'a self,
        requests: &'a Requests,
        about: &'a About,
    ) -> impl Iterator<Item = Request> + 'a {
        let own = self.values.at(&about.path);
        let varied = move |request: &'a Request| {
            let changed: Vec<Request> =
                own.iter().filter_map(|value| with(request, &about.path, value.as_ref())).collect();
            changed.into_iter().chain([request.clone()])
        };
        let of_dependents = |request: &Request| {
            let mut found = Vec::new();
            for base in with(request, &about.path, None).into_iter().chain([request.clone()]) {
                for path in &about.dependents {
                    let values = self.values.at(path);
                    found.extend(values.iter().filter_map(|value| with(&base, path, value.as_ref())));
                }
            }
            found
        };
        let small = requests.minimal.iter().flat_map(varied.clone());
        let small = small.chain(requests.breaches.iter().cloned());
        let dependent = requests.minimal.iter().take(1).flat_map(of_dependents);
        let without = requests
            .samples
            .iter()
            .flat_map(|sample| about.dependents.iter().filter_map(|path| with(sample, path, None)));
        small.chain(dependent).chain(requests.samples.iter().flat_map(varied)).chain(without)
    }

    /// The request without whatever it can do without.
    fn smallest(&self, request: Request, about: &About, outcome: Outcome) -> Witness {
        let mut best = Witness { form: request, outcome };
        for way in ways(&best.form) {
            let Some(smaller) = with(&best.form, &way, None) else { continue };
            let Some(outcome) = self.outcome(&smaller).filter(|outcome| about.is_met_by(outcome)) else {
                continue;
            };
            if std::mem::discriminant(&outcome) == std::mem::discriminant(&best.outcome) {
                best = Witness { form: smaller, outcome };
            }
        }
        best
    }

    /// What requests show and no finding explains; only whether any is refused, where something else is stored anyway.
    fn unexplained(&self, requests: &Requests, refused_only: bool) -> Option<Finding> {
        let all = requests.minimal.iter().chain(&requests.samples).chain(&requests.breaches);
        let (request, outcome) = all
            .filter_map(|sample| Some((sample.clone(), self.outcome(sample)?)))
            .find(|(_, outcome)| !refused_only || matches!(outcome, Outcome::Refused { .. }))?;
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

/// A request with another value at a dotted path, or without one; nothing where the way does not lead there. Of
/// items it is the first.
fn with(request: &Map<String, Value>, path: &str, value: Option<&Value>) -> Option<Map<String, Value>> {
    let mut request = request.clone();
    let (way, last) = path.rsplit_once('.').map_or((None, path), |(way, last)| (Some(way), last));
    let mut object = &mut request;
    for name in way.into_iter().flat_map(|way| way.split('.')) {
        let next = object.entry(name.to_owned()).or_insert_with(|| json!({}));
        object = match next {
            Value::Array(items) => items.first_mut()?.as_object_mut()?,
            next => next.as_object_mut()?,
        };
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

/// The dotted path of every value that is no object, and of every object after what is in it.
fn ways(request: &Request) -> Vec<String> {
    let mut found = Vec::new();
    for (name, value) in request {
        if let Value::Object(inner) = value {
            found.extend(ways(inner).iter().map(|way| format!("{name}.{way}")));
        }
        found.push(name.clone());
    }
    found
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
