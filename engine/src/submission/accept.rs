//! What becomes of the values of a submission that the form accepts.

use serde_json::{Map, Value};

use super::{Accepted, Claim, Secret, claim};
use crate::compile::CompiledForm;
use crate::model::{Field, Role};

/// Takes accepted values apart: what is stored, what is hashed, what must be unique.
pub(super) fn accept(form: &CompiledForm, values: Value) -> Accepted {
    let claims: Vec<Claim> = claim::claims(form, &values);
    let Value::Object(mut attributes) = values else {
        return Accepted { attributes: Map::new(), password: None, claims };
    };
    let mut password = None;
    take_out(&form.form.fields, &mut attributes, &mut password);
    Accepted { attributes, password, claims }
}

fn take_out(fields: &[Field], values: &mut Map<String, Value>, password: &mut Option<Secret>) {
    for field in fields {
        let name = &field.name.value;
        match field.role {
            Role::Password => {
                // Virtual or not, a password is never an attribute.
                if let Some(Value::String(text)) = values.shift_remove(name)
                    && !field.virtual_field
                {
                    *password = Some(Secret::new(text));
                }
            }
            Role::Attribute if field.virtual_field => {
                values.shift_remove(name);
            }
            Role::Attribute if field.ty.is_compound() => {
                if let Some(value) = values.get_mut(name) {
                    take_out_of(field, value, password);
                }
            }
            Role::Attribute => {}
        }
    }
}

fn take_out_of(field: &Field, value: &mut Value, password: &mut Option<Secret>) {
    match (field.items(), value) {
        (Some(items), Value::Array(values)) => {
            for value in values {
                take_out_of(items, value, password);
            }
        }
        (None, Value::Object(values)) => take_out(field.fields(), values, password),
        _ => {}
    }
}
