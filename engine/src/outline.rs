//! What other forms and locales have to know of a form: its names, what it stores, what it asks locales for.
//!
//! In: a compiled form. Out: an [`Outline`], for the rules between files. There may be ten thousand forms, and to look
//! for a name among outlines costs neither the memory nor the time that whole forms would. Made by `build`.

use std::sync::Arc;

use crate::model::{Check, Field, FieldType, Form, Spanned};
use crate::schema::Rules;
use crate::source::{SourceFile, Span};
use crate::template::is_template;

/// A form as others see it.
#[derive(Debug)]
pub struct Outline {
    /// The file it is from.
    pub source: Arc<SourceFile>,
    /// Its name, and after it every alias.
    pub(crate) names: Vec<Spanned<String>>,
    pub(crate) resource: &'static str,
    /// What it stores under names of its author's.
    pub(crate) properties: Vec<Property>,
    /// Every declared field, groups included, in declared order.
    pub(crate) fields: Vec<Asking>,
    /// What is secret and not within what is.
    pub(crate) secrets: Vec<Secret>,
}

/// A secret field.
#[derive(Debug)]
pub(crate) struct Secret {
    /// The names that lead there.
    pub(crate) path: Vec<String>,
    /// Where it is declared.
    pub(crate) span: Span,
}

/// A property of a resource or of a profile.
#[derive(Debug)]
pub(crate) struct Property {
    pub(crate) profile: Option<String>,
    pub(crate) name: Spanned<String>,
    /// Properties of one shape can be read alike.
    pub(crate) shape: Shape,
    /// The type as its author says it; of an array also that of its items.
    pub(crate) ty: &'static str,
    pub(crate) items: Option<&'static str>,
}

/// What values are, however it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// How many arrays are around each.
    arrays: usize,
    kind: &'static str,
}

/// A field with the codes whose messages come from locales.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asking {
    /// The dotted path without the indexes of items.
    pub(crate) path: String,
    pub(crate) codes: Vec<&'static str>,
}

impl Outline {
    pub(crate) fn new(form: &Form, rules: &Rules) -> Self {
        Self {
            source: Arc::clone(&form.source),
            names: form.names().cloned().collect(),
            resource: form.resource.name,
            properties: properties(form).map(|(profile, field)| property(profile, field)).collect(),
            fields: asking(rules),
            secrets: secrets(&form.fields),
        }
    }

    /// The name that requests say.
    #[must_use]
    pub fn name(&self) -> &str {
        self.names.first().map_or("", |name| &name.value)
    }

    /// Whether others see the same in both, wherever it is written.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let alike = |one: &Property, other: &Property| {
            let seen = |property: &Property| (property.shape, property.ty, property.items);
            one.profile == other.profile && one.name.value == other.name.value && seen(one) == seen(other)
        };
        self.names.iter().map(|name| &name.value).eq(other.names.iter().map(|name| &name.value))
            && self.resource == other.resource
            && self.properties.len() == other.properties.len()
            && self.properties.iter().zip(&other.properties).all(|(one, other)| alike(one, other))
            && self.fields == other.fields
            && self
                .secrets
                .iter()
                .map(|secret| &secret.path)
                .eq(other.secrets.iter().map(|secret| &secret.path))
    }

    /// Its other names.
    pub(crate) fn aliases(&self) -> &[Spanned<String>] {
        self.names.get(1..).unwrap_or_default()
    }
}

/// The properties that a form stores, with the profile that they are in.
fn properties(form: &Form) -> impl Iterator<Item = (Option<&str>, &Field)> {
    let group = |fields: &'_ [Field], name: &str| fields.iter().position(|field| field.name.value == name);
    let of = move |fields: &'_ [Field]| group(fields, "properties");
    let own = of(&form.fields).map(|at| (None, &form.fields[at]));
    let profiles = form.fields.iter().filter(|field| field.name.value == "profiles").flat_map(Field::fields);
    let in_profiles = profiles.filter_map(move |profile| {
        let at = of(profile.fields())?;
        Some((Some(profile.name.value.as_str()), &profile.fields()[at]))
    });
    own.into_iter()
        .chain(in_profiles)
        .flat_map(|(profile, group)| group.fields().iter().map(move |field| (profile, field)))
        .filter(|(_, field)| !field.virtual_field)
}

fn secrets(fields: &[Field]) -> Vec<Secret> {
    let of = |field: &Field| {
        let name = &field.name;
        if field.secret {
            return vec![Secret { path: vec![name.value.clone()], span: name.span.clone() }];
        }
        let mut within = secrets(field.fields());
        for secret in &mut within {
            secret.path.insert(0, name.value.clone());
        }
        within
    };
    fields.iter().flat_map(of).collect()
}

fn property(profile: Option<&str>, field: &Field) -> Property {
    Property {
        profile: profile.map(str::to_owned),
        name: field.name.clone(),
        shape: shape(field),
        ty: field.ty.name(),
        items: field.items().map(|items| items.ty.name()),
    }
}

fn shape(field: &Field) -> Shape {
    match &field.ty {
        FieldType::Array(items) => {
            let of_item = shape(items);
            Shape { arrays: of_item.arrays + 1, ..of_item }
        }
        _ => Shape { arrays: 0, kind: kind(field) },
    }
}

fn kind(field: &Field) -> &'static str {
    let rules = || field.validations.iter().filter(|rule| rule.condition.is_none());
    let timing = || {
        rules().find_map(|rule| match &rule.check {
            Check::Timing(timing) => Some(if timing.with_time { "datetime" } else { "date" }),
            _ => None,
        })
    };
    match &field.ty {
        FieldType::String | FieldType::Text => timing().unwrap_or("string"),
        FieldType::Number => {
            let whole = rules().any(|rule| match &rule.check {
                Check::Numericality(number) => number.only_integer || number.odd || number.even,
                _ => false,
            });
            if whole { "integer" } else { "number" }
        }
        ty => ty.name(),
    }
}

fn asking(rules: &Rules) -> Vec<Asking> {
    let path = |field: &crate::schema::FieldInfo| Asking { path: field.path.clone(), codes: Vec::new() };
    let mut fields: Vec<Asking> = rules.fields.iter().map(path).collect();
    // The author's own message comes first; a template may fail, and then the locale has its turn.
    let is_own = |message: &Spanned<String>| !is_template(&message.value);
    for rule in rules.rules.iter().filter(|rule| !rule.message.as_ref().is_some_and(is_own)) {
        if let Some(field) = rule.field.and_then(|field| fields.get_mut(field)) {
            field.codes.push(rule.code);
        }
    }
    fields
}
