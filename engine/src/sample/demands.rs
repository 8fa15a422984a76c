//! What the rules of one field ask of its values, as far as a maker of values can use it.

use serde_json::{Map, Number, Value};

use crate::model::{Against, Check, Comparison, Field, Numericality, Order, Validation};

/// What a text is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// Anything.
    #[default]
    Plain,
    Email,
    Url,
    Uuid,
    PhoneNumber,
}

/// By what items have to differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Distinct<'f> {
    Whole,
    By(&'f str),
}

/// The demands of several rules on one value. They may contradict each other; then the form refuses what comes of it.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a rule that a field has or has not")]
pub(super) struct Demands<'f> {
    /// The least length, in characters or items.
    pub(super) least: Option<u64>,
    /// The greatest.
    pub(super) most: Option<u64>,
    /// Patterns that must match somewhere.
    pub(super) patterns: Vec<&'f str>,
    pub(super) kind: Kind,
    /// The only values that there may be.
    pub(super) listed: Option<Vec<Value>>,
    /// What a number must compare so with.
    pub(super) bounds: Vec<(Comparison, Number)>,
    /// Whether a number has one decimal more than its bounds.
    pub(super) finer: bool,
    pub(super) whole: bool,
    pub(super) odd: bool,
    pub(super) even: bool,
    /// Whether the text is a time, and an instant rather than a day.
    pub(super) with_time: Option<bool>,
    pub(super) times: Vec<(Order, &'f Against)>,
    /// The fields that a number must compare so with.
    pub(super) fields: Vec<(Comparison, &'f str)>,
    pub(super) accepted: bool,
    pub(super) absent: bool,
    /// By what no two items are alike, if they must not be.
    pub(super) distinct: Option<Distinct<'f>>,
}

impl<'f> Demands<'f> {
    /// The demands of a field's type, of its own keywords, and of those of its rules that count.
    pub(super) fn of(field: &'f Field, mut counts: impl FnMut(&'f Validation) -> bool) -> Self {
        let mut demands = Self {
            with_time: field.ty.is_temporal().then(|| field.ty.name() == "datetime"),
            ..Self::default()
        };
        for validation in &field.validations {
            if counts(validation) {
                demands.add(&validation.check);
            }
        }
        if let Some(schema) = &field.schema {
            demands.add_keywords(&schema.value);
        }
        demands
    }

    fn add(&mut self, check: &'f Check) {
        match check {
            Check::Length(length) => {
                let exactly = length.is.as_ref();
                self.at_least(length.minimum.as_ref().or(exactly).map(|bound| bound.value));
                self.at_most(length.maximum.as_ref().or(exactly).map(|bound| bound.value));
            }
            Check::Format { with, .. } => self.patterns.extend(with.iter().map(|with| with.value.as_str())),
            Check::Email => self.kind = Kind::Email,
            Check::Url => self.kind = Kind::Url,
            Check::Uuid => self.kind = Kind::Uuid,
            Check::PhoneNumber => self.kind = Kind::PhoneNumber,
            Check::Inclusion(values) => self.list(values.iter().map(|value| value.value.clone()).collect()),
            Check::Numericality(numericality) => self.add_numericality(numericality),
            Check::Timing(timing) => {
                self.with_time.get_or_insert(timing.with_time);
                self.times.extend(timing.bounds.iter().map(|(order, against)| (*order, &against.value)));
            }
            Check::Comparison(comparisons) => {
                self.fields.extend(comparisons.iter().map(|(how, path)| (*how, path.value.as_str())));
            }
            Check::Acceptance => self.accepted = true,
            Check::Absence => self.absent = true,
            Check::UniqueItems { by } => {
                self.distinct = Some(by.as_ref().map_or(Distinct::Whole, |key| Distinct::By(&key.value)));
            }
            Check::Presence | Check::Exclusion(_) | Check::Confirmation { .. } | Check::Unique(_) => {}
        }
    }

    fn add_numericality(&mut self, numericality: &Numericality) {
        self.whole |= numericality.only_integer;
        self.odd |= numericality.odd;
        self.even |= numericality.even;
        self.bounds.extend(numericality.comparisons.iter().map(|(how, bound)| (*how, bound.value.clone())));
    }

    /// What JSON Schema's keywords say that is also a rule's; the others are left to chance.
    fn add_keywords(&mut self, keywords: &'f Map<String, Value>) {
        for (keyword, value) in keywords {
            match (keyword.as_str(), value) {
                ("minLength" | "minItems", bound) => self.at_least(bound.as_u64()),
                ("maxLength" | "maxItems", bound) => self.at_most(bound.as_u64()),
                ("pattern", Value::String(pattern)) => self.patterns.push(pattern),
                ("enum", Value::Array(values)) => self.list(values.clone()),
                ("const", value) => self.list(vec![value.clone()]),
                ("minimum", Value::Number(bound)) => self.bound(Comparison::GreaterThanOrEqualTo, bound),
                ("exclusiveMinimum", Value::Number(bound)) => self.bound(Comparison::GreaterThan, bound),
                ("maximum", Value::Number(bound)) => self.bound(Comparison::LessThanOrEqualTo, bound),
                ("exclusiveMaximum", Value::Number(bound)) => self.bound(Comparison::LessThan, bound),
                ("multipleOf", Value::Number(bound)) => self.bound(Comparison::MultipleOf, bound),
                ("uniqueItems", Value::Bool(true)) => self.distinct = Some(Distinct::Whole),
                ("format", Value::String(format)) => self.add_format(format),
                ("allOf", Value::Array(schemas)) => {
                    schemas.iter().filter_map(Value::as_object).for_each(|schema| self.add_keywords(schema));
                }
                _ => {}
            }
        }
    }

    fn add_format(&mut self, format: &str) {
        match format {
            "email" => self.kind = Kind::Email,
            "uri" => self.kind = Kind::Url,
            "uuid" => self.kind = Kind::Uuid,
            "date" => self.with_time = Some(false),
            "date-time" => self.with_time = Some(true),
            _ => {}
        }
    }

    fn bound(&mut self, comparison: Comparison, bound: &Number) {
        self.bounds.push((comparison, bound.clone()));
    }

    fn at_least(&mut self, bound: Option<u64>) {
        self.least = self.least.max(bound);
    }

    fn at_most(&mut self, bound: Option<u64>) {
        self.most = match (self.most, bound) {
            (Some(most), Some(bound)) => Some(most.min(bound)),
            (most, bound) => most.or(bound),
        };
    }

    /// Keeps of several lists what is in each, if anything is.
    fn list(&mut self, values: Vec<Value>) {
        let both = self.listed.take().map(|listed| {
            let in_both: Vec<Value> = listed.iter().filter(|value| values.contains(value)).cloned().collect();
            if in_both.is_empty() { listed } else { in_both }
        });
        self.listed = Some(both.unwrap_or(values));
    }
}
