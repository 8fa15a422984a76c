//! Seals on what a page carries, so that it comes back as it was: when the page was made, what the next page says.
//!
//! A key is made when the process starts, unless the operator gives one. Servers that share the forms of one site have
//! to share it: else what one of them sealed means nothing to the other, and a person is asked once more.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// The least characters of a key that an operator gives.
const LEAST_CHARACTERS: usize = 32;

/// The key of a process's seals; it cannot be printed.
#[derive(Clone)]
pub struct Seal(Arc<[u8; 32]>);

impl std::fmt::Debug for Seal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Seal")
    }
}

impl Default for Seal {
    fn default() -> Self {
        let mut key = [0; 32];
        // Without randomness nothing verifies what it sealed itself, which asks people once more and opens nothing.
        if getrandom::fill(&mut key).is_err() {
            tracing::error!("the operating system gives no randomness: pages have no key of their own");
        }
        Self(Arc::new(key))
    }
}

impl Seal {
    /// The key that an operator's secret stands for.
    ///
    /// # Errors
    /// When it is too short to be none that can be guessed.
    pub fn parse(secret: &str) -> Result<Self, &'static str> {
        if secret.chars().count() < LEAST_CHARACTERS {
            return Err("use a secret of at least 32 characters, such as `openssl rand -hex 32` prints");
        }
        Ok(Self(Arc::new(Sha256::digest(secret).into())))
    }

    fn mac(&self, purpose: &str, text: &str) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_slice()).ok()?;
        mac.update(&(purpose.len() as u64).to_be_bytes());
        mac.update(purpose.as_bytes());
        mac.update(text.as_bytes());
        Some(mac)
    }

    /// A text and its seal for a purpose, in characters that need no escaping anywhere.
    #[must_use]
    pub fn close(&self, purpose: &str, text: &str) -> String {
        let seal = self.mac(purpose, text).map(|mac| URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
        format!("{}.{}", URL_SAFE_NO_PAD.encode(text), seal.unwrap_or_default())
    }

    /// The text of what was sealed for this purpose; nothing where the seal is broken.
    #[must_use]
    pub fn open(&self, purpose: &str, sealed: &str) -> Option<String> {
        let (text, seal) = sealed.split_once('.')?;
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let seal = URL_SAFE_NO_PAD.decode(seal).ok()?;
        // In constant time.
        self.mac(purpose, &text)?.verify_slice(&seal).ok()?;
        Some(text)
    }
}

/// 128 random bits as a text.
///
/// # Errors
/// When the operating system gives none.
pub fn nonce() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_holds_for_its_text_purpose_and_key_alone() {
        let seal = Seal::default();
        let closed = seal.close("a", "żółć");
        assert_eq!(seal.open("a", &closed).as_deref(), Some("żółć"));
        assert_eq!(seal.open("b", &closed), None);
        assert_eq!(Seal::default().open("a", &closed), None);
        let (_, mac) = closed.split_once('.').unwrap_or_default();
        for forged in
            ["", ".", "a", &format!("{}.{mac}", URL_SAFE_NO_PAD.encode("other")), &format!("{closed}A")]
        {
            assert_eq!(seal.open("a", forged), None, "{forged}");
        }
    }

    #[test]
    fn servers_with_one_secret_understand_each_other() {
        let secret = "0123456789abcdef0123456789abcdef";
        let (one, other) = (Seal::parse(secret), Seal::parse(secret));
        let closed = one.map(|seal| seal.close("a", "text")).unwrap_or_default();
        assert_eq!(other.ok().and_then(|seal| seal.open("a", &closed)).as_deref(), Some("text"));
        assert!(Seal::parse("short").is_err());
    }
}
