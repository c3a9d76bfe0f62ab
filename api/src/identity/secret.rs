//! What is given out once and known again by its hash: renewal tokens, keys, and tokens for the first admin.

use aws_lc_rs::{digest, error::Unspecified, rand};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::problem::Problem;

/// A secret's hash.
pub(crate) type Hash = [u8; 32];

/// 256 bits that nobody can guess, as text behind `prefix`.
///
/// # Errors
/// The system gives no randomness.
pub(crate) fn made(prefix: &str) -> Result<String, Unspecified> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes)?;
    Ok(format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes)))
}

/// So many random bytes, in hexadecimal digits: a name that no other has.
///
/// # Errors
/// The system gives no randomness.
pub(crate) fn name<const BYTES: usize>() -> Result<String, Unspecified> {
    let mut bytes = [0; BYTES];
    rand::fill(&mut bytes)?;
    Ok(hex(&bytes))
}

/// By what a secret is known. It has too many bits for anybody to try them all, so it needs no slow hash.
pub(crate) fn hash(secret: &[u8]) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(digest::digest(&digest::SHA256, secret).as_ref());
    hash
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl From<Unspecified> for Problem {
    fn from(error: Unspecified) -> Self {
        Self::internal(error)
    }
}
