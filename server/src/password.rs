//! Password hashing: Argon2id on threads of its own, as many as there are cores, admitted by how long it would wait.

pub mod portable;
#[cfg(feature = "simd-argon2")]
pub mod simd;
mod threads;

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Params, Version};
use formwork_engine::submission::Secret;
use subtle::ConstantTimeEq;

use crate::measures::Hashes;
#[cfg(not(feature = "simd-argon2"))]
pub use portable::Argon2id;
#[cfg(feature = "simd-argon2")]
pub use simd::Argon2id;
use threads::Threads;

/// How long a hash is thought to take until one was measured.
const USUAL: Duration = Duration::from_millis(50);

/// Why a password was not hashed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// So many wait that another would wait too long; nothing was begun.
    #[error("too many passwords wait to be hashed")]
    Overloaded {
        /// How long it takes until those that wait are done.
        retry_after: Duration,
    },
    /// The operating system gives no thread to hash on.
    #[error("cannot start a thread that hashes passwords")]
    Thread(#[source] std::io::Error),
    /// The operating system has no randomness for a salt.
    #[error("the operating system gives no random numbers: {0}")]
    Random(getrandom::Error),
    /// The hash function refused its input or parameters.
    #[error("argon2 failed: {0}")]
    Argon2(argon2::Error),
    /// The other implementation refused its input or parameters, or has no memory.
    #[cfg(feature = "simd-argon2")]
    #[error("argon2-rust failed: {0}")]
    Simd(argon2_rust::Error),
    /// The implementations do not agree on what a hash is.
    #[cfg(feature = "simd-argon2")]
    #[error(
        "argon2-rust computes wrong hashes on this machine; use a build without the feature `simd-argon2`"
    )]
    Disagreement,
    /// The hash cannot be written as a PHC string.
    #[error("the hash cannot be written as a PHC string: {0}")]
    Phc(argon2::password_hash::phc::Error),
    /// What is stored is no hash that could be compared with.
    #[error("a stored password hash is malformed")]
    Malformed,
    /// Hashing panicked.
    #[error("hashing was interrupted")]
    Interrupted,
}

/// OWASP's parameters for Argon2id (Password Storage Cheat Sheet): 19 MiB, 2 passes, 1 lane.
///
/// # Errors
/// Never for these numbers.
pub fn owasp() -> Result<Params, PasswordError> {
    Params::new(19_456, 2, 1, Some(32)).map_err(PasswordError::Argon2)
}

/// Hashes passwords; clones share their threads.
#[derive(Clone)]
pub struct Hasher {
    params: Params,
    threads: Arc<Threads>,
}

/// The right to one hash, given up when dropped.
pub struct Place {
    params: Params,
    place: threads::Place,
}

impl Hasher {
    /// A hasher of so many threads, which admits nothing that would wait longer than `longest_wait`.
    ///
    /// # Errors
    /// When the operating system gives no threads, or this build hashes wrongly on this machine.
    pub fn new(params: Params, threads: usize, longest_wait: Duration) -> Result<Self, PasswordError> {
        #[cfg(feature = "simd-argon2")]
        simd::check(&params)?;
        let threads = Threads::start(threads, longest_wait, USUAL).map_err(PasswordError::Thread)?;
        Ok(Self { params, threads: Arc::new(threads) })
    }

    /// How many passwords wait to be hashed.
    pub(crate) fn waiting(&self) -> usize {
        self.threads.waiting()
    }

    /// How long they wait, and take.
    pub(crate) fn measures(&self) -> &Hashes {
        self.threads.measures()
    }

    /// Admits one hash: asked before any work is done for it.
    ///
    /// # Errors
    /// When it would have to wait too long.
    pub fn admit(&self) -> Result<Place, PasswordError> {
        let place = self.threads.admit().map_err(|retry_after| PasswordError::Overloaded { retry_after })?;
        Ok(Place { params: self.params.clone(), place })
    }
}

impl Place {
    /// Hashes a password to a PHC string with a new random salt of 16 bytes.
    ///
    /// # Errors
    /// When there is no randomness; the other reasons cannot come about with sound parameters.
    pub async fn hash(self, password: Secret) -> Result<String, PasswordError> {
        let Self { params, place } = self;
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(PasswordError::Random)?;
        let work = move |argon2id: &mut Argon2id| {
            let output = argon2id.hash(&params, Version::V0x13, password.expose().as_bytes(), &salt)?;
            phc(&params, &salt, &output).map_err(PasswordError::Phc)
        };
        place.run(work).await.ok_or(PasswordError::Interrupted)?
    }

    /// Whether a hash is of this password.
    ///
    /// # Errors
    /// When the hash is none of ours.
    pub async fn verify(self, password: Secret, phc: &str) -> Result<bool, PasswordError> {
        let hash = PasswordHash::new(phc).map_err(PasswordError::Phc)?;
        let params = Params::try_from(&hash).map_err(|_| PasswordError::Malformed)?;
        let (Some(salt), Some(output)) = (hash.salt, hash.hash) else { return Err(PasswordError::Malformed) };
        let version = hash.version.map_or(Ok(Version::V0x13), Version::try_from);
        let version = version.map_err(|_| PasswordError::Malformed)?;
        if hash.algorithm != ARGON2ID_IDENT {
            return Err(PasswordError::Malformed);
        }
        let work = move |argon2id: &mut Argon2id| {
            let again = argon2id.hash(&params, version, password.expose().as_bytes(), salt.as_ref())?;
            Ok(bool::from(again.ct_eq(output.as_bytes())))
        };
        self.place.run(work).await.ok_or(PasswordError::Interrupted)?
    }
}

fn phc(params: &Params, salt: &[u8], output: &[u8]) -> Result<String, argon2::password_hash::phc::Error> {
    let hash = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params).unwrap_or_default(),
        salt: Some(Salt::new(salt)?),
        hash: Some(Output::new(output)?),
    };
    Ok(hash.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_is_of_its_password_alone_whatever_the_parameters_are_today() {
        let hasher = |memory| Hasher::new(Params::new(memory, 1, 1, Some(32)).unwrap(), 1, USUAL).unwrap();
        let (before, today) = (hasher(16), hasher(8));
        let secret = |text: &str| Secret::new(text.to_owned());
        let phc = before.admit().unwrap().hash(secret("right")).await.unwrap();
        assert!(today.admit().unwrap().verify(secret("right"), &phc).await.unwrap());
        assert!(!today.admit().unwrap().verify(secret("wrong"), &phc).await.unwrap());
        assert!(today.admit().unwrap().verify(secret("right"), "$argon2id$").await.is_err());
    }
}
