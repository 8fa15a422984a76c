//! A field: what one value of a request is, and what holds for it.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::model::{Against, Check, Condition, Moment, Spanned, Validation};
use crate::source::Span;

/// The type of a field's value.
#[derive(Clone, Debug)]
pub enum FieldType {
    /// Text on one line, at most 2048 characters unless the form says otherwise.
    String,
    /// Text on many lines, at most 65,536 characters unless the form says otherwise.
    Text,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A calendar day as a text, RFC 3339 `full-date`.
    Date,
    /// An instant as a text, RFC 3339 `date-time`.
    DateTime,
    /// A list of values that are all alike, at most 1000 unless the form says otherwise.
    Array(Box<Field>),
    /// Fields under one key, in declared order.
    Object(Vec<Field>),
    /// A built-in group of fields: `properties`, `profiles`, one profile.
    Group {
        /// In declared order.
        fields: Vec<Field>,
        /// Whether the group counts as present, and empty, when a request leaves it out.
        implied: bool,
    },
}

impl FieldType {
    /// The types that a form can name, as it names them.
    pub const NAMES: [&str; 9] =
        ["string", "text", "integer", "number", "boolean", "date", "datetime", "array", "object"];

    /// The type of this name, if it is one of single values.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "string" => Self::String,
            "text" => Self::Text,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            "date" => Self::Date,
            "datetime" => Self::DateTime,
            _ => return None,
        })
    }

    /// The name, as a form says it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
            Self::Group { .. } => "group",
        }
    }

    /// The JSON Schema type of a value that is not null.
    #[must_use]
    pub fn json_type(&self) -> &'static str {
        match self {
            Self::String | Self::Text | Self::Date | Self::DateTime => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Array(_) => "array",
            Self::Object(_) | Self::Group { .. } => "object",
        }
    }

    /// The most characters of a text, or items of an array, whose form sets no maximum.
    #[must_use]
    pub fn default_maximum_length(&self) -> Option<u64> {
        match self {
            Self::String => Some(2048),
            Self::Text => Some(65_536),
            Self::Array(_) => Some(1000),
            _ => None,
        }
    }

    /// Whether values are text.
    #[must_use]
    pub fn is_textual(&self) -> bool {
        matches!(self, Self::String | Self::Text)
    }

    /// Whether values are a day or an instant.
    #[must_use]
    pub fn is_temporal(&self) -> bool {
        matches!(self, Self::Date | Self::DateTime)
    }

    /// Whether a value holds others.
    #[must_use]
    pub fn is_compound(&self) -> bool {
        matches!(self, Self::Array(_) | Self::Object(_) | Self::Group { .. })
    }

    /// Whether values are numbers.
    #[must_use]
    pub fn is_numeric(&self) -> bool {
        matches!(self, Self::Integer | Self::Number)
    }
}

/// What becomes of a field's value once the form has accepted it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Stored among the record's attributes.
    #[default]
    Attribute,
    /// Stored as a hash, and nowhere else.
    Password,
}

/// A step that makes a text canonical before it is validated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalizer {
    /// Removes white space at both ends.
    Trim,
    /// Trims, and makes every run of white space one space.
    Squish,
    /// To lower case (Unicode).
    Lowercase,
    /// To upper case (Unicode).
    Uppercase,
    /// Unicode normalization form C (UAX #15).
    Nfc,
    /// Unicode normalization form KC (UAX #15).
    Nfkc,
    /// Keeps the ASCII digits alone.
    Digits,
}

impl Normalizer {
    /// Every step with its name.
    pub const ALL: [(&str, Self); 7] = [
        ("trim", Self::Trim),
        ("squish", Self::Squish),
        ("lowercase", Self::Lowercase),
        ("uppercase", Self::Uppercase),
        ("nfc", Self::Nfc),
        ("nfkc", Self::Nfkc),
        ("digits", Self::Digits),
    ];

    /// The name, as a form says it.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, normalizer)| *normalizer == self).map_or("", |(name, _)| name)
    }
}

/// How a field is shown where people fill it in.
#[derive(Clone, Debug, Default)]
pub struct Ui {
    /// The control, by name.
    pub widget: Option<Spanned<String>>,
    /// An example shown while it is empty.
    pub placeholder: Option<String>,
    /// Its place among its siblings; in declared order where none is said.
    pub order: Option<i64>,
    /// Whether it is left out.
    pub hidden: bool,
}

/// One field of a form.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its key, as the form declares it.
    pub name: Spanned<String>,
    /// What its values are.
    pub ty: FieldType,
    /// What people call it; from the name where the author says nothing.
    pub label: String,
    /// Prose for people.
    pub description: Option<String>,
    /// The value of an absent field.
    pub default: Option<Spanned<Value>>,
    /// Whether what a request says is ignored.
    pub readonly: bool,
    /// Whether it is validated and never stored.
    pub virtual_field: bool,
    /// Whether it is never shown again.
    pub secret: bool,
    /// Applied in order before validation.
    pub normalize: Vec<Normalizer>,
    /// What must hold, in declared order; the resource's own rules first.
    pub validations: Vec<Validation>,
    /// What becomes of its value.
    pub role: Role,
    /// When it counts: where this does not hold, a submitted value is dropped.
    pub when: Option<Condition>,
    /// Further JSON Schema keywords for its value, as they stand.
    pub schema: Option<Spanned<Map<String, Value>>>,
    /// Where each key within `schema` is written, and its value, by JSON Pointer (RFC 6901).
    pub schema_spans: HashMap<String, (Span, Span)>,
    /// How it is shown.
    pub ui: Ui,
}

impl Field {
    /// A field of which nothing is said but its name and type.
    #[must_use]
    pub fn new(name: &str, span: Span, ty: FieldType) -> Self {
        Self {
            name: Spanned::new(name.to_owned(), span),
            ty,
            label: label_from(name),
            description: None,
            default: None,
            readonly: false,
            virtual_field: false,
            secret: false,
            normalize: Vec::new(),
            validations: Vec::new(),
            role: Role::Attribute,
            when: None,
            schema: None,
            schema_spans: HashMap::new(),
            ui: Ui::default(),
        }
    }

    /// The fields within, if it is a group or object.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        match &self.ty {
            FieldType::Group { fields, .. } | FieldType::Object(fields) => fields,
            _ => &[],
        }
    }

    /// What each item is, if it is an array.
    #[must_use]
    pub fn items(&self) -> Option<&Field> {
        match &self.ty {
            FieldType::Array(items) => Some(items),
            _ => None,
        }
    }

    /// Whether a default gives it, or a group anything within it, a value. An absent object gets no defaults.
    #[must_use]
    pub fn has_default(&self) -> bool {
        self.default.is_some()
            || matches!(&self.ty, FieldType::Group { fields, .. } if fields.iter().any(Self::has_default))
    }

    /// Whether a default that is never hidden gives it, or a group anything within it, a value.
    #[must_use]
    pub fn surely_has_default(&self) -> bool {
        let within = |fields: &[Self]| fields.iter().any(Self::surely_has_default);
        self.when.is_none()
            && (self.default.is_some()
                || matches!(&self.ty, FieldType::Group { fields, .. } if within(fields)))
    }

    /// Whether what its rules say of a value depends on the time of the request.
    #[must_use]
    pub fn is_about_the_present(&self) -> bool {
        let moves = |against: &Against| match against {
            Against::Moment(moment, _) => !matches!(moment, Moment::Date(_) | Moment::Instant(..)),
            Against::Field(_) => false,
        };
        self.validations.iter().any(|rule| match &rule.check {
            Check::Timing(timing) => timing.bounds.iter().any(|(_, against)| moves(&against.value)),
            _ => false,
        })
    }

    /// The rule that requires it, if one does.
    #[must_use]
    pub fn presence(&self) -> Option<&Validation> {
        self.validations.iter().find(|validation| matches!(validation.check, Check::Presence))
    }
}

/// `first_name` → `First name`: a label for a field that has none.
pub(crate) fn label_from(name: &str) -> String {
    let words = name.rsplit('/').next().unwrap_or(name).replace('_', " ");
    let mut characters = words.trim().chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_come_from_names() {
        assert_eq!(label_from("first_name"), "First name");
        assert_eq!(label_from("modules/shop/customer"), "Customer");
        assert_eq!(label_from("état_civil"), "État civil");
        assert_eq!(label_from("_"), "");
    }
}
