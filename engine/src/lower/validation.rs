//! The `validation` of a field.

use serde_json::Value;
use toml::de::DeValue;

use super::field::{article, is_field_name};
use super::usage::{format_word, usage};
use super::{Lowering, Node, Table};
use crate::diagnostic::{Rule, alternatives, nearest};
use crate::model::{
    Against, Check, Comparison, Condition, Field, FieldType, Length, Moment, Numericality, Order, Role,
    Spanned, Timing, Unique, Validation,
};
use crate::source::Span;

/// What every kind takes besides its own options.
const COMMON: [&str; 4] = ["message", "allow_blank", "if", "unless"];
/// What `validation` itself is called in messages.
const VALIDATION: &str = "`validation`";

impl Lowering<'_> {
    /// Reads a `validation` table into the field, after what its resource already demands.
    pub(super) fn validations(&mut self, field: &mut Field, node: &Node<'_>, built_in: bool) {
        let Some(table) = self.table("validation", node, VALIDATION) else { return };
        self.check_keys(&table.of(&field.ty), &Check::NAMES, &[]);
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

    /// Reports an author's rule, or option, that is the resource's own once more. A message of the author's is a reason
    /// to say it again.
    fn check_says_more(
        &mut self,
        field: &str,
        built_in: &Validation,
        author: &Validation,
        written: &Node<'_>,
    ) {
        if author.message.is_some() || author.allow_blank {
            return;
        }
        // Where it stands, what it says, and the key that goes with it.
        let repeated: Vec<(Span, String, Span)> = match (&built_in.check, &author.check) {
            (Check::Length(own), Check::Length(wanted)) => {
                let options =
                    [("minimum", &own.minimum, &wanted.minimum), ("maximum", &own.maximum, &wanted.maximum)];
                options
                    .into_iter()
                    .filter_map(|(option, own, wanted)| Some((option, own.as_ref()?, wanted.as_ref()?)))
                    .filter(|(_, own, wanted)| own.value == wanted.value)
                    .map(|(option, _, wanted)| {
                        let key = key_of_option(written, option).unwrap_or_else(|| author.span.clone());
                        (wanted.span.clone(), format!("{option} = {}", wanted.value), key)
                    })
                    .collect()
            }
            // Wider than the built-in one; `tighten` says so.
            (Check::Unique(_), Check::Unique(wanted))
                if wanted.case_sensitive || !wanted.scope.is_empty() =>
            {
                Vec::new()
            }
            (Check::Presence | Check::Email | Check::Unique(_), _) => {
                vec![(author.span.clone(), author.check.name().to_owned(), author.span.clone())]
            }
            _ => Vec::new(),
        };
        for (span, rule, key) in repeated {
            let message = format!("`{rule}` is built into `{field}`");
            let diagnostic = self.diagnostic(Rule::RedundantValidation, span, message);
            let diagnostic = diagnostic.help("remove it: the resource demands it of every form");
            // Under a condition it is a rule of its own, which gives an error of its own.
            if author.condition.is_none() {
                self.report_superfluous(&key, diagnostic);
            } else {
                self.report(diagnostic);
            }
        }
    }

    fn cannot_switch_off(&mut self, field: &Field, kind: &Spanned<&str>) {
        if field.validations.iter().any(|rule| rule.check.name() == kind.value) {
            let message =
                format!("`{}` of `{}` is built in and cannot be switched off", kind.value, field.name.value);
            let diagnostic = self.diagnostic(Rule::IneffectiveValidation, kind.span.clone(), message);
            self.report_superfluous(&kind.span, diagnostic.help("remove the line"));
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
        self.check_keys(table, &known, &[]);
    }

    fn without_options(&mut self, table: &Table<'_>, check: Check) -> Check {
        self.options(table, &[]);
        check
    }

    /// Whether the kind can mean anything for the field's type; if not, says so.
    fn applies(&mut self, field: &Field, kind: &Spanned<&str>) -> bool {
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

    /// An author's rule on top of the resource's: it can demand more, never less.
    fn tighten(&mut self, field: &str, built_in: &mut Validation, author: Validation) {
        // It goes as a whole where it says nothing else.
        let is_single = match &author.check {
            Check::Length(length) => {
                [&length.minimum, &length.maximum, &length.is].into_iter().flatten().count() == 1
            }
            _ => true,
        };
        let is_superfluous = is_single && author.message.is_none() && !author.allow_blank;
        let kind = author.span.clone();
        let mut ineffective = |span: Span, message: String| {
            let help = "remove it: what the resource builds in can be tightened, not loosened";
            let found = self.diagnostic(Rule::IneffectiveValidation, span, message).help(help);
            if is_superfluous {
                self.report_superfluous(&kind, found);
            } else {
                self.report(found);
            }
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
                let held = match &value.value {
                    number @ Value::Number(_) => format!("`{number}`"),
                    other => json_kind(other).to_owned(),
                };
                let message = format!("`in` holds {held}, and this field is {}", article(&field.ty));
                let mut diagnostic = self.diagnostic(Rule::WrongType, value.span, message);
                let whole = value
                    .value
                    .as_f64()
                    .filter(|number| number.fract() == 0.0 && matches!(field.ty, FieldType::Integer));
                diagnostic.help = whole.map(|whole| format!("write it without a fraction: `{whole}`"));
                self.report(diagnostic);
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
        self.options(table, &options);
        if options.iter().all(|option| table.get(option).is_none()) {
            let message = "`numericality` alone changes nothing: the field's `type` already demands a number";
            let help = format!("remove it, or give it {}", alternatives(options.iter().copied()));
            let found = self.diagnostic(Rule::IneffectiveValidation, kind.span.clone(), message).help(help);
            self.report_superfluous(&kind.span, found);
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

    /// `{ field = "…" }`: another field, by its dotted path.
    fn field_reference(&mut self, key: &str, node: &Node<'_>) -> Option<Spanned<String>> {
        if !matches!(node.get_ref(), DeValue::Table(_)) {
            let named = node.get_ref().as_str().unwrap_or("properties.other");
            let help = format!("write `{key} = {{ field = \"{named}\" }}`");
            self.wrong_type_so(key, "another field", node, Some(help));
            return None;
        }
        let table = self.table(key, node, "a reference")?;
        self.check_keys(&table, &["field"], &[]);
        if table.get("field").is_none() && table.iter().next().is_none() {
            let message = format!("`{key}` does not say which field");
            let help = format!("write `{key} = {{ field = \"properties.other\" }}`");
            self.report(self.diagnostic(Rule::MissingKey, node.span(), message).help(help));
        }
        self.string(&table, "field")
    }

    fn comparison(&mut self, table: &Table<'_>, kind: &Spanned<&str>) -> Option<Check> {
        let options: Vec<&str> = Comparison::between_values().map(|(name, _)| name).collect();
        self.options(table, &options);
        if options.iter().all(|option| table.get(option).is_none()) {
            self.needs_one_of(kind, table, &options);
            return None;
        }
        let mut comparisons = Vec::new();
        for (key, node) in table.iter() {
            let Some((name, comparison)) = Comparison::between_values().find(|(name, _)| *name == key.value)
            else {
                continue;
            };
            if matches!(node.get_ref(), DeValue::Integer(_) | DeValue::Float(_)) {
                let message = format!("`{name}` of a `comparison` takes another field");
                let help = "a fixed bound is written as `numericality`";
                self.report(self.diagnostic(Rule::WrongType, node.span(), message).help(help));
                continue;
            }
            comparisons.extend(self.field_reference(name, node).map(|field| (comparison, field)));
        }
        Some(Check::Comparison(comparisons))
    }

    fn timing(&mut self, field: &Field, table: &Table<'_>, kind: &Spanned<&str>, with_time: bool) -> Check {
        let options = Order::ALL.map(|(name, _)| name);
        self.options(table, &options);
        let mut bounds = Vec::new();
        for (key, node) in table.iter() {
            let Some((name, order)) = Order::ALL.into_iter().find(|(name, _)| *name == key.value) else {
                continue;
            };
            bounds.extend(self.against(name, node, with_time).map(|against| (order, against)));
        }
        if field.ty.is_temporal() && table.iter().all(|(key, _)| COMMON.contains(&key.value)) {
            let says_something = ["message", "allow_blank"].iter().any(|key| table.get(key).is_some());
            if !says_something {
                let message = "this alone changes nothing: the field's `type` already demands it";
                let help = format!("remove it, or give it {}", alternatives(options));
                let found = self.diagnostic(Rule::IneffectiveValidation, table.span.clone(), message);
                self.report_superfluous(&kind.span, found.help(help));
            }
        }
        Check::Timing(Timing { with_time, bounds })
    }

    fn against(&mut self, key: &str, node: &Node<'_>, with_time: bool) -> Option<Spanned<Against>> {
        let text = match node.get_ref() {
            DeValue::Table(_) => {
                let field = self.field_reference(key, node)?;
                return Some(Spanned::new(Against::Field(field.value), field.span));
            }
            DeValue::String(text) => text.to_string(),
            DeValue::Datetime(value) => value.to_string(),
            _ => {
                self.wrong_type_so(key, "a time or a field", node, Some(moments(with_time)));
                return None;
            }
        };
        let moment = Moment::parse(&text);
        let fault = match (&moment, with_time) {
            (None, true) if Moment::parse(&format!("{text}Z")).is_some() => Some((
                format!("`{text}` lacks an offset, so it is no instant"),
                format!("append `Z` for UTC, or an offset: `{text}+01:00`"),
            )),
            (None, _) if text.is_empty() => Some(("an empty text is no time".to_owned(), moments(with_time))),
            (None, _) if is_path(&text) => Some((
                format!("`{text}` is no time"),
                format!("write `{key} = {{ field = \"{text}\" }}` for the field of this path"),
            )),
            (None, _) => Some((format!("`{text}` is no time"), moments(with_time))),
            (Some(Moment::Date(_)), true) => {
                Some((format!("`{text}` is a day, and the field is an instant"), moments(with_time)))
            }
            (Some(Moment::Instant(..)), false) => {
                Some((format!("`{text}` is an instant, and the field is a day"), moments(with_time)))
            }
            _ => None,
        };
        if let Some((message, help)) = fault {
            self.report(self.diagnostic(Rule::WrongType, node.span(), message).help(help));
            return None;
        }
        Some(Spanned::new(Against::Moment(moment?, text), node.span()))
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

/// The key of an option among others; nothing where it is the only one, and goes with its rule.
fn key_of_option(rule: &Node<'_>, option: &str) -> Option<Span> {
    let options = rule.get_ref().as_table().filter(|options| options.len() > 1)?;
    options.get_key_value(option).map(|(key, _)| key.span())
}

/// How a point in time is written.
fn moments(with_time: bool) -> String {
    let example = if with_time { "2026-11-23T12:00:00Z" } else { "2026-11-23" };
    format!("write `{example}`, `now`, `today`, `18 years ago`, `2 days from now` or {{ field = \"…\" }}")
}

/// Whether a text that is no time looks like a field's path.
fn is_path(text: &str) -> bool {
    text.contains('.') && text.split('.').all(is_field_name)
}

/// Whether a value can be one of a field of this type.
fn has_type(value: &Value, ty: &FieldType) -> bool {
    match ty {
        FieldType::String | FieldType::Text | FieldType::Date | FieldType::DateTime => value.is_string(),
        FieldType::Integer => value.is_i64(),
        FieldType::Number => value.is_number(),
        FieldType::Boolean => value.is_boolean(),
        FieldType::Array(_) | FieldType::Object(_) | FieldType::Group { .. } => false,
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
