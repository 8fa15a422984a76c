//! API tokens: made, known again, and what each may use.
//!
//! A token is `fw_<id>_<secret>`. The id finds it in the store; the secret is kept as its SHA-256 alone and
//! compared in constant time. Called by the routes that need a caller and by the command line.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use formwork_engine::model::Form;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::store::{Store, StoreError, StoredToken};

const PREFIX: &str = "fw_";
/// Hexadecimal digits of the id.
const ID_LENGTH: usize = 16;
/// Bytes of randomness in the secret.
const SECRET_BYTES: usize = 32;
/// No token is longer; whatever is cannot be one.
const MAX_LENGTH: usize = 256;

/// Why a token cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The operating system has no randomness.
    #[error("the operating system gives no random numbers: {0}")]
    Random(getrandom::Error),
    /// The name is empty or would break a list of tokens.
    #[error("a token's name is not empty and has no control characters")]
    Name,
    /// A pattern of form names is empty, and so no form's.
    #[error("a pattern of form names is not empty")]
    Empty,
    /// A pattern of form names is malformed.
    #[error("`{0}` is not a pattern of form names: {1}")]
    Pattern(String, globset::Error),
}

/// A new token: the one moment at which its text exists.
pub struct NewToken {
    /// What to store.
    pub stored: StoredToken,
    /// What to hand out.
    pub text: String,
}

/// Makes a token that may use the forms whose names match any of `forms`, and never expires.
///
/// # Errors
/// When a pattern is malformed, or the operating system has no randomness.
pub fn generate(name: &str, forms: &[String], now: i64) -> Result<NewToken, TokenError> {
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(TokenError::Name);
    }
    if forms.iter().any(String::is_empty) {
        return Err(TokenError::Empty);
    }
    patterns(forms)?;
    let mut id = [0; ID_LENGTH / 2];
    let mut secret = [0; SECRET_BYTES];
    getrandom::fill(&mut id).and_then(|()| getrandom::fill(&mut secret)).map_err(TokenError::Random)?;
    let id = id.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let secret = URL_SAFE_NO_PAD.encode(secret);
    let stored = StoredToken {
        secret_digest: digest(&secret).to_vec(),
        name: name.to_owned(),
        forms: forms.to_vec(),
        created_at: now,
        revoked_at: None,
        expires_at: None,
        last_used_at: None,
        id: id.clone(),
    };
    Ok(NewToken { stored, text: format!("{PREFIX}{id}_{secret}") })
}

fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// Compiles patterns in which `*` stands for any characters, `/` included.
fn patterns(forms: &[String]) -> Result<GlobSet, TokenError> {
    let mut set = GlobSetBuilder::new();
    for form in forms {
        let glob = GlobBuilder::new(form).build();
        set.add(glob.map_err(|error| TokenError::Pattern(form.clone(), error))?);
    }
    set.build().map_err(|error| TokenError::Pattern(forms.join(","), error))
}

/// Which patterns of a token cover none of these names of forms.
///
/// # Errors
/// When a pattern is malformed.
pub fn idle_patterns<'p>(of_token: &'p [String], names: &[&str]) -> Result<Vec<&'p String>, TokenError> {
    let mut idle = Vec::new();
    for pattern in of_token {
        let covered = patterns(std::slice::from_ref(pattern))?;
        if !names.iter().any(|name| covered.is_match(name)) {
            idle.push(pattern);
        }
    }
    Ok(idle)
}

/// Somebody with a valid token.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The token's id.
    pub id: String,
    /// The token's name.
    pub name: String,
    /// The patterns of the names of forms that the token may use.
    pub patterns: Vec<String>,
    forms: GlobSet,
}

impl Caller {
    fn of(token: StoredToken) -> Option<Self> {
        let forms = patterns(&token.forms).ok()?;
        Some(Self { id: token.id, name: token.name, patterns: token.forms, forms })
    }

    /// Whether the token covers a name.
    #[must_use]
    pub fn covers(&self, name: &str) -> bool {
        self.forms.is_match(name)
    }

    /// Whether the token covers a form by its name or any alias: a token outlives the renaming of a form.
    #[must_use]
    pub fn may_use(&self, form: &Form) -> bool {
        form.names().any(|name| self.covers(&name.value))
    }

    /// Whether the token covers every form that there is, was or will be: one of its patterns is `*`.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern == "*")
    }
}

/// Knows tokens again.
pub struct Tokens {
    ephemeral: Option<StoredToken>,
    /// When stored tokens were used that the store does not know of yet, by id: no more than there are valid tokens.
    unnoted: Mutex<HashMap<String, i64>>,
    /// The latest time that was seen: what has expired stays so though the clock be set back.
    latest: AtomicI64,
}

impl Tokens {
    /// With a token that lives as long as the process, beside those in the store.
    #[must_use]
    pub fn new(ephemeral: Option<StoredToken>) -> Self {
        Self { ephemeral, unnoted: Mutex::default(), latest: AtomicI64::new(i64::MIN) }
    }

    /// Who presents this token at this time; `None` if it is none, unknown, wrong, expired or revoked, without telling
    /// which. The store is asked each time: what is revoked, on whichever server, is worthless from then on.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn authenticate(
        &self,
        store: &dyn Store,
        text: &str,
        now: i64,
    ) -> Result<Option<Caller>, StoreError> {
        let Some((id, secret)) = parse(text) else { return Ok(None) };
        let ephemeral = self.ephemeral.as_ref().filter(|token| token.id == id).cloned();
        let is_stored = ephemeral.is_none();
        let stored = match ephemeral {
            Some(token) => Some(token),
            None => store.token(id).await?,
        };
        // An unknown id takes the same steps as a wrong secret.
        let expected = stored.as_ref().map_or(&[0; 32][..], |token| &token.secret_digest);
        let matches = bool::from(digest(secret).ct_eq(expected));
        let latest = self.latest.fetch_max(now, Ordering::Relaxed).max(now);
        Ok(stored.filter(|token| matches && token.is_valid(latest)).and_then(|token| {
            if is_stored {
                self.unnoted().insert(token.id.clone(), now);
            }
            Caller::of(token)
        }))
    }

    /// Who has the token with this id at this time, if it is still worth anything: for those who presented it before, and
    /// are known by something else since. The store is asked each time.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn holder(&self, store: &dyn Store, id: &str, now: i64) -> Result<Option<Caller>, StoreError> {
        let stored = match self.ephemeral.as_ref().filter(|token| token.id == id) {
            Some(token) => Some(token.clone()),
            None => store.token(id).await?,
        };
        Ok(stored.filter(|token| token.is_valid(now)).and_then(Caller::of))
    }

    /// Whoever started the process, if there is a token that lives as long as it does.
    #[must_use]
    pub fn developer(&self) -> Option<Caller> {
        self.ephemeral.clone().and_then(Caller::of)
    }
}

impl Tokens {
    /// Lets the store know when tokens were last used; called now and then, apart from requests.
    ///
    /// # Errors
    /// When the store cannot be told; then it is told the next time.
    pub async fn note_uses(&self, store: &dyn Store) -> Result<(), StoreError> {
        let noted: Vec<(String, i64)> = self.unnoted().drain().collect();
        if noted.is_empty() {
            return Ok(());
        }
        let answer = store.note_token_uses(&noted).await;
        if answer.is_err() {
            let mut unnoted = self.unnoted();
            for (id, at) in noted {
                unnoted.entry(id).or_insert(at);
            }
        }
        answer
    }

    fn unnoted(&self) -> MutexGuard<'_, HashMap<String, i64>> {
        self.unnoted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StoredToken {
    /// Whether it is worth anything at this time.
    #[must_use]
    pub fn is_valid(&self, now: i64) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

fn parse(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix(PREFIX).filter(|_| text.len() <= MAX_LENGTH)?;
    let (id, secret) = rest.split_once('_')?;
    (id.len() == ID_LENGTH && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some((id, secret))
}

/// The token in an `Authorization` header: `Token token="…"`, `Token token=…` or `Bearer …`.
#[must_use]
pub fn from_authorization(header: &str) -> Option<&str> {
    let (scheme, rest) = header.trim().split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest);
    }
    if !scheme.eq_ignore_ascii_case("token") {
        return None;
    }
    // As in Rails: parameters separated by commas, of which `token` is the one that counts.
    let token = rest.split(',').find_map(|parameter| parameter.trim().strip_prefix("token="))?;
    Some(token.strip_prefix('"').and_then(|token| token.strip_suffix('"')).unwrap_or(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_the_header() {
        for header in [
            "Token token=\"abc\"",
            "Token token=abc",
            "token token=abc",
            "Bearer abc",
            "bearer  abc",
            "Token token=\"abc\", email=\"x\"",
        ] {
            assert_eq!(from_authorization(header), Some("abc"), "{header}");
        }
        for header in ["", "abc", "Basic abc", "Token abc", "Bearer"] {
            assert_eq!(from_authorization(header), None, "{header}");
        }
    }

    #[test]
    fn patterns_cover_names() {
        let caller = |forms: &[&str]| {
            let forms: Vec<String> = forms.iter().map(|form| (*form).to_owned()).collect();
            let set = patterns(&forms).unwrap_or_default();
            Caller { id: String::new(), name: String::new(), patterns: forms, forms: set }
        };
        assert!(caller(&["sign_up", "developer/*"]).covers("developer/sign_up"));
        assert!(caller(&["*"]).covers("developer/sign_up"));
        assert!(!caller(&["sign_up"]).covers("developer/sign_up"));
        assert!(!caller(&["developer/*"]).covers("developers/sign_up"));
        assert!(!caller(&[]).covers("sign_up"));
    }

    #[test]
    fn what_is_no_token_does_not_parse() {
        assert_eq!(parse("fw_0123456789abcdef_x"), Some(("0123456789abcdef", "x")));
        let long = format!("fw_0123456789abcdef_{}", "x".repeat(MAX_LENGTH));
        for text in ["", "fw_", "fw_0123", "fw_0123456789abcdeg_x", "0123456789abcdef_x", long.as_str()] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
