//! The `validation` of a field.

mod applicable;
mod built_in;
mod lists;
mod numbers;
mod times;

use toml::de::DeValue;

use super::field::article;
use super::meant::Wanted;
use super::usage::{format_word, usage};
use super::{Lowering, Node, Table};
use crate::diagnostic::{Rule, alternatives, nearest};
use crate::model::{Check, Condition, Field, FieldType, Length, Spanned, Unique, Validation};

/// What every kind takes besides its own options.
const COMMON: [&str; 4] = ["message", "allow_blank", "if", "unless"];
/// What `validation` itself is called in messages.
const VALIDATION: &str = "`validation`";

impl Lowering<'_> {
    /// Reads a `validation` table into the field, after what its resource already demands.
    pub(super) fn validations(&mut self, field: &mut Field, node: &Node<'_>, built_in: bool) {
        let Some(table) = self.table("validation", node, VALIDATION) else { return };
        self.check_keys(&table.of(&field.ty), &Check::NAMES);
        for (kind, value) in table.iter().filter(|(kind, _)| Check::NAMES.contains(&kind.value)) {
            let Some(validation) = self.validation(field, &kind, value) else {
                if built_in && matches!(value.get_ref(), DeValue::Boolean(false)) {
                    self.cannot_switch_off(field, &kind);
                }
                continue;
            };
            let existing = field.validations.iter().position(|rule| rule.check.name() == kind.value);
            match existing {
                // Under a condition it comes on top of what always holds.
                Some(at) if built_in && validation.condition.is_none() => {
                    let name = field.name.value.clone();
                    self.check_says_more(&name, &field.validations[at], &validation, value);
                    self.tighten(&name, &mut field.validations[at], validation);
                }
                existing => {
                    if let Some(at) = existing.filter(|_| built_in) {
                        let name = field.name.value.clone();
                        self.check_says_more(&name, &field.validations[at], &validation, value);
                    }
                    field.validations.push(validation);
                }
            }
        }
    }

    /// One kind; nothing where it is switched off or cannot be read.
    fn validation(&mut self, field: &Field, kind: &Spanned<&str>, node: &Node<'_>) -> Option<Validation> {
        let empty = toml::de::DeTable::new();
        let table = match node.get_ref() {
            DeValue::Boolean(false) => return None,
            DeValue::Boolean(true) => {
                Table { entries: &empty, span: node.span(), what: title(kind.value), ty: "" }
            }
            DeValue::Table(entries) => Table { entries, span: node.span(), what: title(kind.value), ty: "" },
            other => {
                let format = other.as_str().filter(|_| kind.value == "format").and_then(format_word);
                let usage = format.or_else(|| usage(kind.value));
                let usage = usage.or_else(|| self.meant(kind.value, Wanted::Truth, node));
                self.wrong_type_so(kind.value, "`true`, `false` or a table of options", node, usage);
                return None;
            }
        };
        if !self.applies(field, kind) {
            return None;
        }
        let check = self.check(field, &table, kind)?;
        let condition = match (self.condition(&table, "if"), self.condition(&table, "unless")) {
            (Some(holds), None) => Some(holds),
            (None, Some(not)) => Some(Condition::Not(Box::new(not))),
            (Some(holds), Some(not)) => Some(holds.and(Condition::Not(Box::new(not)))),
            (None, None) => None,
        };
        let allow_blank = self.flag(&table, "allow_blank");
        if allow_blank && (field.ty.is_numeric() || matches!(field.ty, FieldType::Boolean)) {
            let span = table.get("allow_blank").map_or(kind.span.clone(), Node::span);
            let message = format!("{} is never blank", article(&field.ty));
            let found =
                self.diagnostic(Rule::IneffectiveValidation, span, message).help("remove `allow_blank`");
            let key = table.iter().find(|(key, _)| key.value == "allow_blank");
            self.report_superfluous(&key.map_or(kind.span.clone(), |(key, _)| key.span), found);
        }
        let message = self.string(&table, "message");
        Some(Validation { check, message, allow_blank, condition, span: kind.span.clone() })
    }

    fn check(&mut self, field: &Field, table: &Table<'_>, kind: &Spanned<&str>) -> Option<Check> {
        Some(match kind.value {
            "length" => self.length(table, kind)?,
            "format" => self.format(table, kind)?,
            "inclusion" => {
                self.options(table, &["in"]);
                Check::Inclusion(self.values(field, table, kind)?)
            }
            "exclusion" => {
                self.options(table, &["in"]);
                Check::Exclusion(self.values(field, table, kind)?)
            }
            "numericality" => self.numericality(table, kind)?,
            "date" => self.timing(field, table, kind, false),
            "datetime" => self.timing(field, table, kind, true),
            "comparison" => self.comparison(table, kind)?,
            "unique" => self.unique(table),
            "confirmation" => {
                self.options(table, &["case_sensitive"]);
                let case_sensitive = self.boolean(table, "case_sensitive").is_none_or(|flag| flag.value);
                Check::Confirmation { case_sensitive }
            }
            "unique_items" => {
                self.options(table, &["by"]);
                Check::UniqueItems { by: self.unique_key(field, table) }
            }
            "presence" => self.without_options(table, Check::Presence),
            "absence" => self.without_options(table, Check::Absence),
            "email" => self.without_options(table, Check::Email),
            "url" => self.without_options(table, Check::Url),
            "uuid" => self.without_options(table, Check::Uuid),
            "phone_number" => self.without_options(table, Check::PhoneNumber),
            _ => self.without_options(table, Check::Acceptance),
        })
    }

    fn options(&mut self, table: &Table<'_>, own: &[&str]) {
        let known: Vec<&str> = own.iter().chain(&COMMON).copied().collect();
        self.check_keys(table, &known);
    }

    fn without_options(&mut self, table: &Table<'_>, check: Check) -> Check {
        self.options(table, &[]);
        check
    }

    /// Reports that a kind lacks its options, unless a misspelt one is reported already.
    fn needs_one_of(&mut self, kind: &Spanned<&str>, table: &Table<'_>, options: &[&str]) {
        if table.iter().any(|(key, _)| !COMMON.contains(&key.value)) {
            return;
        }
        let message = format!("`{}` needs {}", kind.value, alternatives(options.iter().copied()));
        let mut diagnostic = self.diagnostic(Rule::MissingKey, kind.span.clone(), message);
        diagnostic.help = usage(kind.value);
        self.report(diagnostic);
    }

    fn length(&mut self, table: &Table<'_>, kind: &Spanned<&str>) -> Option<Check> {
        let options = ["minimum", "maximum", "is"];
        self.options(table, &options);
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
        self.options(table, &options);
        if options.iter().all(|option| table.get(option).is_none()) {
            self.needs_one_of(kind, table, &options);
            return None;
        }
        Some(Check::Format { with: self.string(table, "with"), without: self.string(table, "without") })
    }

    /// The key of `unique_items`, which every item has to have.
    fn unique_key(&mut self, field: &Field, table: &Table<'_>) -> Option<Spanned<String>> {
        let key = self.string(table, "by")?;
        let items = field.items().map(Field::fields).unwrap_or_default();
        if !items.iter().any(|field| field.name.value == key.value && !field.ty.is_compound()) {
            let single = items.iter().filter(|field| !field.ty.is_compound());
            let names: Vec<&str> = single.map(|field| field.name.value.as_str()).collect();
            let compound = items.iter().find(|field| field.name.value == key.value);
            let message = match compound {
                Some(field) => {
                    format!(
                        "`{}` is {}, and `by` takes a field that holds a single value",
                        key.value,
                        article(&field.ty)
                    )
                }
                None => format!("`{}` is no field of the items that holds a single value", key.value),
            };
            let help = match nearest(&key.value, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if items.is_empty() => "remove `by`: the items are no objects".to_owned(),
                None if names.is_empty() => "remove `by`: the items hold no single value".to_owned(),
                None => format!("the items have {}", alternatives(names).replace(" or ", " and ")),
            };
            self.report(self.diagnostic(Rule::UnknownFieldReference, key.span, message).help(help));
            return None;
        }
        Some(key)
    }

    fn unique(&mut self, table: &Table<'_>) -> Check {
        self.options(table, &["scope", "case_sensitive"]);
        Check::Unique(Unique {
            scope: self.strings(table, "scope"),
            case_sensitive: self.flag(table, "case_sensitive"),
        })
    }
}

/// What a kind is called in messages.
fn title(kind: &str) -> &'static str {
    match kind {
        "presence" => "`presence`",
        "absence" => "`absence`",
        "length" => "`length`",
        "format" => "`format`",
        "email" => "`email`",
        "url" => "`url`",
        "uuid" => "`uuid`",
        "phone_number" => "`phone_number`",
        "inclusion" => "`inclusion`",
        "exclusion" => "`exclusion`",
        "numericality" => "`numericality`",
        "date" => "`date`",
        "datetime" => "`datetime`",
        "confirmation" => "`confirmation`",
        "acceptance" => "`acceptance`",
        "comparison" => "`comparison`",
        "unique" => "`unique`",
        _ => "`unique_items`",
    }
}
