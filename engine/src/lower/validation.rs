//! The `validation` of a field.

use serde_json::Value;
use toml::de::DeValue;

use super::field::article;
use super::usage::usage;
use super::{Lowering, Node, Table};
use crate::diagnostic::{Rule, alternatives};
use crate::model::{
    Check, Comparison, Field, FieldType, Length, Numericality, Role, Spanned, Unique, Validation,
};
use crate::source::Span;

/// What every kind takes besides its own options.
const COMMON: [&str; 2] = ["message", "allow_blank"];
const LATER: [&str; 2] = ["if", "unless"];
const LATER_KINDS: [&str; 10] = [
    "absence",
    "url",
    "uuid",
    "phone_number",
    "date",
    "datetime",
    "confirmation",
    "acceptance",
    "comparison",
    "unique_items",
];
/// What `validation` itself is called in messages.
const VALIDATION: &str = "`validation`";

impl Lowering<'_> {
    /// Reads a `validation` table into the field, after what its resource already demands.
    pub(super) fn validations(&mut self, field: &mut Field, node: &Node<'_>, built_in: bool) {
        let Some(table) = self.table("validation", node, VALIDATION) else { return };
        self.check_keys(&table, &Check::NAMES, &LATER_KINDS);
        for (kind, value) in table.iter().filter(|(kind, _)| Check::NAMES.contains(&kind.value)) {
            let Some(validation) = self.validation(field, &kind, value) else {
                if built_in && matches!(value.get_ref(), DeValue::Boolean(false)) {
                    self.cannot_switch_off(field, &kind);
                }
                continue;
            };
            let existing = field.validations.iter().position(|rule| rule.check.name() == kind.value);
            match existing {
                Some(at) if built_in => {
                    let name = field.name.value.clone();
                    self.tighten(&name, &mut field.validations[at], validation);
                }
                _ => field.validations.push(validation),
            }
        }
    }

    fn cannot_switch_off(&mut self, field: &Field, kind: &Spanned<&str>) {
        if field.validations.iter().any(|rule| rule.check.name() == kind.value) {
            let message =
                format!("`{}` of `{}` is built in and cannot be switched off", kind.value, field.name.value);
            let diagnostic = self.diagnostic(Rule::IneffectiveValidation, kind.span.clone(), message);
            self.report(diagnostic.help("remove the line"));
        }
    }

    /// One kind; nothing where it is switched off or cannot be read.
    fn validation(&mut self, field: &Field, kind: &Spanned<&str>, node: &Node<'_>) -> Option<Validation> {
        let empty = toml::de::DeTable::new();
        let table = match node.get_ref() {
            DeValue::Boolean(false) => return None,
            DeValue::Boolean(true) => Table { entries: &empty, span: node.span(), what: "" },
            DeValue::Table(entries) => Table { entries, span: node.span(), what: "" },
            _ => {
                self.wrong_type(kind.value, "`true`, `false` or a table of options", node);
                return None;
            }
        };
        if !self.applies(field, kind) {
            return None;
        }
        let check = match kind.value {
            "presence" => {
                self.options(&table, "`presence`", &[]);
                Check::Presence
            }
            "length" => self.length(&table, kind)?,
            "format" => self.format(&table, kind)?,
            "email" => {
                self.options(&table, "`email`", &[]);
                Check::Email
            }
            "inclusion" => {
                self.options(&table, "`inclusion`", &["in"]);
                Check::Inclusion(self.values(field, &table, kind)?)
            }
            "exclusion" => {
                self.options(&table, "`exclusion`", &["in"]);
                Check::Exclusion(self.values(field, &table, kind)?)
            }
            "numericality" => self.numericality(&table, kind)?,
            _ => self.unique(&table),
        };
        Some(Validation {
            check,
            message: self.string(&table, "message"),
            allow_blank: self.flag(&table, "allow_blank"),
            span: kind.span.clone(),
        })
    }

    fn options(&mut self, table: &Table<'_>, what: &'static str, own: &[&str]) {
        let known: Vec<&str> = own.iter().chain(&COMMON).copied().collect();
        self.check_keys(&Table { entries: table.entries, span: table.span.clone(), what }, &known, &LATER);
    }

    /// Whether the kind can mean anything for the field's type; if not, says so.
    fn applies(&mut self, field: &Field, kind: &Spanned<&str>) -> bool {
        if kind.value == "unique" && field.role == Role::Password {
            let message = "a password cannot be unique: that would keep a fingerprint of it beside its hash";
            let help = "remove it: a password is stored as an Argon2id hash and nowhere else";
            self.report(self.diagnostic(Rule::IneffectiveValidation, kind.span.clone(), message).help(help));
            return false;
        }
        let (applies, types) = match kind.value {
            "presence" => (true, ""),
            "length" | "format" | "email" => (field.ty.is_textual(), "a `string` or `text`"),
            "numericality" => (field.ty.is_numeric(), "an `integer` or `number`"),
            _ => (!matches!(field.ty, FieldType::Group { .. }), "a single value"),
        };
        let help = match field.ty {
            FieldType::Group { .. } => "remove it: of a profile `presence` alone can be demanded",
            _ => "remove it, or change the field's `type`",
        };
        if !applies {
            let message =
                format!("`{}` is about {types}, and this field is {}", kind.value, article(&field.ty));
            self.report(self.diagnostic(Rule::IneffectiveValidation, kind.span.clone(), message).help(help));
        }
        applies
    }

    /// An author's rule on top of the resource's: it can demand more, never less.
    fn tighten(&mut self, field: &str, built_in: &mut Validation, author: Validation) {
        let mut ineffective = |span: Span, message: String| {
            let help = "remove it: what the resource builds in can be tightened, not loosened";
            self.report(self.diagnostic(Rule::IneffectiveValidation, span, message).help(help));
        };
        if author.allow_blank {
            let message = format!("`allow_blank` does not loosen what is built into `{field}`");
            ineffective(author.span.clone(), message);
        }
        match (&mut built_in.check, author.check) {
            (Check::Length(own), Check::Length(wanted)) => {
                if let Some(minimum) = wanted.minimum {
                    match &own.minimum {
                        Some(least) if minimum.value < least.value => ineffective(
                            minimum.span,
                            format!("`{field}` already has at least {} characters", least.value),
                        ),
                        _ => own.minimum = Some(minimum),
                    }
                }
                if let Some(maximum) = wanted.maximum {
                    match &own.maximum {
                        Some(most) if maximum.value > most.value => ineffective(
                            maximum.span,
                            format!("`{field}` already has at most {} characters", most.value),
                        ),
                        _ => own.maximum = Some(maximum),
                    }
                }
                own.is = wanted.is;
            }
            (Check::Unique(own), Check::Unique(wanted))
                if wanted.case_sensitive != own.case_sensitive || !wanted.scope.is_empty() =>
            {
                let message = format!("`{field}` is already unique without regard to case, in every scope");
                ineffective(author.span.clone(), message);
            }
            _ => {}
        }
        built_in.message = author.message;
        built_in.span = author.span;
    }

    /// Reports that a kind lacks its options, unless a misspelt one is reported already.
    fn needs_one_of(&mut self, kind: &Spanned<&str>, table: &Table<'_>, options: &[&str]) {
        if table.iter().any(|(key, _)| !COMMON.contains(&key.value) && !LATER.contains(&key.value)) {
            return;
        }
        let message = format!("`{}` needs {}", kind.value, alternatives(options.iter().copied()));
        let mut diagnostic = self.diagnostic(Rule::MissingKey, kind.span.clone(), message);
        diagnostic.help = usage(kind.value);
        self.report(diagnostic);
    }

    fn length(&mut self, table: &Table<'_>, kind: &Spanned<&str>) -> Option<Check> {
        let options = ["minimum", "maximum", "is"];
        self.options(table, "`length`", &options);
        let length = Length {
            minimum: self.count(table, "minimum"),
            maximum: self.count(table, "maximum"),
            is: self.count(table, "is"),
        };
        if options.iter().all(|option| table.get(option).is_none()) {
            self.needs_one_of(kind, table, &options);
            return None;
        }
        Some(Check::Length(length))
    }

    fn format(&mut self, table: &Table<'_>, kind: &Spanned<&str>) -> Option<Check> {
        let options = ["with", "without"];
        self.options(table, "`format`", &options);
        if options.iter().all(|option| table.get(option).is_none()) {
            self.needs_one_of(kind, table, &options);
            return None;
        }
        Some(Check::Format { with: self.string(table, "with"), without: self.string(table, "without") })
    }

    fn values(
        &mut self,
        field: &Field,
        table: &Table<'_>,
        kind: &Spanned<&str>,
    ) -> Option<Vec<Spanned<Value>>> {
        if table.get("in").is_none() {
            self.needs_one_of(kind, table, &["in"]);
            return None;
        }
        let array = self.array(table, "in")?;
        if array.is_empty() {
            let message = format!("`{}` lists no value", kind.value);
            let span = table.get("in").map_or(kind.span.clone(), Node::span);
            self.report(self.diagnostic(Rule::WrongType, span, message).help("list at least one value"));
            return None;
        }
        let mut values: Vec<Spanned<Value>> = Vec::new();
        for node in array {
            let Some(value) = self.json("in", node) else { continue };
            if !has_type(&value.value, &field.ty) {
                let message = format!(
                    "`in` holds {}, and this field is {}",
                    json_kind(&value.value),
                    article(&field.ty)
                );
                self.report(self.diagnostic(Rule::WrongType, value.span, message));
            } else if !values.iter().any(|earlier| earlier.value == value.value) {
                // JSON Schema, 6.1.2: the elements of `enum` should be unique.
                values.push(value);
            }
        }
        Some(values)
    }

    fn numericality(&mut self, table: &Table<'_>, kind: &Spanned<&str>) -> Option<Check> {
        let comparisons = Comparison::ALL.iter().map(|(name, _)| *name);
        let options: Vec<&str> = ["only_integer", "odd", "even"].into_iter().chain(comparisons).collect();
        self.options(table, "`numericality`", &options);
        if options.iter().all(|option| table.get(option).is_none()) {
            let message = "`numericality` alone changes nothing: the field's `type` already demands a number";
            let help = format!("remove it, or give it {}", alternatives(options.iter().copied()));
            self.report(self.diagnostic(Rule::IneffectiveValidation, kind.span.clone(), message).help(help));
            return None;
        }
        let mut numericality = Numericality {
            only_integer: self.flag(table, "only_integer"),
            odd: self.flag(table, "odd"),
            even: self.flag(table, "even"),
            comparisons: Vec::new(),
        };
        // In the order in which the author wrote them: it is the order of the errors.
        for (key, _) in table.iter() {
            let Some((name, comparison)) = Comparison::ALL.iter().find(|(name, _)| *name == key.value) else {
                continue;
            };
            let Some(bound) = self.number(table, name) else { continue };
            if *comparison == Comparison::MultipleOf && bound.value.as_f64().is_none_or(|bound| bound <= 0.0)
            {
                let message = "`multiple_of` takes a number above zero";
                self.report(self.diagnostic(Rule::WrongType, bound.span, message));
                continue;
            }
            numericality.comparisons.push((*comparison, bound));
        }
        Some(Check::Numericality(numericality))
    }

    fn unique(&mut self, table: &Table<'_>) -> Check {
        self.options(table, "`unique`", &["scope", "case_sensitive"]);
        Check::Unique(Unique {
            scope: self.strings(table, "scope"),
            case_sensitive: self.flag(table, "case_sensitive"),
        })
    }
}

/// Whether a value can be one of a field of this type.
fn has_type(value: &Value, ty: &FieldType) -> bool {
    match ty {
        FieldType::String | FieldType::Text => value.is_string(),
        FieldType::Integer => value.is_i64(),
        FieldType::Number => value.is_number(),
        FieldType::Boolean => value.is_boolean(),
        FieldType::Group { .. } => false,
    }
}

fn json_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_either_read_or_named_as_not_yet_read() {
        let page = [
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
        for kind in page {
            assert!(Check::NAMES.contains(&kind) != LATER_KINDS.contains(&kind), "{kind}");
        }
    }
}
