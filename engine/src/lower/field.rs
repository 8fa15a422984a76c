//! The fields of a form: which are built in, which the author declares, and what is said of each.

use super::usage::{self, other_word};
use super::{Lowering, Node, Table};
use crate::diagnostic::{Rule, alternatives, nearest};
use crate::model::{BuiltInType, Check, Field, FieldType, Normalizer, Resource, Role, Spanned};

const KEYS: [&str; 9] =
    ["type", "label", "description", "validation", "default", "readonly", "virtual", "secret", "normalize"];
const LATER: [&str; 5] = ["ui", "when", "items", "fields", "schema"];
const LATER_TYPES: [&str; 4] = ["date", "datetime", "array", "object"];
const PROFILE_KEYS: [&str; 3] = ["label", "properties", "validation"];

/// The end of a key that stands for the group without it: `properties_attributes`.
pub(crate) const GROUP_SUFFIX: &str = "_attributes";

/// Whether a field can have this name: words of letters, digits and `_`, in parts separated by `/`.
fn is_field_name(name: &str) -> bool {
    name.split('/').all(|part| {
        part.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
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
        for (key, node) in table.iter().flat_map(Table::iter) {
            let Some(member) = resource.value.member(key.value) else {
                self.not_built_in(&key, resource.value);
                continue;
            };
            let mut field = member.field(&key.span);
            match member.ty {
                BuiltInType::Properties => {
                    let group = self.table(key.value, node, "`properties`");
                    set_fields(&mut field, group.map(|group| self.declared_fields(&group)));
                }
                BuiltInType::Profiles => {
                    let group = self.table(key.value, node, "`profiles`");
                    set_fields(&mut field, group.map(|group| self.profiles(&group)));
                }
                _ => {
                    if let Some(table) = self.table(key.value, node, "a field") {
                        self.describe(&mut field, &table, true);
                    }
                }
            }
            fields.push(field);
        }
        fields
    }

    fn not_built_in(&mut self, key: &Spanned<&str>, resource: &Resource) {
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

    fn declared_fields(&mut self, group: &Table<'_>) -> Vec<Field> {
        let mut fields = Vec::new();
        for (key, node) in group.iter() {
            if !self.check_field_name(&key) || self.is_validation_of_group(&key, node, usage::OF_PROPERTIES) {
                continue;
            }
            let Some(table) = self.table(key.value, node, "a field") else { continue };
            let ty = self.field_type(&table).unwrap_or(FieldType::String);
            let mut field = Field::new(key.value, key.span, ty);
            self.describe(&mut field, &table, false);
            fields.push(field);
        }
        fields
    }

    fn profiles(&mut self, group: &Table<'_>) -> Vec<Field> {
        let mut profiles = Vec::new();
        for (key, node) in group.iter() {
            if !self.check_field_name(&key) || self.is_validation_of_group(&key, node, usage::OF_PROFILES) {
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
            let help = nearest(key.value, PROFILE_KEYS).map_or_else(
                || format!("a profile's fields go under its `properties`: `properties.{}`", key.value),
                |near| format!("did you mean `{near}`?"),
            );
            self.report(self.diagnostic(Rule::UnknownProfileKey, key.span, message).help(help));
        }
        let mut fields = Vec::new();
        if let Some((key, node)) = table.iter().find(|(key, _)| key.value == "properties") {
            let properties = self.table("properties", node, "`properties`");
            let properties = properties.map(|table| self.declared_fields(&table)).unwrap_or_default();
            let ty = FieldType::Group { fields: properties, implied: true };
            fields.push(Field::new("properties", key.span, ty));
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

    /// Reads the keys of a field's table into it.
    fn describe(&mut self, field: &mut Field, table: &Table<'_>, built_in: bool) {
        self.check_keys(table, &KEYS, &LATER);
        if built_in && table.get("type").is_some() {
            self.check_built_in_type(field, table);
        }
        if let Some(label) = self.string(table, "label") {
            field.label = label.value;
        }
        field.description = self.string(table, "description").map(|text| text.value);
        field.default = table.get("default").and_then(|node| self.json("default", node));
        field.readonly = self.flag(table, "readonly");
        field.virtual_field = self.flag(table, "virtual");
        field.secret |= self.flag(table, "secret");
        self.check_built_in_meaning(field, table, built_in);
        self.normalizers(field, table);
        if let Some(node) = table.get("validation") {
            self.validations(field, node, built_in);
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
    }

    fn normalizers(&mut self, field: &mut Field, table: &Table<'_>) {
        for word in self.strings(table, "normalize") {
            let Some(normalizer) = self.choice("normalize", &word, &Normalizer::ALL) else { continue };
            if !field.ty.is_textual() {
                let message =
                    format!("`{}` changes texts, and this field is {}", word.value, article(&field.ty));
                let help = "remove it, or make the field a `string`";
                self.report(self.diagnostic(Rule::IneffectiveValidation, word.span, message).help(help));
            } else if !field.normalize.contains(&normalizer) {
                field.normalize.push(normalizer);
            }
        }
    }

    fn field_type(&mut self, table: &Table<'_>) -> Option<FieldType> {
        let name = self.string(table, "type")?;
        let ty = FieldType::from_name(&name.value);
        if ty.is_none() {
            let diagnostic = if LATER_TYPES.contains(&name.value.as_str()) {
                let message = format!("this version of formwork does not have the type `{}` yet", name.value);
                self.diagnostic(Rule::UnknownFieldType, name.span, message)
            } else {
                let meant = other_word(&name.value).or_else(|| nearest(&name.value, FieldType::NAMES));
                let help = meant.map_or_else(
                    || format!("the types are {}", alternatives(FieldType::NAMES).replace(" or ", " and ")),
                    |near| format!("did you mean `{near}`?"),
                );
                let message = format!("there is no type `{}`", name.value);
                self.diagnostic(Rule::UnknownFieldType, name.span, message).help(help)
            };
            self.report(diagnostic);
        }
        ty
    }

    fn check_built_in_type(&mut self, field: &Field, table: &Table<'_>) {
        let Some(stated) = table.get("type") else { return };
        let same = self.field_type(table).is_none_or(|ty| ty.name() == field.ty.name());
        if !same {
            let message = format!("`{}` is always {}", field.name.value, article(&field.ty));
            let help = "remove `type`: a built-in field has its own";
            self.report(self.diagnostic(Rule::WrongType, stated.span(), message).help(help));
        }
    }

    /// Whether a `validation` was meant for a group whose keys are names; if so, says where it goes.
    fn is_validation_of_group(&mut self, key: &Spanned<&str>, node: &Node<'_>, help: &str) -> bool {
        let meant = key.value == "validation"
            && node.get_ref().as_table().is_some_and(|table| {
                !table.is_empty()
                    && table.iter().all(|(kind, _)| Check::NAMES.contains(&kind.get_ref().as_ref()))
            });
        if meant {
            let message = "every key here is a name, so this `validation` would be one too";
            self.report(self.diagnostic(Rule::ReservedFieldName, key.span.clone(), message).help(help));
        }
        meant
    }

    fn check_field_name(&mut self, key: &Spanned<&str>) -> bool {
        let valid = is_field_name(key.value);
        if !valid {
            let message = format!("`{}` cannot be a field's name", key.value);
            let help = "a name is letters, digits and `_`, begins with no digit, and may have parts separated by `/`";
            self.report(self.diagnostic(Rule::InvalidName, key.span.clone(), message).help(help));
        }
        valid
    }
}

fn set_fields(group: &mut Field, declared: Option<Vec<Field>>) {
    if let (FieldType::Group { fields, .. }, Some(declared)) = (&mut group.ty, declared) {
        *fields = declared;
    }
}

/// A field type with its article.
pub(super) fn article(ty: &FieldType) -> String {
    let name = ty.name();
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
