//! Password hashing: Argon2id, as many at once as there are cores, never on the async threads.

use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use formwork_engine::submission::Secret;
use tokio::sync::Semaphore;

/// Why a password was not hashed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The operating system has no randomness for a salt.
    #[error("the operating system gives no random numbers: {0}")]
    Random(getrandom::Error),
    /// The hash function refused its input or parameters.
    #[error("argon2 failed: {0}")]
    Argon2(argon2::Error),
    /// The hash cannot be written as a PHC string.
    #[error("the hash cannot be written as a PHC string: {0}")]
    Phc(argon2::password_hash::phc::Error),
    /// The thread that hashed is gone.
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

/// Hashes passwords, and keeps the working memory from one to the next.
#[derive(Clone)]
pub struct Hasher {
    shared: Arc<Shared>,
    permits: Arc<Semaphore>,
}

struct Shared {
    argon2: Argon2<'static>,
    memory: Mutex<Vec<Vec<Block>>>,
}

impl Hasher {
    /// A hasher that runs at most `concurrency` hashes at once.
    #[must_use]
    pub fn new(params: Params, concurrency: usize) -> Self {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let shared = Shared { argon2, memory: Mutex::new(Vec::with_capacity(concurrency)) };
        Self { shared: Arc::new(shared), permits: Arc::new(Semaphore::new(concurrency.max(1))) }
    }

    /// Hashes a password to a PHC string with a new random salt of 16 bytes.
    ///
    /// # Errors
    /// When there is no randomness; the other reasons cannot come about with sound parameters.
    pub async fn hash(&self, password: Secret) -> Result<String, PasswordError> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(PasswordError::Random)?;
        let permit =
            Arc::clone(&self.permits).acquire_owned().await.map_err(|_| PasswordError::Interrupted)?;
        let shared = Arc::clone(&self.shared);
        // The permit goes along: a client that leaves does not let a further hash in.
        let work = move || {
            let hash = shared.hash(&password, salt);
            drop(permit);
            hash
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| PasswordError::Interrupted)?
    }
}

impl Shared {
    fn hash(&self, password: &Secret, salt: [u8; 16]) -> Result<String, PasswordError> {
        let params = self.argon2.params();
        // Every hash overwrites the whole memory, so what a panicking one left in it does no harm.
        let reused = self.memory.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut memory = reused.unwrap_or_else(|| vec![Block::new(); params.block_count()]);
        let mut output = [0; 32];
        let hashed = self.argon2.hash_password_into_with_memory(
            password.expose().as_bytes(),
            &salt,
            &mut output,
            &mut memory,
        );
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
        hashed.map_err(PasswordError::Argon2)?;
        phc(params, &salt, &output).map_err(PasswordError::Phc)
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
