//! The rules that a field's value must meet.

use serde_json::{Number, Value};

use crate::model::Spanned;
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
    /// Where it is written.
    pub span: Span,
}

impl Validation {
    /// A rule with its usual message.
    #[must_use]
    pub fn new(check: Check, span: Span) -> Self {
        Self { check, message: None, allow_blank: false, span }
    }
}

/// What a rule demands.
#[derive(Clone, Debug)]
pub enum Check {
    /// The value is there and not blank.
    Presence,
    /// The value has so many characters.
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
    /// The value is one of these.
    Inclusion(Vec<Spanned<Value>>),
    /// The value is none of these.
    Exclusion(Vec<Spanned<Value>>),
    /// The number has these properties.
    Numericality(Numericality),
    /// No other record has the value.
    Unique(Unique),
}

impl Check {
    /// The kinds that a form can name.
    pub const NAMES: [&str; 8] =
        ["presence", "length", "format", "email", "inclusion", "exclusion", "numericality", "unique"];

    /// The kind, as a form says it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Presence => "presence",
            Self::Length(_) => "length",
            Self::Format { .. } => "format",
            Self::Email => "email",
            Self::Inclusion(_) => "inclusion",
            Self::Exclusion(_) => "exclusion",
            Self::Numericality(_) => "numericality",
            Self::Unique(_) => "unique",
        }
    }
}

/// Bounds of a length in Unicode scalar values.
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
