//! `unique`: what no document can decide; a keyword for those who read it, decided by the database's index.

use serde_json::json;

use super::Constraint;
use crate::model::Unique;

pub(super) fn constraints(unique: &Unique) -> Vec<Constraint> {
    let scope: Vec<&str> = unique.scope.iter().map(|path| path.value.as_str()).collect();
    let keyword = ("x-formwork-unique", json!({ "scope": scope, "case_sensitive": unique.case_sensitive }));
    vec![Constraint::new("taken", vec![keyword])]
}
