//! `unique_items`: no two items alike.

use serde_json::json;

use super::Constraint;
use crate::model::Spanned;
use crate::vocabulary::UNIQUE_BY;

pub(super) fn constraints(by: Option<&Spanned<String>>) -> Vec<Constraint> {
    let keyword = match by {
        None => ("uniqueItems", json!(true)),
        Some(key) => (UNIQUE_BY, json!(key.value)),
    };
    vec![Constraint::new("not_unique", vec![keyword])]
}
