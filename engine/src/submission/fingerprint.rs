//! What makes a request the same request when it is sent again.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Secret, Submitted, prepare};
use crate::compile::CompiledForm;
use crate::model::Role;

const PASSWORD: &str = "password";
const CONFIRMATION: &str = "password_confirmation";

impl Submitted {
    /// SHA-256 over `salt` and everything that was sent but the password.
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
        for (name, value) in &self.0 {
            part(name.as_bytes());
            match name.as_str() {
                PASSWORD => {}
                CONFIRMATION => part(&[u8::from(self.0.get(PASSWORD) == Some(value))]),
                _ => part(value.to_string().as_bytes()),
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
