//! `x-formwork-unique-by`: no two items of an array have the same value under a key.

use std::collections::HashSet;

use serde_json::Value;

use super::Assertion;

/// The keyword; its value is the key.
pub(crate) const KEYWORD: &str = "x-formwork-unique-by";

pub(super) struct UniqueBy(String);

impl UniqueBy {
    pub(super) fn parse(value: &Value) -> Option<Self> {
        Some(Self(value.as_str()?.to_owned()))
    }
}

impl Assertion for UniqueBy {
    /// Items without the key, or with null, differ from every other.
    fn holds(&self, value: &Value) -> bool {
        let Some(items) = value.as_array() else { return true };
        let value = |item: &'_ Value| item.get(&self.0).filter(|value| !value.is_null()).map(canonical);
        let mut seen = HashSet::new();
        // Most arrays are short, and all of their texts differ.
        let differ = |a: &Value, b: &Value| match (a.get(&self.0), b.get(&self.0)) {
            (Some(Value::String(a)), Some(Value::String(b))) => a != b,
            (None, _) | (_, None) => true,
            _ => false,
        };
        let few = items.len() <= FEW;
        if few && items.iter().enumerate().all(|(at, a)| items[at + 1..].iter().all(|b| differ(a, b))) {
            return true;
        }
        items.iter().filter_map(value).all(|value| seen.insert(value))
    }
}

/// Up to so many items are compared one by one.
const FEW: usize = 16;

/// One text for all values that JSON Schema takes for equal: `1` and `1.0`.
fn canonical(value: &Value) -> String {
    match value.as_f64().filter(|float| float.fract() == 0.0 && !value.is_i64() && !value.is_u64()) {
        // Zero has no sign that counts.
        Some(whole) => format!("{:.0}", whole + 0.0),
        None => value.to_string(),
    }
}
