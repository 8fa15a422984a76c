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
        let mut seen = HashSet::new();
        let items = value.as_array().into_iter().flatten();
        let mut values = items.filter_map(|item| item.get(&self.0)).filter(|value| !value.is_null());
        values.all(|value| seen.insert(canonical(value)))
    }
}

/// One text for all values that JSON Schema takes for equal: `1` and `1.0`.
fn canonical(value: &Value) -> String {
    match value.as_f64().filter(|float| float.fract() == 0.0 && !value.is_i64() && !value.is_u64()) {
        Some(whole) => format!("{whole:.0}"),
        None => value.to_string(),
    }
}
