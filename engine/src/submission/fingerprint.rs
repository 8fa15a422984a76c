//! What makes a request the same request when it is sent again.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Secret, Submitted, prepare};
use crate::compile::CompiledForm;
use crate::model::Role;

const PASSWORD: &str = "password";
const CONFIRMATION: &str = "password_confirmation";

impl Submitted {
    /// SHA-256 over `salt` and everything that was sent but the password, in whichever order members came: a client that
    /// writes its request anew from a map may send them in another one.
    ///
    /// A fast digest of a password would help to guess it. Of the password the digest knows only that it was sent, and
    /// of its confirmation whether it was the same; [`Submitted::password`] is compared with the stored hash instead.
    #[must_use]
    pub fn fingerprint(&self, salt: &[u8]) -> [u8; 32] {
        let mut digest = Sha256::new();
        let mut part = |bytes: &[u8]| {
            digest.update((bytes.len() as u64).to_be_bytes());
            digest.update(bytes);
        };
        part(salt);
        let mut members: Vec<(&String, &Value)> = self.0.iter().collect();
        members.sort_by_key(|(name, _)| *name);
        for (name, value) in members {
            part(name.as_bytes());
            match name.as_str() {
                PASSWORD => {}
                CONFIRMATION => part(&[u8::from(self.0.get(PASSWORD) == Some(value))]),
                _ => {
                    let mut value = value.clone();
                    value.sort_all_objects();
                    part(value.to_string().as_bytes());
                }
            }
        }
        digest.finalize().into()
    }

    /// The password as the form would have it hashed, whether or not it accepts it.
    #[must_use]
    pub fn password(&self, form: &CompiledForm) -> Option<Secret> {
        let field = form.form.fields.iter().find(|field| field.role == Role::Password)?;
        let Some(Value::String(text)) = self.0.get(&field.name.value) else { return None };
        Some(Secret::new(prepare::normalized_by(field, text)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fingerprint(form: Value) -> [u8; 32] {
        let Value::Object(form) = form else { unreachable!() };
        Submitted::new(form).fingerprint(b"salt")
    }

    #[test]
    fn the_order_of_members_does_not_count_and_that_of_items_does() {
        let first = fingerprint(json!({ "a": { "b": 1, "c": [{ "d": 1, "e": 2 }, 3] }, "f": 4 }));
        for (other, same) in [
            (json!({ "f": 4, "a": { "c": [{ "e": 2, "d": 1 }, 3], "b": 1 } }), true),
            (json!({ "a": { "b": 1, "c": [3, { "d": 1, "e": 2 }] }, "f": 4 }), false),
        ] {
            let shown = other.to_string();
            assert_eq!(fingerprint(other) == first, same, "{shown}");
        }
    }

    #[test]
    fn everything_counts_but_the_password() {
        let first = fingerprint(json!({ "email": "a", "password": "p", "password_confirmation": "p" }));
        for (other, same) in [
            (json!({ "email": "a", "password": "q", "password_confirmation": "q" }), true),
            (json!({ "email": "a", "password": "p", "password_confirmation": "q" }), false),
            (json!({ "email": "a", "password": "p" }), false),
            (json!({ "email": "a" }), false),
            (json!({ "email": "b", "password": "p", "password_confirmation": "p" }), false),
            (json!({ "email": "a", "password": "p", "password_confirmation": "p", "x": null }), false),
        ] {
            let shown = other.to_string();
            assert_eq!(fingerprint(other) == first, same, "{shown}");
        }
    }
}
