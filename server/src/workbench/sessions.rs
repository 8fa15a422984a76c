//! Who is signed in: what a browser's cookie stands for.
//!
//! In: the id of a token that was just presented. Out: 256 random bits for a cookie, which mean nothing to anyone but this
//! process, and nothing to it but «whoever presented that token». A session holds no token and no part of one; whether the
//! token is still worth anything is for the store to say, with each request.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// How many there may be; beyond that the oldest ends.
const MAX_SESSIONS: usize = 1000;
/// How long one lasts, in milliseconds: a day's work.
const LIFETIME: i64 = 12 * 60 * 60 * 1000;
/// Bytes of randomness in a cookie.
const COOKIE_BYTES: usize = 32;

/// Someone who signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The id of the token that they presented.
    pub token_id: String,
    /// Whether they came by HTTPS.
    pub is_secure: bool,
    until: i64,
}

/// Everyone who is signed in, by the digest of their cookie: to find one takes no time that tells of another.
#[derive(Default)]
pub struct Sessions(Mutex<HashMap<[u8; 32], Session>>);

impl Sessions {
    /// Begins a session at this time; the value of its cookie.
    ///
    /// # Errors
    /// When the operating system has no randomness.
    pub fn begin(&self, token_id: &str, is_secure: bool, now: i64) -> Result<String, getrandom::Error> {
        let mut bytes = [0; COOKIE_BYTES];
        getrandom::fill(&mut bytes)?;
        let cookie = URL_SAFE_NO_PAD.encode(bytes);
        let session =
            Session { token_id: token_id.to_owned(), is_secure, until: now.saturating_add(LIFETIME) };
        let mut sessions = self.sessions();
        sessions.retain(|_, session| now < session.until);
        if sessions.len() >= MAX_SESSIONS {
            let oldest = sessions.iter().min_by_key(|(_, session)| session.until).map(|(key, _)| *key);
            oldest.and_then(|oldest| sessions.remove(&oldest));
        }
        sessions.insert(digest(&cookie), session);
        Ok(cookie)
    }

    /// Whose cookie this is, if they are still signed in.
    #[must_use]
    pub fn find(&self, cookie: &str, now: i64) -> Option<Session> {
        self.sessions().get(&digest(cookie)).filter(|session| now < session.until).cloned()
    }

    /// Ends a session.
    pub fn end(&self, cookie: &str) {
        self.sessions().remove(&digest(cookie));
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<[u8; 32], Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn digest(cookie: &str) -> [u8; 32] {
    Sha256::digest(cookie).into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_session_lasts_until_it_is_over_or_ended() {
        let sessions = Sessions::default();
        let (one, other) = (sessions.begin("a", true, 0).unwrap(), sessions.begin("b", false, 0).unwrap());
        assert_eq!(sessions.find(&one, LIFETIME - 1).unwrap().token_id, "a");
        assert_eq!(sessions.find(&one, LIFETIME), None);
        sessions.end(&one);
        assert_eq!(sessions.find(&one, 1), None);
        assert_eq!(sessions.find(&other, 1).unwrap().token_id, "b");
        assert_eq!(sessions.find("", 1), None);
    }

    #[test]
    fn there_are_so_many_and_the_oldest_goes_first() {
        let sessions = Sessions::default();
        let first = sessions.begin("first", true, 0).unwrap();
        let second = sessions.begin("second", true, 1).unwrap();
        for _ in 2..=MAX_SESSIONS {
            sessions.begin("another", true, 2).unwrap();
        }
        assert_eq!(sessions.find(&first, 3), None);
        assert!(sessions.find(&second, 3).is_some());
        assert_eq!(sessions.sessions().len(), MAX_SESSIONS);
    }
}
