//! `conflicting-property-type`: a property that two forms store with different types.

use rustc_hash::FxHashMap;

use crate::diagnostic::{Diagnostic, Rule};
use crate::lower::with_article;
use crate::outline::{Outline, Property};

/// Where a property is stored: the resource, the profile if it is in one, its name.
type Place<'f> = (&'static str, Option<&'f str>, &'f str);

/// For every form whose property has another type than in the first form that has it: its index, and the finding at both
/// places.
#[must_use]
pub fn conflicting_types(forms: &[&Outline]) -> Vec<(usize, Diagnostic)> {
    let mut first: FxHashMap<Place<'_>, (&Outline, &Property)> = FxHashMap::default();
    let mut found = Vec::new();
    for (index, &form) in forms.iter().enumerate() {
        for property in &form.properties {
            let place = (form.resource, property.profile.as_deref(), property.name.value.as_str());
            let (earlier, known) = *first.entry(place).or_insert((form, property));
            if known.shape != property.shape {
                found.push((index, conflict(form, property, earlier, known)));
            }
        }
    }
    found
}

fn conflict(form: &Outline, property: &Property, earlier: &Outline, known: &Property) -> Diagnostic {
    let name = &property.name.value;
    let (own, other) = (described(property), described(known));
    let message = format!("`{name}` is {own} here and {other} in `{}`", earlier.name());
    Diagnostic::new(Rule::ConflictingPropertyType, &form.source, property.name.span.clone(), message)
        .label(format!("{own} here"))
        .also(&earlier.source, known.name.span.clone(), format!("{other} here"))
        .help("give both the same `type`, or one of them another name: their records are read together")
}

/// A property's type in prose.
fn described(property: &Property) -> String {
    match property.items {
        Some(items) => format!("an array of `{items}`"),
        None => with_article(property.ty),
    }
}
