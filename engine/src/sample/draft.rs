//! A `form` value under construction: what stands at a place of it.

use serde_json::{Map, Value};

use crate::model::{Field, FieldType, Form, Segment, Step};

/// Where a value is in a `form` value.
pub(super) type Place = Vec<Segment>;

/// The place that a JSON Pointer into a request's body leads to; a number is an index where the model has an array.
pub(super) fn place_of<'f>(form: &'f Form, pointer: &str) -> (Place, Option<&'f Field>) {
    let tokens = pointer.split('/').skip(2).map(|token| token.replace("~1", "/").replace("~0", "~"));
    let mut place = Place::new();
    let mut fields = form.fields.as_slice();
    let mut field: Option<&Field> = None;
    for (depth, token) in tokens.enumerate() {
        field = match field.map(|field| &field.ty) {
            Some(FieldType::Array(items)) => {
                place.push(Segment::Index(token.parse().unwrap_or_default()));
                Some(items)
            }
            None if depth > 0 => {
                place.push(Segment::Key(token));
                None
            }
            _ => {
                let found = fields.iter().find(|field| field.name.value == token);
                place.push(Segment::Key(token));
                found
            }
        };
        fields = field.map(Field::fields).unwrap_or_default();
    }
    (place, field)
}

/// The steps of the model that lead where a place is.
pub(super) fn steps(place: &[Segment]) -> Vec<Step> {
    let step = |segment: &Segment| match segment {
        Segment::Key(name) => Step::Key(name.clone()),
        Segment::Index(_) => Step::Item,
    };
    place.iter().map(step).collect()
}

/// The place of other steps, in the items that `place` is in.
pub(super) fn beside(place: &[Segment], path: &[Step]) -> Place {
    path.iter()
        .enumerate()
        .map(|(at, step)| match (step, place.get(at)) {
            (Step::Key(name), _) => Segment::Key(name.clone()),
            (Step::Item, Some(Segment::Index(index))) => Segment::Index(*index),
            (Step::Item, _) => Segment::Index(0),
        })
        .collect()
}

/// The dotted path of a place, as `errors` says it.
pub(super) fn dotted_place(place: &[Segment]) -> String {
    let words = place.iter().map(|segment| match segment {
        Segment::Key(name) => name.clone(),
        Segment::Index(index) => index.to_string(),
    });
    words.collect::<Vec<_>>().join(".")
}

/// What stands at a place.
pub(super) fn get<'d>(draft: &'d Map<String, Value>, place: &[Segment]) -> Option<&'d Value> {
    let (first, rest) = place.split_first()?;
    let Segment::Key(name) = first else { return None };
    rest.iter().try_fold(draft.get(name)?, |value, segment| match segment {
        Segment::Key(name) => value.get(name),
        Segment::Index(index) => value.get(index),
    })
}

/// Puts a value at a place, with the objects around it; whether that could be done.
pub(super) fn set(draft: &mut Map<String, Value>, place: &[Segment], value: Value) -> bool {
    let Some((Segment::Key(name), rest)) = place.split_first() else { return false };
    let mut slot = draft.entry(name.clone()).or_insert(Value::Null);
    for segment in rest {
        slot = match segment {
            Segment::Key(name) => {
                if slot.is_null() {
                    *slot = Value::Object(Map::new());
                }
                let Value::Object(object) = slot else { return false };
                object.entry(name.clone()).or_insert(Value::Null)
            }
            Segment::Index(index) => {
                if slot.is_null() {
                    *slot = Value::Array(Vec::new());
                }
                let Value::Array(items) = slot else { return false };
                if *index == items.len() {
                    items.push(Value::Null);
                }
                let Some(item) = items.get_mut(*index) else { return false };
                item
            }
        };
    }
    *slot = value;
    true
}

/// Takes away what stands at a place.
pub(super) fn remove(draft: &mut Map<String, Value>, place: &[Segment]) {
    let Some((last, around)) = place.split_last() else { return };
    if around.is_empty() {
        if let Segment::Key(name) = last {
            draft.shift_remove(name);
        }
        return;
    }
    let Some((Segment::Key(first), rest)) = around.split_first() else { return };
    let parent = rest.iter().try_fold(draft.get_mut(first), |value, segment| {
        let value = value?;
        Some(match segment {
            Segment::Key(name) => value.get_mut(name),
            Segment::Index(index) => value.get_mut(index),
        })
    });
    match (parent.flatten(), last) {
        (Some(Value::Object(object)), Segment::Key(name)) => {
            object.shift_remove(name);
        }
        (Some(Value::Array(items)), Segment::Index(index)) if *index < items.len() => {
            items.remove(*index);
        }
        _ => {}
    }
}
