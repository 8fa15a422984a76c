//! Argon2id by `argon2-rust`: the widest instructions that the processor has, found out when it runs.
//!
//! It is young and nobody has audited it. So it is there only with the feature `simd-argon2`, and hashes nothing before it
//! has agreed with RFC 9106 and, on random inputs, with the crate `argon2`: a server on whose processor it errs does
//! not start. That is no proof that it never errs.

use argon2::{Params, Version};
use argon2_rust::params::Memory;
use argon2_rust::{Algorithm, Argon2, Hasher};

use super::{PasswordError, portable};

/// How many random inputs both implementations have to agree on.
const TRIALS: u8 = 16;

/// The vector of RFC 9106, 5.3: 32 KiB, 3 passes, 4 lanes, with a secret and associated data.
const OF_THE_RFC: [u8; 32] = [
    0x0d, 0x64, 0x0d, 0xf5, 0x8d, 0x78, 0x76, 0x6c, 0x08, 0xc0, 0x37, 0xa3, 0x4a, 0x8b, 0x53, 0xc9, 0xd0,
    0x1e, 0xf0, 0x45, 0x2d, 0x75, 0xb6, 0x5e, 0xb5, 0x25, 0x20, 0xe9, 0x6b, 0x01, 0xe6, 0x59,
];

/// Argon2id with its working memory, which every hash overwrites.
#[derive(Default)]
pub struct Argon2id {
    hasher: Option<Hasher>,
}

impl Argon2id {
    /// Hashes a password with a salt.
    ///
    /// # Errors
    /// When the salt is too short, or there is no memory.
    pub fn hash(
        &mut self,
        params: &Params,
        version: Version,
        password: &[u8],
        salt: &[u8],
    ) -> Result<[u8; 32], PasswordError> {
        let argon2 = argon2(params.m_cost(), params.t_cost(), params.p_cost(), version)?;
        let hasher = self.hasher.get_or_insert_with(|| argon2.hasher());
        hasher.set_argon2(argon2);
        let mut output = [0; 32];
        hasher.hash_into(password, salt, &mut output).map_err(PasswordError::Simd)?;
        Ok(output)
    }
}

fn argon2(memory: u32, passes: u32, lanes: u32, version: Version) -> Result<Argon2, PasswordError> {
    let version = match version {
        Version::V0x10 => argon2_rust::Version::V0x10,
        Version::V0x13 => argon2_rust::Version::V0x13,
    };
    let params =
        argon2_rust::Params::builder().memory(Memory::kib(memory.into())).passes(passes).lanes(lanes);
    Ok(Argon2::new(Algorithm::Argon2id, version, params.build().map_err(PasswordError::Simd)?))
}

/// Whether this processor computes what it should, with `params` as with less memory.
///
/// # Errors
/// When it does not.
pub(super) fn check(params: &Params) -> Result<(), PasswordError> {
    let mut output = [0; 32];
    let of_the_rfc = argon2(32, 3, 4, Version::V0x13)?;
    of_the_rfc
        .hash_into_with_ad(&[1; 32], &[2; 16], &[3; 8], &[4; 12], &mut output)
        .map_err(PasswordError::Simd)?;
    if output != OF_THE_RFC {
        return Err(PasswordError::Disagreement);
    }
    let mut simd = Argon2id::default();
    agree(params, |params, password, salt| simd.hash(params, Version::V0x13, password, salt))
}

/// Whether a function computes what the crate `argon2` does, on random passwords and salts of several lengths.
fn agree(
    params: &Params,
    mut hash: impl FnMut(&Params, &[u8], &[u8]) -> Result<[u8; 32], PasswordError>,
) -> Result<(), PasswordError> {
    let mut portable = portable::Argon2id::default();
    for trial in 0..TRIALS {
        let mut random = [0; 160];
        getrandom::fill(&mut random).map_err(PasswordError::Random)?;
        let (salt, password) = random.split_at(8 + usize::from(trial));
        let password = &password[..8 * usize::from(trial)];
        // The last is as real ones are; the others take a hundredth of the time.
        let small = Params::new(64 + 8 * u32::from(trial), 1 + u32::from(trial % 3), 1, Some(32));
        let small = small.map_err(PasswordError::Argon2)?;
        let params = if trial + 1 == TRIALS { params } else { &small };
        if hash(params, password, salt)? != portable.hash(params, Version::V0x13, password, salt)? {
            return Err(PasswordError::Disagreement);
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn both_implementations_agree_here() {
        check(&super::super::owasp().unwrap()).unwrap();
    }

    #[test]
    fn one_that_errs_is_found_out() {
        let mut portable = portable::Argon2id::default();
        let mut trials = 0;
        let errs = |params: &Params, password: &[u8], salt: &[u8]| {
            trials += 1;
            let mut output = portable.hash(params, Version::V0x13, password, salt)?;
            output[31] ^= u8::from(trials == TRIALS);
            Ok(output)
        };
        assert!(matches!(agree(&super::super::owasp().unwrap(), errs), Err(PasswordError::Disagreement)));
    }
}
