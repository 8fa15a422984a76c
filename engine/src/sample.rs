//! Samples: requests that a form accepts, and requests that break exactly one of its rules.
//!
//! A compiled form and a seed enter; `form` values leave, each of which the form itself has judged. They are guessed from
//! the form's model and mended by what the form says of them, so that nothing here needs to know what is valid. Called
//! by the command line, by tests and by whoever needs a witness.

mod broken;
mod condition;
mod demands;
mod draft;
mod moment;
mod number;
mod pattern;
mod random;
mod target;
mod text;
mod value;

use std::collections::HashMap;
use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::compile::CompiledForm;
use crate::model::{Check, Condition, Field, Segment, Step};
use crate::submission::{Circumstances, Refusal, Submitted, Violation, submit};
use broken::Harm;
use condition::Draft;
use draft::{Place, beside, dotted_place, get, place_of, remove, set, steps};
use pattern::Pattern;
use random::Random;
use target::{Target, targets};
use value::Wanted;

pub(crate) use condition::turning_points;

/// How many drafts are begun for one valid sample.
const DRAFTS: usize = 24;

/// How often one draft is mended.
const MENDS: usize = 80;

/// How many drafts are begun to break one rule, and how many ways to break it are tried with each.
const BREAKS: (usize, usize) = (4, 6);

/// How often a rule is tried in vain before it is left alone.
const MOST_MISSES: usize = 2;

/// A request that breaks one rule.
#[derive(Clone, Debug)]
pub struct Broken {
    /// The `form` value.
    pub form: Map<String, Value>,
    /// The dotted path of the one error, items by their index.
    pub path: String,
    /// Its code.
    pub code: &'static str,
}

/// Makes samples of one form; the same ones for the same form, seed and times.
#[derive(Debug)]
pub struct Sampler<'f> {
    form: &'f CompiledForm,
    seed: u64,
    random: Random,
    now: SystemTime,
    /// How many addresses have been made.
    serial: u64,
    /// How many samples have been asked for.
    drawn: usize,
    /// How many in a hundred of the optional fields are sent.
    richness: usize,
    patterns: HashMap<&'f str, Pattern>,
    /// The values at which conditions change their minds, by the field that they are about.
    mentions: HashMap<Vec<Step>, Vec<Value>>,
    /// Every condition, with the field that it is of.
    conditions: Vec<(Vec<Step>, &'f Condition)>,
    targets: Vec<Target<'f>>,
    next: usize,
}

impl<'f> Sampler<'f> {
    /// Samples of a form; a seed other than 0 also shows in what is unique, so that runs do not collide.
    #[must_use]
    pub fn new(form: &'f CompiledForm, seed: u64) -> Self {
        let mut sampler = Self {
            form,
            seed,
            random: Random::new(seed),
            now: SystemTime::UNIX_EPOCH,
            serial: 0,
            drawn: 0,
            richness: 100,
            patterns: HashMap::new(),
            mentions: HashMap::new(),
            conditions: Vec::new(),
            targets: targets(&form.form),
            next: 0,
        };
        form.form.for_each_field(&mut |field, path| sampler.learn(field, path));
        sampler
    }

    fn learn(&mut self, field: &'f Field, path: &[Step]) {
        let formats = field.validations.iter().filter_map(|validation| match &validation.check {
            Check::Format { with, without } => Some(with.iter().chain(without)),
            _ => None,
        });
        let own = field.schema.iter().flat_map(|schema| patterns_in(&schema.value));
        for pattern in formats.flatten().map(|pattern| pattern.value.as_str()).chain(own) {
            if let Some(tree) = Pattern::parse(pattern) {
                self.patterns.insert(pattern, tree);
            }
        }
        let rules = field.validations.iter().filter_map(|validation| validation.condition.as_ref());
        for condition in field.when.iter().chain(rules) {
            self.conditions.push((path.to_vec(), condition));
            condition.for_each_field(&mut |mentioned, expectation| {
                if let Some(target) = self.form.form.resolve(path, &mentioned.value) {
                    self.mentions.entry(target.path).or_default().extend(turning_points(expectation));
                }
            });
        }
    }

    /// A `form` value that the form accepts, judged as of `now`; nothing if none was found within the bounded tries.
    pub fn valid(&mut self, now: SystemTime) -> Option<Map<String, Value>> {
        self.now = now;
        self.drawn += 1;
        (0..DRAFTS).find_map(|attempt| {
            // The first sample shows every field, the second as few as may be, and later ones some.
            self.richness = match (self.drawn, attempt) {
                (1, 0) => 100,
                (2, 0) => 0,
                _ => [20, 50, 80][self.random.below(3)],
            };
            let mut draft = self.draft();
            if attempt % 2 == 1 || self.drawn > 2 {
                self.take_a_side(&mut draft);
            }
            self.mended(draft, None)
        })
    }

    /// A `form` value that breaks exactly one rule; from call to call it goes round all rules that it finds a way to
    /// break. Uniqueness among records is none of them.
    pub fn invalid(&mut self, now: SystemTime) -> Option<Broken> {
        self.now = now;
        for _ in 0..self.targets.len() {
            let index = self.next;
            self.next = (index + 1) % self.targets.len();
            let target = self.targets[index].clone();
            if target.missed >= MOST_MISSES && !target.met {
                continue;
            }
            let found = self.breaking(&target);
            match (&found, self.targets.get_mut(index)) {
                (Some(_), Some(target)) => target.met = true,
                (None, Some(target)) => target.missed += 1,
                _ => {}
            }
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Every rule that `invalid` tries to break: the dotted path without indexes, and the code.
    #[must_use]
    pub fn breakable(&self) -> Vec<(String, &'static str)> {
        let mut found: Vec<(String, &'static str)> =
            self.targets.iter().map(|target| (target.dotted(), target.code)).collect();
        found.sort();
        found.dedup();
        found
    }

    fn draft(&mut self) -> Draft {
        let values = self.object(&self.form.form.fields, &mut Vec::new());
        Draft { values, settled: Vec::new() }
    }

    fn field_at(&self, path: &[Step]) -> Option<&'f Field> {
        let form: &'f CompiledForm = self.form;
        match path.split_last()? {
            (Step::Key(name), around) => {
                form.form.fields_at(around)?.iter().find(|field| field.name.value == *name)
            }
            (Step::Item, around) => self.field_at(around)?.items(),
        }
    }

    fn breaking(&mut self, target: &Target<'f>) -> Option<Broken> {
        let (drafts, ways) = BREAKS;
        for attempt in 0..drafts {
            self.richness = [100, 60, 20][attempt % 3];
            let mut draft = self.draft();
            let Some(place) = self.placed(&mut draft, target) else { continue };
            let Some(values) = self.mended(draft.clone(), None) else { continue };
            for _ in 0..ways {
                let mut draft = Draft { values: values.clone(), settled: draft.settled.clone() };
                match self.harm(target, &place, &values) {
                    Harm::Set(value) => {
                        if !set(&mut draft.values, &place, value) {
                            continue;
                        }
                    }
                    Harm::Remove => remove(&mut draft.values, &place),
                }
                draft.settled.push(place.clone());
                if let Some(form) = self.mended(draft, Some((&place, target.code))) {
                    return Some(Broken { form, path: dotted_place(&place), code: target.code });
                }
            }
        }
        None
    }

    /// The place at which a rule is to be broken, with what is around it in the draft, and with its condition met.
    fn placed(&mut self, draft: &mut Draft, target: &Target<'f>) -> Option<Place> {
        let mut place = Place::new();
        for (at, step) in target.path.iter().enumerate() {
            let way = &target.path[..=at];
            match step {
                Step::Key(name) => place.push(Segment::Key(name.clone())),
                Step::Item => {
                    let count = get(&draft.values, &place).and_then(Value::as_array).map_or(0, Vec::len);
                    place.push(Segment::Index(self.random.below(count)));
                }
            }
            let is_there = get(&draft.values, &place).is_some_and(|value| !value.is_null());
            if at + 1 < target.path.len() && !is_there {
                let field = self.field_at(way)?;
                let value = match &field.ty {
                    crate::model::FieldType::Array(_) => Value::Array(Vec::new()),
                    _ => self.value(field, &mut way.to_vec(), Wanted::ANYTHING),
                };
                set(&mut draft.values, &place, value);
            }
        }
        let is_there = get(&draft.values, &place).is_some_and(|value| !value.is_null());
        if !is_there
            && target.code != "present"
            && let Some(field) = self.field_at(&target.path)
        {
            let value = self.value(field, &mut target.path.clone(), Wanted::ANYTHING);
            set(&mut draft.values, &place, value);
        }
        // The field itself counts, and its rule does.
        self.reveal(draft, &place, 0);
        if let Some(condition) = target.condition() {
            self.make(draft, &place, condition, true, 0);
        }
        Some(place)
    }

    /// The draft changed until the form finds nothing wrong with it but what is wanted; nothing where that fails.
    fn mended(&mut self, mut draft: Draft, wanted: Option<(&Place, &str)>) -> Option<Map<String, Value>> {
        let form: &'f CompiledForm = self.form;
        let circumstances = Circumstances::at(self.now);
        for _ in 0..MENDS {
            let violations = match submit(form, Submitted::new(draft.values.clone()), &circumstances) {
                Ok(_) => Vec::new(),
                Err(Refusal::Violations(violations)) => violations,
                Err(Refusal::Payload(_)) => return None,
            };
            let is_wanted = |violation: &Violation| {
                wanted.is_some_and(|(place, code)| {
                    violation.code == code && violation.dotted_path() == dotted_place(place)
                })
            };
            let others: Vec<&Violation> =
                violations.iter().filter(|violation| !is_wanted(violation)).collect();
            if others.is_empty() {
                let as_wanted = violations.len() == usize::from(wanted.is_some());
                return as_wanted.then_some(draft.values);
            }
            for violation in others {
                let (place, field) = place_of(&form.form, &violation.pointer());
                self.mend(&mut draft, &place, field, violation.code)?;
            }
        }
        None
    }

    /// Changes anything: what the form computes depends on what it is sent.
    fn stir(&mut self, draft: &mut Draft) {
        let mut paths = Vec::new();
        self.form.form.for_each_field(&mut |field, path| {
            if !field.readonly && !path.contains(&Step::Item) && !field.ty.is_compound() {
                paths.push((field, path.to_vec()));
            }
        });
        let Some((field, mut path)) = self.random.pick(&paths).cloned() else { return };
        let place = beside(&[], &path);
        if draft.is_settled(&place) {
            return;
        }
        if self.random.one_in(4) {
            remove(&mut draft.values, &place);
        } else {
            let value = self.value(field, &mut path, Wanted::ANYTHING);
            set(&mut draft.values, &place, value);
        }
    }

    /// Changes a draft where the form found something wrong; nothing where it is to stay as it is.
    fn mend(&mut self, draft: &mut Draft, place: &Place, field: Option<&'f Field>, code: &str) -> Option<()> {
        let form = &self.form.form;
        if code == "confirmation" {
            return repeat(draft, place);
        }
        if draft.settled.iter().any(|settled| place.starts_with(settled)) {
            return None;
        }
        let path = steps(place);
        if (1..=path.len()).any(|length| form.payload_computes(&path[..length])) {
            self.stir(draft);
            return Some(());
        }
        let Some(field) = field else {
            remove(&mut draft.values, place);
            return Some(());
        };
        // Something within it is settled: then it is not made anew.
        if draft.is_settled(place) {
            return None;
        }
        // What may be left out is left out once in a while, since there may be no other way.
        let may_go = code != "blank" && matches!(place.last(), Some(Segment::Key(_)));
        if code == "present" || (may_go && self.random.one_in(12)) {
            remove(&mut draft.values, place);
            return Some(());
        }
        let values = draft.values.clone();
        let wanted = Wanted { code: Some(code), place: Some((place, &values)) };
        let value = self.value(field, &mut steps(place), wanted);
        set(&mut draft.values, place, value);
        let twin = twin_of(place)?;
        if field.validations.iter().any(|rule| matches!(rule.check, Check::Confirmation { .. }))
            && !draft.is_settled(&twin)
        {
            let value = get(&draft.values, place).cloned()?;
            set(&mut draft.values, &twin, value);
        }
        Some(())
    }
}

/// Where a value has to be repeated.
fn twin_of(place: &[Segment]) -> Option<Place> {
    let (last, around) = place.split_last()?;
    let last = match last {
        Segment::Key(name) => Segment::Key(format!("{name}_confirmation")),
        Segment::Index(index) => Segment::Index(*index),
    };
    Some([around, &[last]].concat())
}

/// Puts a value also where it has to be repeated.
fn repeat(draft: &mut Draft, place: &Place) -> Option<()> {
    let (Segment::Key(last), around) = place.split_last()? else { return None };
    let name = Segment::Key(last.strip_suffix("_confirmation")?.to_owned());
    let value = get(&draft.values, &[around, &[name]].concat()).cloned()?;
    if draft.is_settled(place) {
        return None;
    }
    set(&mut draft.values, place, value).then_some(())
}

/// The patterns among further keywords of an author's.
fn patterns_in(keywords: &Map<String, Value>) -> Vec<&str> {
    let own = keywords.get("pattern").and_then(Value::as_str);
    let inner = keywords.get("allOf").and_then(Value::as_array).into_iter().flatten();
    let inner = inner.filter_map(Value::as_object).flat_map(patterns_in);
    own.into_iter().chain(inner).collect()
}
