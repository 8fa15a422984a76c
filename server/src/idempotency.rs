//! `Idempotency-Key`: what is kept of a key, and of the request that came under it.
//!
//! Called by `accounts`. Only creations are kept: what stored nothing is judged anew when it is sent again. The key
//! itself is not stored, and it salts the digest of the request: as long as a key cannot be guessed, what is stored
//! tells nothing of either.

use std::time::Duration;

use formwork_engine::compile::CompiledForm;
use formwork_engine::submission::{Secret, Submitted};
use sha2::{Digest, Sha256};

use crate::store::NewKey;

/// For how long a retry gets the first answer.
pub const LIFETIME: Duration = Duration::from_hours(24);
/// No key is longer.
const MAX_LENGTH: usize = 255;

/// A key and whose it is: a token's alone, or that of everyone who comes without one.
pub struct Key<'a> {
    /// The id of the caller's token.
    pub caller: Option<&'a str>,
    /// What the client chose.
    pub text: &'a str,
}

/// The key in an `Idempotency-Key` header: a string in quotes (RFC 8941, 3.3.3), or the same without.
///
/// 1 to 255 visible ASCII characters, no quote or backslash among them.
#[must_use]
pub fn from_header(header: &str) -> Option<&str> {
    let quoted = header.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let text = quoted.unwrap_or(header);
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
    (visible && (1..=MAX_LENGTH).contains(&text.len())).then_some(text)
}

/// A request under a key.
pub struct Attempt {
    /// What is stored of it.
    pub(crate) key: NewKey,
    /// What the stored hash has to be of, should the key turn out to be known.
    pub(crate) password: Option<Secret>,
}

impl Attempt {
    /// A request to a form that comes at `now`, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn new(key: &Key<'_>, form: &CompiledForm, submitted: &Submitted, now: i64) -> Self {
        let lifetime = i64::try_from(LIFETIME.as_millis()).unwrap_or(i64::MAX);
        let key = NewKey {
            digest: digest(key, form.name()),
            fingerprint: submitted.fingerprint(key.text.as_bytes()),
            expires_at: now.saturating_add(lifetime),
        };
        Self { key, password: submitted.password(form) }
    }
}

/// SHA-256 of the caller, the form's name and the key, each with its length.
fn digest(key: &Key<'_>, form: &str) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update([u8::from(key.caller.is_some())]);
    for part in [key.caller.unwrap_or_default(), form, key.text] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_headers() {
        for (header, key) in [
            ("\"8e03978e-40d5\"", Some("8e03978e-40d5")),
            ("8e03978e-40d5", Some("8e03978e-40d5")),
            ("", None),
            ("\"\"", None),
            ("\"", None),
            ("\"a", None),
            ("a b", None),
            ("\"a\\\"b\"", None),
            ("ä", None),
        ] {
            assert_eq!(from_header(header), key, "{header}");
        }
        assert!(from_header(&"k".repeat(MAX_LENGTH)).is_some());
        assert!(from_header(&"k".repeat(MAX_LENGTH + 1)).is_none());
    }

    #[test]
    fn a_key_is_its_callers_and_its_forms_alone() {
        let of = |caller, form, text| digest(&Key { caller, text }, form);
        let all = [
            of(None, "a", "k"),
            of(Some(""), "a", "k"),
            of(Some("t"), "a", "k"),
            of(None, "b", "k"),
            of(None, "ak", ""),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[index + 1..].contains(one), "{index}");
        }
    }
}
