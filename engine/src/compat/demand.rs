//! What a field demands of its value, one demand at a time: those of its rules, and those that nobody wrote down.
//!
//! The rules of `schema` decide what is accepted; this says the same in a shape in which one demand can be held
//! against another. A demand that is missing here would let a change pass unseen, so the matches are exhaustive.

mod implication;

use serde_json::{Number, Value};

use super::statement::Statement;
use crate::model::{
    Against, Check, Comparison, Condition, Field, FieldType, Form, Length, Moment, Numericality, Order, Step,
    Timing, Validation,
};
use crate::source::Span;

/// Which values a demand is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Domain {
    All,
    NotBlank,
    Blank,
}

/// What is demanded.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Presence,
    Absence,
    AtLeast(u64),
    AtMost(u64),
    Matches(String),
    MatchesNot(String),
    Email,
    Url,
    Uuid,
    PhoneNumber,
    OneOf(Vec<Value>),
    NoneOf(Vec<Value>),
    Whole,
    Odd,
    Even,
    Compares(Comparison, Number),
    Date,
    DateTime,
    Lies { order: Order, moment: Moment, with_time: bool },
    LiesTo { order: Order, field: Vec<Step>, with_time: bool },
    ComparesTo { comparison: Comparison, field: Vec<Step> },
    Repeated { case_sensitive: bool },
    Accepted,
    Unique { scope: Vec<Vec<Step>>, case_sensitive: bool },
    UniqueItems { by: Option<String> },
}

/// One demand of a field.
#[derive(Clone, Debug)]
pub(super) struct Demand {
    pub(super) kind: Kind,
    pub(super) domain: Domain,
    pub(super) condition: Statement,
    /// Where it is written; where the field is, if nobody wrote it.
    pub(super) span: Span,
    /// The error code of a value that does not meet it.
    pub(super) code: &'static str,
    /// Whether the author wrote it, or the resource.
    pub(super) stated: bool,
}

/// Every demand of the field at `path`.
pub(super) fn demands(form: &Form, path: &[Step], field: &Field) -> Vec<Demand> {
    let mut found = Vec::new();
    for validation in &field.validations {
        let condition = Statement::of(form, path, validation.condition.as_ref());
        let domain = if validation.allow_blank { Domain::NotBlank } else { Domain::All };
        for (kind, code, span) in kinds(form, path, validation) {
            let condition = condition.clone();
            found.push(Demand { kind, domain, condition, span, code, stated: true });
        }
    }
    found.extend(unstated(form, path, field));
    found
}

fn kinds(form: &Form, path: &[Step], validation: &Validation) -> Vec<(Kind, &'static str, Span)> {
    let name = validation.check.name();
    let one = |kind, code| vec![(kind, code, validation.span.clone())];
    let resolved = |written: &str| form.resolve(path, written).map(|target| target.path).unwrap_or_default();
    match &validation.check {
        Check::Presence => one(Kind::Presence, "blank"),
        Check::Absence => one(Kind::Absence, "present"),
        Check::Length(length) => of_length(length),
        Check::Format { with, without } => {
            let with = with.iter().map(|pattern| (Kind::Matches(pattern.value.clone()), pattern));
            let without = without.iter().map(|pattern| (Kind::MatchesNot(pattern.value.clone()), pattern));
            with.chain(without).map(|(kind, pattern)| (kind, "invalid", pattern.span.clone())).collect()
        }
        Check::Email => one(Kind::Email, name),
        Check::Url => one(Kind::Url, name),
        Check::Uuid => one(Kind::Uuid, name),
        Check::PhoneNumber => one(Kind::PhoneNumber, name),
        Check::Inclusion(values) => {
            one(Kind::OneOf(values.iter().map(|value| value.value.clone()).collect()), name)
        }
        Check::Exclusion(values) => {
            one(Kind::NoneOf(values.iter().map(|value| value.value.clone()).collect()), name)
        }
        Check::Numericality(numericality) => of_number(numericality, &validation.span),
        Check::Timing(timing) => of_time(timing, &validation.span, &resolved),
        Check::Confirmation { case_sensitive } => {
            one(Kind::Repeated { case_sensitive: *case_sensitive }, name)
        }
        Check::Acceptance => one(Kind::Accepted, "accepted"),
        Check::Comparison(comparisons) => comparisons
            .iter()
            .map(|(comparison, to)| {
                let kind = Kind::ComparesTo { comparison: *comparison, field: resolved(&to.value) };
                (kind, comparison.name(), to.span.clone())
            })
            .collect(),
        Check::Unique(unique) => {
            let scope = unique.scope.iter().map(|path| resolved(&path.value)).collect();
            one(Kind::Unique { scope, case_sensitive: unique.case_sensitive }, "taken")
        }
        Check::UniqueItems { by } => {
            one(Kind::UniqueItems { by: by.as_ref().map(|by| by.value.clone()) }, "not_unique")
        }
    }
}

fn of_length(length: &Length) -> Vec<(Kind, &'static str, Span)> {
    let mut found = Vec::new();
    if let Some(minimum) = &length.minimum {
        found.push((Kind::AtLeast(minimum.value), "too_short", minimum.span.clone()));
    }
    if let Some(maximum) = &length.maximum {
        found.push((Kind::AtMost(maximum.value), "too_long", maximum.span.clone()));
    }
    if let Some(is) = &length.is {
        found.push((Kind::AtLeast(is.value), "wrong_length", is.span.clone()));
        found.push((Kind::AtMost(is.value), "wrong_length", is.span.clone()));
    }
    found
}

fn of_number(numericality: &Numericality, span: &Span) -> Vec<(Kind, &'static str, Span)> {
    let flags = [
        (numericality.only_integer, Kind::Whole, "not_an_integer"),
        (numericality.odd, Kind::Odd, "odd"),
        (numericality.even, Kind::Even, "even"),
    ];
    let flags =
        flags.into_iter().filter(|(is_set, ..)| *is_set).map(|(_, kind, code)| (kind, code, span.clone()));
    let bounds = numericality.comparisons.iter().map(|(comparison, bound)| {
        (Kind::Compares(*comparison, bound.value.clone()), comparison.name(), bound.span.clone())
    });
    flags.chain(bounds).collect()
}

fn of_time(
    timing: &Timing,
    span: &Span,
    resolved: &dyn Fn(&str) -> Vec<Step>,
) -> Vec<(Kind, &'static str, Span)> {
    let with_time = timing.with_time;
    let mut found = vec![time(with_time, span.clone())];
    for (order, against) in &timing.bounds {
        let order = *order;
        let kind = match &against.value {
            Against::Moment(moment, _) => Kind::Lies { order, moment: moment.clone(), with_time },
            Against::Field(field) => Kind::LiesTo { order, field: resolved(field), with_time },
        };
        found.push((kind, order.name(), against.span.clone()));
    }
    found
}

fn time(with_time: bool, span: Span) -> (Kind, &'static str, Span) {
    if with_time { (Kind::DateTime, "datetime", span) } else { (Kind::Date, "date", span) }
}

/// What holds though nobody wrote it: of the type, and bounds where the author set none.
fn unstated(form: &Form, path: &[Step], field: &Field) -> Vec<Demand> {
    let mut found = Vec::new();
    let mut add = |kind, code, domain, condition| {
        let span = field.name.span.clone();
        found.push(Demand { kind, domain, condition, span, code, stated: false });
    };
    let always = Statement::always;
    // A rule about time that leaves blank values alone speaks for the type too.
    let may_be_blank =
        field.validations.iter().any(|rule| matches!(rule.check, Check::Timing(_)) && rule.allow_blank);
    let of_time = if may_be_blank { Domain::NotBlank } else { Domain::All };
    match field.ty {
        FieldType::Date => add(Kind::Date, "date", of_time, always()),
        FieldType::DateTime => add(Kind::DateTime, "datetime", of_time, always()),
        FieldType::Integer => {
            add(Kind::Whole, "type", Domain::All, always());
            for (comparison, bound, stated) in [
                (
                    Comparison::GreaterThanOrEqualTo,
                    i64::MIN,
                    [Comparison::GreaterThan, Comparison::GreaterThanOrEqualTo],
                ),
                (
                    Comparison::LessThanOrEqualTo,
                    i64::MAX,
                    [Comparison::LessThan, Comparison::LessThanOrEqualTo],
                ),
            ] {
                if !is_always_bounded(field, &stated) {
                    let kind = Kind::Compares(comparison, Number::from(bound));
                    add(kind, comparison.name(), Domain::All, always());
                }
            }
        }
        _ => {}
    }
    if let Some((maximum, domain, condition)) = unstated_maximum(field) {
        let condition = Statement::of(form, path, condition.as_ref());
        add(Kind::AtMost(maximum), "too_long", domain, condition);
    }
    found
}

fn is_always_bounded(field: &Field, by: &[Comparison]) -> bool {
    field.validations.iter().filter(|validation| validation.condition.is_none()).any(|validation| {
        match &validation.check {
            Check::Numericality(numericality) => numericality
                .comparisons
                .iter()
                .any(|(comparison, _)| by.contains(comparison) || *comparison == Comparison::EqualTo),
            _ => false,
        }
    })
}

/// The bound of a text or array, where no bound of the author's counts.
fn unstated_maximum(field: &Field) -> Option<(u64, Domain, Option<Condition>)> {
    let maximum = field.ty.default_maximum_length()?;
    let unstated = crate::schema::unstated_maximum(field)?;
    let domain = if unstated.guard.is_some() { Domain::Blank } else { Domain::All };
    Some((maximum, domain, unstated.condition))
}

impl Kind {
    /// What of a value it is about: two demands of one slot can be held against each other.
    pub(super) fn slot(&self) -> &'static str {
        use Comparison::{EqualTo, GreaterThan, GreaterThanOrEqualTo, LessThan, LessThanOrEqualTo};
        match self {
            Self::Presence => "presence",
            Self::Absence => "absence",
            Self::AtLeast(_) => "minimum length",
            Self::AtMost(_) => "maximum length",
            Self::Matches(_) => "pattern",
            Self::MatchesNot(_) => "forbidden pattern",
            Self::Email | Self::Url | Self::Uuid | Self::PhoneNumber => "format",
            Self::OneOf(_) => "inclusion",
            Self::NoneOf(_) => "exclusion",
            Self::Whole | Self::Odd | Self::Even => "parity",
            Self::Compares(GreaterThan | GreaterThanOrEqualTo, _) => "minimum",
            Self::Compares(LessThan | LessThanOrEqualTo, _) => "maximum",
            Self::Compares(EqualTo, _) => "number",
            Self::Compares(comparison, _) => comparison.name(),
            Self::Date | Self::DateTime => "time",
            Self::Lies { order: Order::After | Order::OnOrAfter, .. } => "earliest",
            Self::Lies { order: Order::Before | Order::OnOrBefore, .. } => "latest",
            Self::Lies { order: Order::EqualTo, .. } => "moment",
            Self::LiesTo { .. } | Self::ComparesTo { .. } => "relation",
            Self::Repeated { .. } => "confirmation",
            Self::Accepted => "acceptance",
            Self::Unique { .. } => "uniqueness",
            Self::UniqueItems { .. } => "unique items",
        }
    }

    /// It in a few words, as labels say it.
    pub(super) fn describe(&self, field: &Field) -> String {
        let things = if field.items().is_some() { "items" } else { "characters" };
        match self {
            Self::Presence => "required".to_owned(),
            Self::Absence => "must be blank".to_owned(),
            Self::AtLeast(count) => format!("at least {count} {things}"),
            Self::AtMost(count) => format!("at most {count} {things}"),
            Self::Matches(pattern) => format!("matches `{pattern}`"),
            Self::MatchesNot(pattern) => format!("does not match `{pattern}`"),
            Self::Email => "an e-mail address".to_owned(),
            Self::Url => "a URL".to_owned(),
            Self::Uuid => "a UUID".to_owned(),
            Self::PhoneNumber => "a telephone number".to_owned(),
            Self::OneOf(values) => format!("one of {}", listed(values)),
            Self::NoneOf(values) => format!("none of {}", listed(values)),
            Self::Whole => "a whole number".to_owned(),
            Self::Odd => "odd".to_owned(),
            Self::Even => "even".to_owned(),
            Self::Compares(comparison, bound) => format!("{} {bound}", comparison.name().replace('_', " ")),
            Self::Date => "a date".to_owned(),
            Self::DateTime => "an instant".to_owned(),
            Self::Lies { order, .. } | Self::LiesTo { order, .. } => {
                format!("{} this", order.name().replace('_', " "))
            }
            Self::ComparesTo { comparison, field } => {
                format!("{} `{}`", comparison.name().replace('_', " "), crate::model::dotted(field))
            }
            Self::Repeated { case_sensitive: true } => "sent twice, letter for letter".to_owned(),
            Self::Repeated { case_sensitive: false } => "sent twice".to_owned(),
            Self::Accepted => "accepted".to_owned(),
            Self::Unique { scope, case_sensitive } => {
                let among = if scope.is_empty() {
                    String::new()
                } else {
                    let names: Vec<String> =
                        scope.iter().map(|path| format!("`{}`", crate::model::dotted(path))).collect();
                    format!(" among those of the same {}", names.join(", "))
                };
                let case = if *case_sensitive { ", letter for letter" } else { "" };
                format!("unique{among}{case}")
            }
            Self::UniqueItems { by: None } => "no two items alike".to_owned(),
            Self::UniqueItems { by: Some(by) } => format!("no two items with the same `{by}`"),
        }
    }
}

/// The first few values of a list.
fn listed(values: &[Value]) -> String {
    const SHOWN: usize = 6;
    let shown: Vec<String> = values.iter().take(SHOWN).map(|value| format!("`{value}`")).collect();
    let more = values.len().saturating_sub(SHOWN);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}
