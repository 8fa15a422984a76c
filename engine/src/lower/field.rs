//! The fields of a form: which are built in, which the author declares, and what they hold.
//!
//! What is said of each is `description`'s.

mod description;

use toml::de::{DeTable, DeValue};

use super::usage::{other_word, usage};
use super::{Lowering, Node, Table};
use crate::diagnostic::{Rule, nearest};
use crate::model::{BuiltInType, Check, Field, FieldType, Resource, Spanned};

const KEYS: [&str; 14] = [
    "type",
    "label",
    "description",
    "ui",
    "validation",
    "default",
    "readonly",
    "virtual",
    "secret",
    "normalize",
    "when",
    "items",
    "fields",
    "schema",
];
/// What may be said of each item of an array: it has no name, and is never absent.
const ITEM_KEYS: [&str; 9] =
    ["type", "label", "description", "validation", "secret", "normalize", "items", "fields", "schema"];
const PROFILE_KEYS: [&str; 3] = ["label", "properties", "validation"];

/// How deep arrays and objects may nest in a form.
pub(crate) const MAX_DEPTH: usize = 32;

/// The end of the name of the field that repeats another.
const CONFIRMATION_SUFFIX: &str = "_confirmation";

/// The end of a key that stands for the group without it: `properties_attributes`.
pub(crate) const GROUP_SUFFIX: &str = "_attributes";

/// Whether a field can have this name: words of letters, digits and `_`, in parts separated by `/`.
pub(super) fn is_field_name(name: &str) -> bool {
    name.split('/').all(|part| {
        part.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// The name that is nearest to words: `_` in the place of what no name may have.
pub(super) fn words_as_name(words: &str) -> String {
    let name = |part: &str| {
        let letters =
            part.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        letters.collect::<Vec<_>>().join("_")
    };
    words.split('/').map(name).collect::<Vec<_>>().join("/")
}

impl Lowering<'_> {
    /// The fields of a form, and those that its resource always has.
    pub(super) fn form_fields(
        &mut self,
        form: &Table<'_>,
        resource: &Spanned<&'static Resource>,
    ) -> Vec<Field> {
        let table = form.get("fields").and_then(|node| self.table("fields", node, "`fields`"));
        let mut fields = Vec::new();
        for member in resource.value.members.iter().filter(|member| member.always) {
            if table.as_ref().is_none_or(|table| table.get(member.name).is_none()) {
                fields.push(member.field(&resource.span));
            }
        }
        let mut confirmations = Vec::new();
        for (key, node) in table.iter().flat_map(Table::iter) {
            let Some(member) = resource.value.member(key.value) else {
                let repeated = key.value.strip_suffix(CONFIRMATION_SUFFIX);
                if repeated.is_some_and(|repeated| resource.value.member(repeated).is_some()) {
                    confirmations.push((fields.len() + confirmations.len(), key, node));
                } else {
                    self.not_built_in(&key, resource.value);
                }
                continue;
            };
            let mut field = member.field(&key.span);
            match member.ty {
                BuiltInType::Properties => {
                    if let Some(group) = self.table(key.value, node, "`properties`") {
                        self.group_validation(&mut field, &group);
                        set_fields(&mut field, self.declared_fields(&group, 0));
                    }
                }
                BuiltInType::Profiles => {
                    if let Some(group) = self.table(key.value, node, "`profiles`") {
                        self.group_validation(&mut field, &group);
                        set_fields(&mut field, self.profiles(&group));
                    }
                }
                _ => {
                    if let Some(table) = self.table(key.value, node, "a field") {
                        self.describe(&mut field, &table, true);
                    }
                }
            }
            fields.push(field);
        }
        for (place, key, node) in confirmations {
            let Some(table) = self.table(key.value, node, "a field") else { continue };
            let mut field = Field::new(key.value, key.span.clone(), FieldType::String);
            self.describe(&mut field, &table, false);
            let repeated = key.value.strip_suffix(CONFIRMATION_SUFFIX).unwrap_or_default();
            if fields.iter().any(|field| field.name.value == repeated && is_confirmed(field)) {
                fields.insert(place.min(fields.len()), field);
            } else {
                let message = format!("`{repeated}` has no `confirmation`, so nothing reads `{}`", key.value);
                let help = format!("add `validation.confirmation = true` under `[fields.{repeated}]`");
                self.report(self.diagnostic(Rule::UnknownKey, key.span, message).help(help));
            }
        }
        self.check_confirmations(&fields);
        add_confirmations(&mut fields);
        fields
    }

    /// The `validation` of a group whose other keys are names.
    fn group_validation(&mut self, field: &mut Field, group: &Table<'_>) {
        if let Some(node) = group.get("validation").filter(|node| is_validation(node)) {
            self.validations(field, node, false);
        }
    }

    fn not_built_in(&mut self, key: &Spanned<&str>, resource: &Resource) {
        if let Some(group) =
            key.value.strip_suffix(GROUP_SUFFIX).filter(|name| resource.member(name).is_some())
        {
            let message = format!("`{}` is another spelling of `{group}` in requests alone", key.value);
            let help =
                format!("write `{group}` for it, here and in the lines below it: `[fields.{group}.…]`");
            self.report(self.diagnostic(Rule::UnknownKey, key.span.clone(), message).help(help));
            return;
        }
        let names = || resource.members.iter().map(|member| member.name);
        let message = format!("`{}` is not a field of `{}`", key.value, resource.name);
        let help = nearest(key.value, names()).map_or_else(
            || {
                let key =
                    if key.value.contains('/') { format!("\"{}\"", key.value) } else { key.value.to_owned() };
                format!("declare a field of your own as a property: `[fields.properties.{key}]`")
            },
            |near| format!("did you mean `{near}`?"),
        );
        self.report(self.diagnostic(Rule::UnknownKey, key.span.clone(), message).help(help));
    }

    fn declared_fields(&mut self, group: &Table<'_>, depth: usize) -> Vec<Field> {
        let mut fields = Vec::new();
        for (key, node) in group.iter() {
            // In an object's `fields` there is no place for a rule of the object itself: it has one of its own.
            if depth == 0 && key.value == "validation" && is_validation(node) {
                continue;
            }
            if depth == 0 && is_said_of_a_field(&key, node) {
                let message = format!("`properties` is a group and takes no `{}`", key.value);
                let help =
                    "what stands below it are fields: say it of one of them, `[fields.properties.name]`";
                self.report(self.diagnostic(Rule::UnknownKey, key.span, message).help(help));
                continue;
            }
            if !self.check_field_name(&key) {
                continue;
            }
            if let Some(name) = node.get_ref().as_str() {
                let ty = other_word(name, FieldType::NAMES).unwrap_or(name);
                let help =
                    FieldType::NAMES.contains(&ty).then(|| format!("write `{}.type = \"{ty}\"`", key.value));
                self.wrong_type_so(key.value, "a table", node, help.or_else(|| usage(key.value)));
                continue;
            }
            let Some(table) = self.table(key.value, node, "a field") else { continue };
            let ty = self.field_type(&table, depth);
            let unreadable = ty.is_none() && table.get("type").is_some();
            let mut field = Field::new(key.value, key.span, ty.unwrap_or(FieldType::String));
            // What follows from a type that there is not would be guesses.
            if unreadable {
                self.check_keys(&table, &KEYS);
            } else {
                self.describe(&mut field, &table, false);
            }
            fields.push(field);
        }
        self.check_confirmations(&fields);
        add_confirmations(&mut fields);
        fields
    }

    /// What cannot be said of a field that has to be repeated, or of the one that repeats it.
    fn check_confirmations(&mut self, fields: &[Field]) {
        for field in fields.iter().filter(|field| is_confirmed(field)) {
            let name = &field.name.value;
            if let Some(default) = &field.default {
                let message = format!("`{name}` has to be repeated, and nobody repeats a default");
                let help = "remove `default`, or `confirmation`";
                self.report(self.diagnostic(Rule::InvalidDefault, default.span.clone(), message).help(help));
            }
            let repeated = name.strip_suffix(CONFIRMATION_SUFFIX);
            if let Some(repeated) =
                repeated.filter(|name| fields.iter().any(|field| field.name.value == *name))
            {
                let rule =
                    field.validations.iter().find(|rule| matches!(rule.check, Check::Confirmation { .. }));
                let span = rule.map_or(field.name.span.clone(), |rule| rule.span.clone());
                let message =
                    format!("`{name}` would itself have to be repeated, as `{name}{CONFIRMATION_SUFFIX}`");
                let help = format!("put `confirmation` on `{repeated}`, which `{name}` repeats");
                self.report(self.diagnostic(Rule::IneffectiveValidation, span, message).help(help));
            }
            let twin = format!("{name}{CONFIRMATION_SUFFIX}");
            let declared = fields.iter().find(|other| other.name.value == twin);
            // One that states no type has that of what it repeats.
            let other_type =
                |twin: &&Field| !matches!(twin.ty, FieldType::String) && twin.ty.name() != field.ty.name();
            if let Some(twin) = declared.filter(other_type) {
                let message = format!(
                    "`{}` repeats `{name}`, which is {}, and is {}",
                    twin.name.value,
                    article(&field.ty),
                    article(&twin.ty)
                );
                let help = "remove its `type`: it has that of what it repeats";
                self.report(self.diagnostic(Rule::WrongType, twin.name.span.clone(), message).help(help));
            }
        }
    }

    /// What each item of an array is.
    fn array_items(&mut self, array: &Table<'_>, depth: usize) -> Field {
        let unknown = || Field::new("", array.span.clone(), FieldType::String);
        let Some(node) = array.get("items") else {
            // A misspelt one is reported as such.
            if array.iter().any(|(key, _)| key.value == "fields" || !KEYS.contains(&key.value)) {
                return unknown();
            }
            let message = "an `array` needs `items`: what each of its items is";
            let help = "add `items = { type = \"string\" }`";
            self.report(self.diagnostic(Rule::MissingKey, array.span.clone(), message).help(help));
            return unknown();
        };
        let stated = match node.get_ref() {
            DeValue::String(name) => Some(name.to_string()),
            DeValue::Array(items) => items.iter().find_map(|item| item.get_ref().as_str()).map(str::to_owned),
            _ => None,
        };
        if let Some(name) = stated.filter(|name| FieldType::NAMES.contains(&name.as_str())) {
            let help = format!("write `items.type = \"{name}\"`");
            self.wrong_type_so("items", "a table", node, Some(help));
            return unknown();
        }
        let Some(table) = self.table("items", node, "an item") else { return unknown() };
        let ty = self.field_type(&table, depth);
        let unreadable = ty.is_none() && table.get("type").is_some();
        let mut item = Field::new("", node.span(), ty.unwrap_or(FieldType::String));
        if unreadable {
            self.check_keys(&table, &ITEM_KEYS);
        } else {
            self.describe(&mut item, &table, false);
        }
        item
    }

    fn object_fields(&mut self, object: &Table<'_>, depth: usize) -> Vec<Field> {
        let is_item = object.what == "an item";
        let Some(node) = object.get("fields") else {
            // A misspelt one is reported as such.
            if object.iter().any(|(key, _)| !KEYS.contains(&key.value)) {
                return Vec::new();
            }
            let message = "an `object` needs `fields`: what it holds";
            let help = format!(
                "add a table for each: `{}fields.city = {{ validation.presence = true }}`",
                if is_item { "items." } else { "" }
            );
            self.report(self.diagnostic(Rule::MissingKey, object.span.clone(), message).help(help));
            return Vec::new();
        };
        if !matches!(node.get_ref(), DeValue::Table(_)) {
            let help = "write a table for each field: `fields.city = { validation.presence = true }`";
            self.wrong_type_so("fields", "a table", node, Some(help.to_owned()));
            return Vec::new();
        }
        let Some(table) = self.table("fields", node, "`fields`") else { return Vec::new() };
        if table.iter().next().is_none() {
            let message = "`fields` names no field, so the object could hold nothing";
            let help = "name what it holds: `fields.city = { validation.presence = true }`";
            self.report(self.diagnostic(Rule::MissingKey, node.span(), message).help(help));
        }
        self.declared_fields(&table, depth)
    }

    fn profiles(&mut self, group: &Table<'_>) -> Vec<Field> {
        let mut profiles = Vec::new();
        for (key, node) in group.iter() {
            if key.value == "validation" && is_validation(node) || !self.check_field_name(&key) {
                continue;
            }
            if key.value.ends_with(GROUP_SUFFIX) {
                let message = format!("a profile's name cannot end in `{GROUP_SUFFIX}`");
                let help =
                    format!("in a request `<profile>{GROUP_SUFFIX}` is another spelling of `<profile>`");
                self.report(self.diagnostic(Rule::ReservedFieldName, key.span, message).help(help));
                continue;
            }
            let Some(table) = self.table(key.value, node, "a profile") else { continue };
            profiles.push(self.profile(&key, &table));
        }
        profiles
    }

    fn profile(&mut self, key: &Spanned<&str>, table: &Table<'_>) -> Field {
        for (key, _) in table.iter().filter(|(key, _)| !PROFILE_KEYS.contains(&key.value)) {
            let message = format!("a profile has no key `{}`", key.value);
            let help = match nearest(key.value, PROFILE_KEYS) {
                Some(near) => format!("did you mean `{near}`?"),
                None if KEYS.contains(&key.value) => format!(
                    "a profile takes `label`, `properties` and `validation`: say `{}` of its fields",
                    key.value
                ),
                None => format!("a profile's fields go under its `properties`: `properties.{}`", key.value),
            };
            self.report(self.diagnostic(Rule::UnknownProfileKey, key.span, message).help(help));
        }
        let mut fields = Vec::new();
        if let Some((key, node)) = table.iter().find(|(key, _)| key.value == "properties") {
            let properties = self.table("properties", node, "`properties`");
            let ty = FieldType::Group { fields: Vec::new(), implied: true };
            let mut group = Field::new("properties", key.span, ty);
            if let Some(table) = properties {
                self.group_validation(&mut group, &table);
                set_fields(&mut group, self.declared_fields(&table, 0));
            }
            fields.push(group);
        }
        let ty = FieldType::Group { fields, implied: false };
        let mut profile = Field::new(key.value, key.span.clone(), ty);
        if let Some(label) = self.string(table, "label") {
            profile.label = label.value;
        }
        if let Some(node) = table.get("validation") {
            self.validations(&mut profile, node, false);
        }
        profile
    }

    fn check_field_name(&mut self, key: &Spanned<&str>) -> bool {
        let valid = is_field_name(key.value);
        if !valid {
            let message = format!("`{}` cannot be a field's name", key.value);
            let rule = "a name is letters, digits and `_`, begins with no digit, and may have parts separated by `/`";
            let name = words_as_name(key.value);
            let help = if key.value.is_ascii() && is_field_name(&name) {
                format!("write `{name}`: {rule}")
            } else {
                rule.to_owned()
            };
            self.report(self.diagnostic(Rule::InvalidName, key.span.clone(), message).help(help));
        }
        // No program in JavaScript can hold such a key as any other.
        if key.value == "__proto__" {
            let message = "`__proto__` means something else wherever JavaScript reads a request";
            let diagnostic = self.diagnostic(Rule::ReservedFieldName, key.span.clone(), message);
            self.report(diagnostic.help("give it another name"));
            return false;
        }
        valid
    }
}

/// Whether a `validation` among names is the group's own: nothing in it is what a field takes.
fn is_validation(node: &Node<'_>) -> bool {
    node.get_ref().as_table().is_some_and(|table| !table.is_empty() && !describes_a_field(table))
}

/// Whether a key among names is meant for the group itself: it is one of a field's, and holds nothing that a field takes.
fn is_said_of_a_field(key: &Spanned<&str>, node: &Node<'_>) -> bool {
    KEYS.contains(&key.value)
        && key.value != "validation"
        && node.get_ref().as_table().is_none_or(|table| !table.is_empty() && !describes_a_field(table))
}

fn describes_a_field(table: &DeTable<'_>) -> bool {
    table.iter().any(|(key, _)| KEYS.contains(&key.get_ref().as_ref()))
}

fn set_fields(group: &mut Field, declared: Vec<Field>) {
    if let FieldType::Group { fields, .. } = &mut group.ty {
        *fields = declared;
    }
}

fn is_confirmed(field: &Field) -> bool {
    field.validations.iter().any(|rule| matches!(rule.check, Check::Confirmation { .. }))
}

/// Gives each field that is confirmed the one that repeats it, unless the author declares it: seen, never stored.
fn add_confirmations(fields: &mut Vec<Field>) {
    let confirmed: Vec<String> =
        fields.iter().filter(|field| is_confirmed(field)).map(|field| field.name.value.clone()).collect();
    for name in confirmed {
        let Some(at) = fields.iter().position(|field| field.name.value == name) else { continue };
        let name = format!("{}{CONFIRMATION_SUFFIX}", fields[at].name.value);
        let repeated = fields[at].clone();
        let declared = fields.iter().position(|field| field.name.value == name);
        let at = declared.unwrap_or_else(|| {
            let mut field = Field::new(&name, repeated.name.span.clone(), repeated.ty.clone());
            field.label = format!("{} confirmation", repeated.label);
            fields.insert(at + 1, field);
            at + 1
        });
        let field = &mut fields[at];
        field.ty = repeated.ty;
        field.virtual_field = true;
        field.secret |= repeated.secret;
        field.normalize = repeated.normalize;
        field.when = field.when.take().or(repeated.when);
    }
}

/// A field type with its article.
pub(crate) fn article(ty: &FieldType) -> String {
    with_article(ty.name())
}

/// The name of a field type with its article.
pub(crate) fn with_article(name: &str) -> String {
    format!("{} {name}", if name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_names() {
        for name in ["a", "_a", "Age2", "modules/shop/customer"] {
            assert!(is_field_name(name), "{name}");
        }
        for name in ["", "2a", "a.b", "a b", "a/", "a-b", "ó"] {
            assert!(!is_field_name(name), "{name}");
        }
    }
}
