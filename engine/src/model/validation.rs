//! The rules that a field's value must meet.

use serde_json::{Number, Value};

use crate::model::{Condition, Spanned, Timing};
use crate::source::Span;

/// A rule with what every rule may carry.
#[derive(Clone, Debug)]
pub struct Validation {
    /// What must hold.
    pub check: Check,
    /// The author's message in place of the usual one: a template.
    pub message: Option<Spanned<String>>,
    /// Whether a blank text meets the rule.
    pub allow_blank: bool,
    /// When the rule counts; always where there is none.
    pub condition: Option<Condition>,
    /// Where it is written.
    pub span: Span,
}

impl Validation {
    /// A rule with its usual message.
    #[must_use]
    pub fn new(check: Check, span: Span) -> Self {
        Self { check, message: None, allow_blank: false, condition: None, span }
    }
}

/// What a rule demands.
#[derive(Clone, Debug)]
pub enum Check {
    /// The value is there and not blank.
    Presence,
    /// The value is absent or blank.
    Absence,
    /// The value has so many characters, or items.
    Length(Length),
    /// The text matches one pattern, and does not match another.
    Format {
        /// A pattern that must match somewhere in the text.
        with: Option<Spanned<String>>,
        /// A pattern that must match nowhere in the text.
        without: Option<Spanned<String>>,
    },
    /// The text is an e-mail address.
    Email,
    /// The text is an `http` or `https` URL.
    Url,
    /// The text is a UUID.
    Uuid,
    /// The text is an international telephone number (ITU-T E.164).
    PhoneNumber,
    /// The value is one of these.
    Inclusion(Vec<Spanned<Value>>),
    /// The value is none of these.
    Exclusion(Vec<Spanned<Value>>),
    /// The number has these properties.
    Numericality(Numericality),
    /// The text is a day or an instant, and lies so to others.
    Timing(Timing),
    /// The request says the value twice.
    Confirmation {
        /// Whether `A` and `a` differ.
        case_sensitive: bool,
    },
    /// The value says yes.
    Acceptance,
    /// The number compares so with other fields, by their dotted paths.
    Comparison(Vec<(Comparison, Spanned<String>)>),
    /// No other record has the value.
    Unique(Unique),
    /// No two items are the same, or have the same value under this key.
    UniqueItems {
        /// The key.
        by: Option<Spanned<String>>,
    },
}

impl Check {
    /// The kinds that a form can name.
    pub const NAMES: [&str; 18] = [
        "presence",
        "absence",
        "length",
        "format",
        "email",
        "url",
        "uuid",
        "phone_number",
        "inclusion",
        "exclusion",
        "numericality",
        "date",
        "datetime",
        "confirmation",
        "acceptance",
        "comparison",
        "unique",
        "unique_items",
    ];

    /// The kind, as a form says it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Presence => "presence",
            Self::Absence => "absence",
            Self::Length(_) => "length",
            Self::Format { .. } => "format",
            Self::Email => "email",
            Self::Url => "url",
            Self::Uuid => "uuid",
            Self::PhoneNumber => "phone_number",
            Self::Inclusion(_) => "inclusion",
            Self::Exclusion(_) => "exclusion",
            Self::Numericality(_) => "numericality",
            Self::Timing(timing) if timing.with_time => "datetime",
            Self::Timing(_) => "date",
            Self::Confirmation { .. } => "confirmation",
            Self::Acceptance => "acceptance",
            Self::Comparison(_) => "comparison",
            Self::Unique(_) => "unique",
            Self::UniqueItems { .. } => "unique_items",
        }
    }
}

impl Check {
    /// The error codes that it may give, in the order in which they are given; that of a wrong type is the field's.
    #[must_use]
    pub fn codes(&self) -> Vec<&'static str> {
        let stated = |codes: &[(bool, &'static str)]| -> Vec<&'static str> {
            codes.iter().filter(|(stated, _)| *stated).map(|(_, code)| *code).collect()
        };
        match self {
            Self::Presence => vec!["blank"],
            Self::Absence => vec!["present"],
            Self::Length(length) => stated(&[
                (length.minimum.is_some(), "too_short"),
                (length.maximum.is_some(), "too_long"),
                (length.is.is_some(), "wrong_length"),
            ]),
            Self::Format { .. } => vec!["invalid"],
            Self::Numericality(numericality) => {
                let mut codes = stated(&[
                    (numericality.only_integer, "not_an_integer"),
                    (numericality.odd, "odd"),
                    (numericality.even, "even"),
                ]);
                codes.extend(numericality.comparisons.iter().map(|(comparison, _)| comparison.name()));
                codes
            }
            Self::Timing(timing) => std::iter::once(self.name())
                .chain(timing.bounds.iter().map(|(order, _)| order.name()))
                .collect(),
            Self::Confirmation { .. } => vec!["confirmation"],
            Self::Acceptance => vec!["accepted"],
            Self::Comparison(comparisons) => {
                comparisons.iter().map(|(comparison, _)| comparison.name()).collect()
            }
            Self::Unique(_) => vec!["taken"],
            Self::UniqueItems { .. } => vec!["not_unique"],
            Self::Email
            | Self::Url
            | Self::Uuid
            | Self::PhoneNumber
            | Self::Inclusion(_)
            | Self::Exclusion(_) => vec![self.name()],
        }
    }
}

/// Bounds of a length in Unicode scalar values, or items.
#[derive(Clone, Debug, Default)]
pub struct Length {
    /// At least.
    pub minimum: Option<Spanned<u64>>,
    /// At most.
    pub maximum: Option<Spanned<u64>>,
    /// Exactly.
    pub is: Option<Spanned<u64>>,
}

/// A comparison of a number with a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// More than the bound.
    GreaterThan,
    /// At least the bound.
    GreaterThanOrEqualTo,
    /// The bound itself.
    EqualTo,
    /// Less than the bound.
    LessThan,
    /// At most the bound.
    LessThanOrEqualTo,
    /// Anything but the bound.
    OtherThan,
    /// A multiple of the bound.
    MultipleOf,
}

impl Comparison {
    /// Every comparison with its name, which is also its error code.
    pub const ALL: [(&str, Self); 7] = [
        ("greater_than", Self::GreaterThan),
        ("greater_than_or_equal_to", Self::GreaterThanOrEqualTo),
        ("equal_to", Self::EqualTo),
        ("less_than", Self::LessThan),
        ("less_than_or_equal_to", Self::LessThanOrEqualTo),
        ("other_than", Self::OtherThan),
        ("multiple_of", Self::MultipleOf),
    ];

    /// Those between a number and another field, or a number in a condition.
    pub fn between_values() -> impl Iterator<Item = (&'static str, Self)> {
        Self::ALL.into_iter().filter(|(_, comparison)| *comparison != Self::MultipleOf)
    }

    /// Whether two numbers compare so.
    #[must_use]
    pub fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::GreaterThan => ordering.is_gt(),
            Self::GreaterThanOrEqualTo => ordering.is_ge(),
            Self::EqualTo => ordering.is_eq(),
            Self::LessThan => ordering.is_lt(),
            Self::LessThanOrEqualTo => ordering.is_le(),
            Self::OtherThan => ordering.is_ne(),
            Self::MultipleOf => false,
        }
    }

    /// The name, as a form says it.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, comparison)| *comparison == self).map_or("", |(name, _)| name)
    }
}

/// Properties of a number.
#[derive(Clone, Debug, Default)]
pub struct Numericality {
    /// It is whole.
    pub only_integer: bool,
    /// It is whole and odd.
    pub odd: bool,
    /// It is whole and even.
    pub even: bool,
    /// It compares so with each of these.
    pub comparisons: Vec<(Comparison, Spanned<Number>)>,
}

/// Uniqueness among the records of a resource.
#[derive(Clone, Debug, Default)]
pub struct Unique {
    /// Dotted paths of fields that must be equal too for a value to count as taken.
    pub scope: Vec<Spanned<String>>,
    /// Whether `A` and `a` differ.
    pub case_sensitive: bool,
}
