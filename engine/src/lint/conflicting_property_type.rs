//! `conflicting-property-type`: a property that two forms store with different types.

use rustc_hash::FxHashMap;

use crate::diagnostic::{Diagnostic, Rule};
use crate::lower::article;
use crate::model::{Check, Field, FieldType, Form};

/// Where a property is stored: the resource, the profile if it is in one, its name.
type Place<'f> = (&'static str, Option<&'f str>, &'f str);

/// For every form whose property has another type than in the first form that has it: its index, and the finding at both
/// places.
#[must_use]
pub fn conflicting_types(forms: &[&Form]) -> Vec<(usize, Diagnostic)> {
    let mut first: FxHashMap<Place<'_>, (&Form, &Field)> = FxHashMap::default();
    let mut found = Vec::new();
    for (index, &form) in forms.iter().enumerate() {
        for (profile, field) in properties(form) {
            let place = (form.resource.name, profile, field.name.value.as_str());
            let (earlier, known) = *first.entry(place).or_insert((form, field));
            if !is_alike(known, field) {
                found.push((index, conflict(form, field, earlier, known)));
            }
        }
    }
    found
}

fn conflict(form: &Form, field: &Field, earlier: &Form, known: &Field) -> Diagnostic {
    let name = &field.name.value;
    let (own, other) = (described(field), described(known));
    let message = format!("`{name}` is {own} here and {other} in `{}`", earlier.name.value);
    Diagnostic::new(Rule::ConflictingPropertyType, &form.source, field.name.span.clone(), message)
        .label(format!("{own} here"))
        .also(&earlier.source, known.name.span.clone(), format!("{other} here"))
        .help("give both the same `type`, or one of them another name: their records are read together")
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

/// Whether values of one field can be read as those of the other.
fn is_alike(one: &Field, other: &Field) -> bool {
    match (&one.ty, &other.ty) {
        (FieldType::Array(one), FieldType::Array(other)) => is_alike(one, other),
        (FieldType::Object(_), FieldType::Object(_)) => true,
        _ => kind(one) == kind(other),
    }
}

/// What a field's values are, however it is said.
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

/// A field's type in prose.
fn described(field: &Field) -> String {
    match field.items() {
        Some(items) => format!("an array of `{}`", items.ty.name()),
        None => article(&field.ty),
    }
}
