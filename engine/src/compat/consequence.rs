//! Stored values that are others, and what else looks at them: a default that changes what is stored may also decide a
//! condition, and then a request is refused.
//!
//! In: the new form, what its policies read, and findings about what is stored. They are about requests too where any
//! rule, template or policy may see the other value. Called by `compat`.

use super::finding::{Category, Change, Finding, Severity};
use super::policies::Reading;
use crate::model::{
    Against, Check, Field, FieldType, Form, Normalizer, PayloadSource, Step, Validation, dotted,
};

/// Says of each finding about what is stored whether requests may be refused for it; gives the place of each of those
/// among the findings, with why.
pub(super) fn add(
    old: &Form,
    new: &Form,
    readings: &[Reading<'_>],
    findings: &mut [Finding],
) -> Vec<(usize, String)> {
    let mut reasons = Vec::new();
    let readers = readers(new);
    let stored = |(_, found): &(usize, &mut Finding)| {
        found.category == Category::Stored
            && found.severity == Severity::Warning
            && changes_value(found.change)
    };
    for (index, finding) in findings.iter_mut().enumerate().filter(stored) {
        let path = finding.path.clone().unwrap_or_default();
        let reader = readers.iter().find(|reader| touches(&reader.seen, &path)).map(|reader| &reader.path);
        let why = match reader {
            Some(reader) => format!("`{reader}` depends on it"),
            None if is_judged(old, new, &path, finding.change) => "other rules judge the value".to_owned(),
            None => continue,
        };
        finding.category = Category::Request;
        reasons.push((index, why));
    }
    for (index, finding) in findings.iter_mut().enumerate() {
        if let Some(why) = read_by_policy(finding, readings) {
            finding.category = Category::Request;
            finding.severity = finding.severity.max(Severity::Warning);
            match reasons.iter_mut().find(|(of, _)| *of == index) {
                Some((_, reason)) => *reason = format!("{reason}, and {why}"),
                None => reasons.push((index, why)),
            }
        }
    }
    reasons
}

/// Which policy sees another value than before, or none.
fn read_by_policy(finding: &Finding, readings: &[Reading<'_>]) -> Option<String> {
    // What a form computes is put in its place after the policies were asked.
    let is_seen = matches!(
        finding.change,
        Change::DefaultChanged
            | Change::ReadonlyAdded
            | Change::ReadonlyRemoved
            | Change::NormalizationAdded
            | Change::NormalizationRemoved
            | Change::FieldDropped
            | Change::FieldJudged
            | Change::VisibilityNarrowed
            | Change::VisibilityWidened
            | Change::VisibilityChanged
            | Change::SecretAdded
            | Change::SecretRemoved
    );
    let path = finding.path.as_ref().filter(|_| is_seen)?;
    let reading = readings.iter().find(|reading| touches(&reading.path, path))?;
    Some(match finding.change {
        Change::SecretAdded => {
            format!("the policy `{}` reads it, and no policy sees a secret", reading.policy)
        }
        _ => format!("the policy `{}` reads it", reading.policy),
    })
}

/// Says of the findings for which requests may be refused why, and whether that is known.
pub(super) fn explain(findings: &mut [Finding], reasons: Vec<(usize, String)>) {
    for (index, why) in reasons {
        let Some(finding) = findings.get_mut(index) else { continue };
        let help = match finding.severity {
            Severity::Breaking => why,
            _ => format!("{why}: whether any request is refused for it is not known"),
        };
        finding.help.get_or_insert(help);
    }
}

/// The dotted paths of all that may be judged otherwise if the value at a path is another one, or is there at all.
pub(super) fn dependents(form: &Form, path: &str) -> Vec<String> {
    let readers = readers(form);
    let mut found = vec![path.to_owned()];
    let mut next = 0;
    while let Some(changed) = found.get(next).cloned() {
        let reading = readers.iter().filter(|reader| touches(&reader.seen, &changed));
        for path in reading.map(|reader| reader.path.clone()).chain(companions(form, &changed)) {
            if !found.contains(&path) {
                found.push(path);
            }
        }
        next += 1;
    }
    found.split_off(1)
}

/// The fields of the profiles, objects and items that a value brings about.
fn companions(form: &Form, path: &str) -> Vec<String> {
    let mut optional = Vec::new();
    form.for_each_field(&mut |field, at| {
        let place = dotted(at);
        let may_be_absent = match &field.ty {
            FieldType::Group { implied, .. } => !implied,
            ty => ty.is_compound(),
        };
        if may_be_absent && place != path && is_around(&place, path) {
            optional.push(place);
        }
    });
    let mut found = Vec::new();
    form.for_each_field(&mut |_, at| {
        let place = dotted(at);
        if optional.iter().any(|outer| *outer != place && is_around(outer, &place)) {
            found.push(place);
        }
    });
    found
}

/// Whether a value may be another one that is sent alike.
fn changes_value(change: Change) -> bool {
    matches!(
        change,
        Change::DefaultChanged
            | Change::ComputedValueChanged
            | Change::ReadonlyAdded
            | Change::ReadonlyRemoved
            | Change::NormalizationAdded
    )
}

/// A field that something else looks at, which is empty where it may be any.
struct Reader {
    seen: String,
    /// What looks at it.
    path: String,
}

fn readers(form: &Form) -> Vec<Reader> {
    let mut readers = Vec::new();
    form.for_each_field(&mut |field, at| {
        let mut see = |written: &str| {
            let seen = form.resolve(at, written).map(|target| dotted(&target.path)).unwrap_or_default();
            readers.push(Reader { seen, path: dotted(at) });
        };
        let rules = field.validations.iter().filter_map(|rule| rule.condition.as_ref());
        for condition in field.when.iter().chain(rules) {
            condition.for_each_field(&mut |path, _| see(&path.value));
        }
        for rule in &field.validations {
            for other in related(rule) {
                see(other);
            }
        }
    });
    // What exactly a template reads makes little difference: most read what was sent.
    let computed = form.payload.iter().filter(|entry| !is_constant(&entry.source.value));
    readers.extend(computed.map(|entry| Reader { seen: String::new(), path: dotted(&entry.path) }));
    readers
}

/// The fields that a rule holds a value against.
fn related(rule: &Validation) -> Vec<&str> {
    match &rule.check {
        Check::Comparison(comparisons) => comparisons.iter().map(|(_, other)| other.value.as_str()).collect(),
        Check::Timing(timing) => {
            let fields = timing.bounds.iter().filter_map(|(_, against)| match &against.value {
                Against::Field(path) => Some(path.as_str()),
                Against::Moment(..) => None,
            });
            fields.collect()
        }
        _ => Vec::new(),
    }
}

fn is_constant(source: &PayloadSource) -> bool {
    matches!(source, PayloadSource::Constant(_))
}

/// Whether one path is the other, or around it.
fn touches(one: &str, other: &str) -> bool {
    is_around(one, other) || is_around(other, one)
}

fn is_around(outer: &str, inner: &str) -> bool {
    let rest = inner.strip_prefix(outer);
    outer.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Whether rules of the new form may refuse the other value, or what is around it.
fn is_judged(old: &Form, new: &Form, path: &str, change: Change) -> bool {
    let mut judged = false;
    new.for_each_field(&mut |field, at| {
        let place = dotted(at);
        if place == path {
            judged |=
                may_refuse(field, change) || (change == Change::DefaultChanged && brings_about(old, new, at));
        } else if is_around(&place, path) {
            judged |= !field.validations.is_empty();
        }
    });
    let computed = || match new.payload.iter().find(|entry| dotted(&entry.path) == path) {
        Some(entry) => !is_constant(&entry.source.value),
        // What is sent counts, which was put aside.
        None => true,
    };
    // A value that is computed brings about what is around it, and that demands more.
    let brings = || companions(new, path).iter().any(|companion| companion != path);
    judged || (change == Change::ComputedValueChanged && (computed() || brings()))
}

fn may_refuse(field: &Field, change: Change) -> bool {
    let only_shortens =
        |step: &Normalizer| matches!(step, Normalizer::Trim | Normalizer::Squish | Normalizer::Digits);
    match change {
        Change::ReadonlyRemoved => true,
        Change::ReadonlyAdded => field.presence().is_some(),
        Change::NormalizationAdded => {
            !field.validations.is_empty()
                || field.schema.is_some()
                || !field.normalize.iter().all(only_shortens)
        }
        // By the rules that always say the same it has been judged already.
        _ => field.is_about_the_present() || field.validations.iter().any(depends_on_more),
    }
}

/// Whether what a rule says of a value depends on more than the value.
fn depends_on_more(rule: &Validation) -> bool {
    rule.condition.is_some()
        || !related(rule).is_empty()
        || matches!(rule.check, Check::Confirmation { .. } | Check::UniqueItems { .. })
}

/// Whether the default makes a profile be there that was not, and whose fields are then required.
fn brings_about(old: &Form, new: &Form, at: &[Step]) -> bool {
    let had_none = || {
        let mut had = false;
        old.for_each_field(&mut |field, place| had |= place == at && field.default.is_some());
        !had
    };
    let in_profile = matches!(at, [Step::Key(group), Step::Key(_), ..] if is_profiles(new, group));
    in_profile && had_none()
}

/// Whether a name is that of a group of groups that are there only if something in them is.
fn is_profiles(form: &Form, name: &str) -> bool {
    use crate::model::FieldType::Group;
    let group = form.fields.iter().find(|field| field.name.value == name);
    group.is_some_and(|group| {
        group.fields().iter().any(|profile| matches!(profile.ty, Group { implied: false, .. }))
    })
}
