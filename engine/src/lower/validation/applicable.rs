//! Which kinds of validation mean anything for which types of fields.

use super::super::Lowering;
use super::super::field::article;
use crate::diagnostic::Rule;
use crate::model::{Field, FieldType, Role, Spanned};

impl Lowering<'_> {
    /// Whether the kind can mean anything for the field's type; if not, says so.
    pub(super) fn applies(&mut self, field: &Field, kind: &Spanned<&str>) -> bool {
        if kind.value == "unique" && field.role == Role::Password {
            let message = "a password cannot be unique: that would keep a fingerprint of it beside its hash";
            let help = "remove it: a password is stored as an Argon2id hash and nowhere else";
            let found = self.diagnostic(Rule::IneffectiveValidation, kind.span.clone(), message).help(help);
            self.report_superfluous(&kind.span, found);
            return false;
        }
        let ty = &field.ty;
        let is_item = field.name.value.is_empty();
        let (applies, types) = match kind.value {
            "presence" => (true, ""),
            "absence" => (!is_item, "a field that may be absent"),
            "length" => {
                (ty.is_textual() || matches!(ty, FieldType::Array(_)), "a `string`, a `text` or an `array`")
            }
            "format" | "email" | "url" | "uuid" | "phone_number" => (ty.is_textual(), "a `string` or `text`"),
            "date" => (ty.is_textual() || matches!(ty, FieldType::Date), "a `date` or `string`"),
            "datetime" => (ty.is_textual() || matches!(ty, FieldType::DateTime), "a `datetime` or `string`"),
            "numericality" | "comparison" => (ty.is_numeric(), "an `integer` or `number`"),
            "acceptance" => (matches!(ty, FieldType::Boolean | FieldType::String), "a `boolean` or `string`"),
            "unique_items" => (matches!(ty, FieldType::Array(_)), "an `array`"),
            "confirmation" => (!ty.is_compound() && !is_item, "a single value with a name"),
            _ => (!ty.is_compound(), "a single value"),
        };
        if !applies {
            let message = match (is_item, kind.value) {
                (true, "absence" | "confirmation") => {
                    format!("`{}` is about {types}, and this is an item of an array", kind.value)
                }
                _ => format!("`{}` is about {types}, and this field is {}", kind.value, article(ty)),
            };
            let help = match ty {
                FieldType::Group { .. } => {
                    "remove it: of a group `presence` and `absence` alone can be demanded"
                }
                FieldType::Array(_) if kind.value != "confirmation" => {
                    "put it on what each item is: `items.validation`"
                }
                FieldType::Object(_) => "put it on one of the object's `fields`",
                _ if is_item => "remove it",
                _ => "remove it, or change the field's `type`",
            };
            self.report(self.diagnostic(Rule::IneffectiveValidation, kind.span.clone(), message).help(help));
        }
        applies
    }
}
