//! Argon2id by the crate `argon2`, in memory that is kept from one hash to the next.

use argon2::{Algorithm, Argon2, Block, Params, Version};

use super::PasswordError;

/// Argon2id with its working memory, which every hash overwrites.
#[derive(Default)]
pub struct Argon2id {
    memory: Vec<Block>,
}

impl Argon2id {
    /// Hashes a password with a salt.
    ///
    /// # Errors
    /// When the salt is too short.
    pub fn hash(
        &mut self,
        params: &Params,
        version: Version,
        password: &[u8],
        salt: &[u8],
    ) -> Result<[u8; 32], PasswordError> {
        let needed = params.block_count();
        if self.memory.len() < needed {
            self.memory.resize(needed, Block::new());
        }
        let mut output = [0; 32];
        Argon2::new(Algorithm::Argon2id, version, params.clone())
            .hash_password_into_with_memory(password, salt, &mut output, &mut self.memory[..needed])
            .map_err(PasswordError::Argon2)?;
        Ok(output)
    }
}
