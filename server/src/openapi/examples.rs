//! A form's `[[examples]]` as a document may show them: as its schema spells them, and without secrets.

use std::time::SystemTime;

use formwork_engine::compile::CompiledForm;
use formwork_engine::model::{Example, Field, FieldType};
use formwork_engine::schema::child;
use formwork_engine::submission::{Circumstances, Refusal, Submitted, canonical, submit};
use serde_json::{Map, Value};

/// A request that a form accepts.
pub(super) struct Shown<'f> {
    /// What it shows.
    pub(super) description: Option<&'f str>,
    /// The `form` value.
    pub(super) form: Map<String, Value>,
}

/// The accepted examples of a form, as far as they can be shown.
pub(super) fn of(form: &CompiledForm) -> Vec<Shown<'_>> {
    let examples = form.form.examples.iter().flatten().filter(|example| example.valid.value);
    examples
        .filter_map(|example| {
            Some(Shown { description: example.description.as_deref(), form: shown(form, example)? })
        })
        .collect()
}

fn shown(form: &CompiledForm, example: &Example) -> Option<Map<String, Value>> {
    let mut values = canonical(form, example.form.clone());
    let mut masked = Vec::new();
    mask(&form.form.fields, &mut values, "/form", &mut masked)?;
    let clean = masked.is_empty() || !refuses_any(form, example, &values, &masked);
    clean.then_some(values)
}

/// Puts other texts of the same length in the place of secrets, and of what repeats them, and tells where.
/// Nothing where a secret is no text.
fn mask(
    fields: &[Field],
    values: &mut Map<String, Value>,
    place: &str,
    masked: &mut Vec<String>,
) -> Option<()> {
    for field in fields {
        let name = &field.name.value;
        if field.secret {
            for name in [name.clone(), format!("{name}_confirmation")] {
                match values.get_mut(&name) {
                    Some(Value::String(text)) => {
                        *text = other_text(text.chars().count());
                        masked.push(child(place, &name));
                    }
                    None | Some(Value::Null) => {}
                    Some(_) => return None,
                }
            }
        } else if let Some(value) = values.get_mut(name) {
            mask_within(field, value, &child(place, name), masked)?;
        }
    }
    Some(())
}

fn mask_within(field: &Field, value: &mut Value, place: &str, masked: &mut Vec<String>) -> Option<()> {
    match (&field.ty, value) {
        (FieldType::Group { fields, .. } | FieldType::Object(fields), Value::Object(values)) => {
            mask(fields, values, place, masked)
        }
        // An item that is a secret by itself is not shown, nor is the request that it is in.
        (FieldType::Array(items), Value::Array(values)) if items.secret => values.is_empty().then_some(()),
        (FieldType::Array(items), Value::Array(values)) => values
            .iter_mut()
            .enumerate()
            .try_for_each(|(index, value)| mask_within(items, value, &format!("{place}/{index}"), masked)),
        _ => Some(()),
    }
}

fn other_text(length: usize) -> String {
    "example "
        .chars()
        .cycle()
        .take(length.saturating_sub(1))
        .chain(std::iter::repeat_n('1', length.min(1)))
        .collect()
}

/// Whether the form finds fault with what was put in the place of secrets. At the example's own time, or at one that is
/// always the same: the present is none of a document's business.
fn refuses_any(
    form: &CompiledForm,
    example: &Example,
    values: &Map<String, Value>,
    masked: &[String],
) -> bool {
    let circumstances = Circumstances {
        token: example.token.clone(),
        language: example.language.clone(),
        ..Circumstances::at(example.now.unwrap_or(SystemTime::UNIX_EPOCH))
    };
    match submit(form, Submitted::new(values.clone()), &circumstances) {
        Err(Refusal::Violations(violations)) => {
            violations.iter().any(|violation| masked.contains(&violation.pointer()))
        }
        Ok(_) | Err(Refusal::Payload(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_a_secret_is_as_long() {
        assert_eq!(other_text(0), "");
        assert_eq!(other_text(1), "1");
        assert_eq!(other_text(12), "example exa1");
    }
}
