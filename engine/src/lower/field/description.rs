//! What an author says of a field: its type and the keys of its table.

use std::collections::HashMap;

use toml::de::DeValue;

use super::super::payload::holds_template;
use super::super::usage::{other_word, type_word};
use super::super::{Lowering, Node, Table};
use super::{ITEM_KEYS, KEYS, MAX_DEPTH, article};
use crate::diagnostic::{Rule, alternatives, nearest};
use crate::fix;
use crate::model::{Field, FieldType, Normalizer, Resource, Role, Spanned, Ui};
use crate::source::Span;

const UI_KEYS: [&str; 4] = ["widget", "placeholder", "order", "hidden"];

impl Lowering<'_> {
    /// Reads the keys of a field's table into it.
    pub(super) fn describe(&mut self, field: &mut Field, table: &Table<'_>, built_in: bool) {
        let is_item = field.name.value.is_empty();
        self.check_keys(&table.of(&field.ty), if is_item { &ITEM_KEYS } else { &KEYS });
        if built_in && table.get("type").is_some() {
            self.check_built_in_type(field, table);
        }
        self.check_nesting(field, table, built_in);
        if let Some(label) = self.string(table, "label") {
            field.label = label.value;
        }
        field.description = self.string(table, "description").map(|text| text.value);
        if is_item {
            field.secret = self.flag(table, "secret");
            self.normalizers(field, table);
            self.further_keywords(field, table);
            if let Some(node) = table.get("validation") {
                self.validations(field, node, false);
            }
            return;
        }
        field.default = table.get("default").and_then(|node| self.json("default", node));
        if let Some(default) = field.default.as_ref().filter(|default| holds_template(&default.value)) {
            let message = "`default` is no template, and is given as it stands";
            let help = "write it under `[default_payload]`, which computes values";
            let diagnostic = self.diagnostic(Rule::IneffectiveValidation, default.span.clone(), message);
            self.report(diagnostic.help(help));
        }
        field.when = self.condition(table, "when");
        field.ui = self.ui(table);
        self.further_keywords(field, table);
        field.readonly = self.flag(table, "readonly");
        field.virtual_field = self.flag(table, "virtual");
        field.secret |= self.flag(table, "secret");
        self.check_built_in_meaning(field, table, built_in);
        self.normalizers(field, table);
        if let Some(node) = table.get("validation") {
            self.validations(field, node, built_in);
        }
    }

    /// `items` without an array, `fields` without an object.
    fn check_nesting(&mut self, field: &Field, table: &Table<'_>, built_in: bool) {
        // With a type of its own it is taken for what it is not.
        if built_in && table.get("type").is_some() {
            return;
        }
        let of = [
            ("items", "array", matches!(field.ty, FieldType::Array(_))),
            ("fields", "object", matches!(field.ty, FieldType::Object(_))),
        ];
        for (key, ty, fits) in of {
            if let Some((key, _)) = table.iter().find(|(found, _)| found.value == key && !fits) {
                let message =
                    format!("`{}` belongs to an `{ty}`, and this field is {}", key.value, article(&field.ty));
                let help = match (key.value, &field.ty) {
                    ("fields", FieldType::Array(_)) => {
                        "put them into what each item is: `items = { type = \"object\", fields = { … } }`"
                            .to_owned()
                    }
                    _ if built_in => {
                        format!(
                            "remove `{}`: `{}` is always {}",
                            key.value,
                            field.name.value,
                            article(&field.ty)
                        )
                    }
                    _ if table.get("type").is_none() && field.validations.is_empty() => {
                        format!("add `type = \"{ty}\"`, or remove `{}`", key.value)
                    }
                    _ => format!("remove `{}`, or make the field an `{ty}`", key.value),
                };
                self.report(self.diagnostic(Rule::WrongType, key.span, message).help(help));
            }
        }
    }

    /// The `schema` of a field, as it stands.
    fn further_keywords(&mut self, field: &mut Field, table: &Table<'_>) {
        let Some(node) = table.get("schema") else { return };
        let Some(keywords) = self.table("schema", node, "a schema") else { return };
        field.schema = Some(Spanned::new(self.json_object(&keywords), node.span()));
        collect_spans(node, "", &mut field.schema_spans);
    }

    fn ui(&mut self, table: &Table<'_>) -> Ui {
        let Some(ui) = table.get("ui").and_then(|node| self.table("ui", node, "`ui`")) else {
            return Ui::default();
        };
        self.check_keys(&ui, &UI_KEYS);
        let text = |text: Option<Spanned<String>>| text.map(|text| text.value);
        Ui {
            widget: self.string(&ui, "widget"),
            placeholder: text(self.string(&ui, "placeholder")),
            order: self.whole(&ui, "order"),
            hidden: self.flag(&ui, "hidden"),
        }
    }

    /// What may be said of any field, but not of one that stands for a user's address or password.
    fn check_built_in_meaning(&mut self, field: &mut Field, table: &Table<'_>, built_in: bool) {
        if let Some(default) = field.default.take_if(|_| built_in && field.role == Role::Password) {
            let message = "a password has no default: everyone who leaves it out would have the same";
            let help = "remove it, and require the password with `validation.presence = true`";
            self.report(self.diagnostic(Rule::InvalidDefault, default.span, message).help(help));
        }
        let always = built_in
            && Resource::ALL
                .iter()
                .any(|resource| resource.member(&field.name.value).is_some_and(|member| member.always));
        if always && field.virtual_field {
            let span = table.get("virtual").map_or(field.name.span.clone(), Node::span);
            let message = format!("`{}` is part of every record and cannot be virtual", field.name.value);
            self.report(self.diagnostic(Rule::WrongType, span, message).help("remove `virtual`"));
        }
        if always && field.when.take().is_some() {
            let span = table.get("when").map_or(field.name.span.clone(), Node::span);
            let message = format!("`{}` is part of every record, whatever else holds", field.name.value);
            self.report(self.diagnostic(Rule::WrongType, span, message).help("remove `when`"));
        }
    }

    fn normalizers(&mut self, field: &mut Field, table: &Table<'_>) {
        for word in self.strings(table, "normalize") {
            let Some(normalizer) = self.choice("normalize", &word, &Normalizer::ALL) else { continue };
            if !field.ty.is_textual() && !field.ty.is_temporal() {
                let message =
                    format!("`{}` changes texts, and this field is {}", word.value, article(&field.ty));
                let help = if matches!(field.ty, FieldType::Array(_)) {
                    "put it on what each item is: `items.normalize`"
                } else {
                    "remove it, or make the field a `string`"
                };
                let found =
                    self.diagnostic(Rule::IneffectiveValidation, word.span.clone(), message).help(help);
                // Of an array it is meant for the items.
                let edits =
                    if field.ty.is_compound() { None } else { fix::remove_item(self.file, &word.span) };
                self.report(match edits {
                    Some(edits) => found.fix(self.removal(&word.span), edits),
                    None => found,
                });
            } else if !field.normalize.contains(&normalizer) {
                field.normalize.push(normalizer);
            }
        }
    }

    /// The type that a field states, with what it holds; nothing where it states none, or one that there is not.
    pub(super) fn field_type(&mut self, table: &Table<'_>, depth: usize) -> Option<FieldType> {
        if let Some((node, help)) = table.get("type").and_then(|node| Some((node, of_several_types(node)?))) {
            self.wrong_type_so("type", "a string", node, Some(help));
            return None;
        }
        let name = self.string(table, "type")?;
        if depth == MAX_DEPTH && matches!(name.value.as_str(), "array" | "object") {
            let message = format!("fields nest deeper than {MAX_DEPTH} levels");
            self.report(self.diagnostic(Rule::WrongType, name.span.clone(), message));
            let item = Field::new("", name.span, FieldType::String);
            let array = name.value == "array";
            return Some(if array {
                FieldType::Array(Box::new(item))
            } else {
                FieldType::Object(Vec::new())
            });
        }
        if FieldType::NAMES.contains(&name.value.as_str()) {
            return self.named_type(&name.value, table, depth);
        }
        let types = FieldType::NAMES;
        let meant = other_word(&name.value, types).or_else(|| nearest(&name.value, types));
        let help = type_word(&name.value).unwrap_or_else(|| {
            meant.map_or_else(
                || format!("the types are {}", alternatives(types).replace(" or ", " and ")),
                |near| format!("did you mean `{near}`?"),
            )
        });
        let message = format!("there is no type `{}`", name.value);
        self.report(self.diagnostic(Rule::UnknownFieldType, name.span, message).help(help));
        // What else is said is read as of the type that was meant, if it fits.
        let holds = |key, ty| meant == Some(ty) && table.get(key).is_some();
        let single = meant.and_then(FieldType::from_name);
        let read = single.is_some() || holds("items", "array") || holds("fields", "object");
        meant.filter(|_| read).and_then(|meant| self.named_type(meant, table, depth))
    }

    /// The type of a name that there is, with what it holds.
    fn named_type(&mut self, name: &str, table: &Table<'_>, depth: usize) -> Option<FieldType> {
        match name {
            "array" => Some(FieldType::Array(Box::new(self.array_items(table, depth + 1)))),
            "object" => Some(FieldType::Object(self.object_fields(table, depth + 1))),
            _ => FieldType::from_name(name),
        }
    }

    fn check_built_in_type(&mut self, field: &Field, table: &Table<'_>) {
        let Some(stated) = table.get("type") else { return };
        let same = match stated.get_ref().as_str() {
            Some(name) if FieldType::NAMES.contains(&name) => name == field.ty.name(),
            // Whatever else it is has its own diagnostic.
            _ => self.field_type(table, 0).is_none(),
        };
        if !same {
            let message = format!("`{}` is always {}", field.name.value, article(&field.ty));
            let help = "remove `type`: a built-in field has its own";
            self.report(self.diagnostic(Rule::WrongType, stated.span(), message).help(help));
        }
    }
}

/// What to write for a list of types, as JSON Schema has it.
fn of_several_types(node: &Node<'_>) -> Option<String> {
    let names = node.get_ref().as_array()?.iter().filter_map(|name| name.get_ref().as_str());
    let names: Vec<&str> = names.filter(|name| *name != "null").collect();
    Some(match names.as_slice() {
        [only] => format!("write `type = \"{only}\"`: a field without `presence` may be absent or `null`"),
        _ => "a field has one type: declare a field for each".to_owned(),
    })
}

/// Where the keys of a value, and those within them, are written.
fn collect_spans(node: &Node<'_>, pointer: &str, spans: &mut HashMap<String, (Span, Span)>) {
    match node.get_ref() {
        DeValue::Table(table) => {
            for (key, value) in table {
                let name = key.get_ref().replace('~', "~0").replace('/', "~1");
                let pointer = format!("{pointer}/{name}");
                collect_spans(value, &pointer, spans);
                spans.insert(pointer, (key.span(), value.span()));
            }
        }
        DeValue::Array(array) => {
            for (index, item) in array.iter().enumerate() {
                let pointer = format!("{pointer}/{index}");
                collect_spans(item, &pointer, spans);
                spans.insert(pointer, (item.span(), item.span()));
            }
        }
        _ => {}
    }
}
