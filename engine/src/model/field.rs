//! A field: what one value of a request is, and what holds for it.

use serde_json::Value;

use crate::model::{Check, Spanned, Validation};
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
    pub const NAMES: [&str; 5] = ["string", "text", "integer", "number", "boolean"];

    /// The type of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "string" => Self::String,
            "text" => Self::Text,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
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
            Self::Group { .. } => "group",
        }
    }

    /// The JSON Schema type of a value that is not null.
    #[must_use]
    pub fn json_type(&self) -> &'static str {
        match self {
            Self::String | Self::Text => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Group { .. } => "object",
        }
    }

    /// The most characters of a text whose form sets no maximum.
    #[must_use]
    pub fn default_maximum_length(&self) -> Option<u64> {
        match self {
            Self::String => Some(2048),
            Self::Text => Some(65_536),
            _ => None,
        }
    }

    /// Whether values are text.
    #[must_use]
    pub fn is_textual(&self) -> bool {
        matches!(self, Self::String | Self::Text)
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
        }
    }

    /// The fields within, if it is a group.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        match &self.ty {
            FieldType::Group { fields, .. } => fields,
            _ => &[],
        }
    }

    /// Whether a default gives it, or anything within it, a value.
    #[must_use]
    pub fn has_default(&self) -> bool {
        self.default.is_some() || self.fields().iter().any(Self::has_default)
    }

    /// The rule that requires it, if one does.
    #[must_use]
    pub fn presence(&self) -> Option<&Validation> {
        self.validations.iter().find(|validation| matches!(validation.check, Check::Presence))
    }
}

/// `first_name` → `First name`: a label for a field that has none.
fn label_from(name: &str) -> String {
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
