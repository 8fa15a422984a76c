//! `acceptance`: yes.

use serde_json::{Value, json};

use super::Constraint;
use crate::model::{Field, FieldType};

/// What a text says that means yes: what check boxes and Rails send.
const YES: [&str; 4] = ["1", "true", "on", "yes"];

pub(super) fn constraints(field: &Field, nullable: bool) -> Vec<Constraint> {
    let mut yes: Vec<Value> = match field.ty {
        FieldType::Boolean => vec![json!(true)],
        _ => YES.iter().map(|word| json!(word)).collect(),
    };
    if nullable {
        yes.push(Value::Null);
    }
    vec![Constraint::new("accepted", vec![("enum", Value::Array(yes))])]
}
