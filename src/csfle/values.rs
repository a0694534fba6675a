//! Encrypts and decrypts single values.
//!
//! A bytes field holds the blob itself, a string field its base64. Under a rule that
//! rotates keys, the blob is `00 ‖ DEK version (4 bytes, big-endian) ‖ ciphertext`.
//! Otherwise it is the ciphertext alone.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost::encoding::encode_varint;

use super::cipher::aead::{CipherError, Nonces};
use super::fields::failure::Obstacle;
use super::fields::problem::ValueProblem;
use super::fields::walk::Values;
use super::keys::data_key::DataKey;

const VERSION_MAGIC: u8 = 0;
const VERSION_LEN: usize = 5;

impl From<ValueProblem> for Obstacle {
    fn from(problem: ValueProblem) -> Self {
        Self::Problem(problem)
    }
}

impl From<CipherError> for Obstacle {
    fn from(error: CipherError) -> Self {
        Self::Problem(ValueProblem::Cipher(error.to_string()))
    }
}

/// Encrypts the values of one message.
pub(super) struct Encrypt<'a> {
    key: &'a DataKey,
    prefixed: bool,
    nonces: Nonces,
    scratch: Vec<u8>,
}

impl<'a> Encrypt<'a> {
    pub(super) fn new(key: &'a DataKey, prefixed: bool) -> Self {
        Self {
            key,
            prefixed,
            nonces: Nonces::new(),
            scratch: Vec::new(),
        }
    }

    fn blob_len(&self, plaintext: &[u8]) -> usize {
        let prefix = if self.prefixed { VERSION_LEN } else { 0 };
        plaintext
            .len()
            .saturating_add(self.key.cipher.overhead())
            .saturating_add(prefix)
    }
}

/// Appends the blob of a value.
pub(super) fn seal(
    key: &DataKey,
    prefixed: bool,
    nonces: &mut Nonces,
    plaintext: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), CipherError> {
    if prefixed {
        out.push(VERSION_MAGIC);
        out.extend_from_slice(&key.version.to_be_bytes());
    }
    key.cipher.seal(nonces, plaintext, out)
}

impl Values for Encrypt<'_> {
    fn transform(&mut self, text: bool, value: &[u8], out: &mut Vec<u8>) -> Result<(), Obstacle> {
        let blob_len = self.blob_len(value);
        if !text {
            encode_varint(blob_len as u64, out);
            let at = out.len();
            seal(self.key, self.prefixed, &mut self.nonces, value, out)?;
            // The length in front must be right, or the fields after it would be
            // misread.
            return match out.len().checked_sub(at) == Some(blob_len) {
                true => Ok(()),
                false => Err(CipherError::Internal.into()),
            };
        }
        if std::str::from_utf8(value).is_err() {
            return Err(ValueProblem::NotUtf8.into());
        }
        self.scratch.clear();
        self.scratch.reserve(blob_len);
        seal(
            self.key,
            self.prefixed,
            &mut self.nonces,
            value,
            &mut self.scratch,
        )?;
        let text_len = self.scratch.len().div_ceil(3).saturating_mul(4);
        encode_varint(text_len as u64, out);
        let at = out.len();
        out.resize(at.saturating_add(text_len), 0);
        let place = out.get_mut(at..).ok_or(CipherError::Internal)?;
        match STANDARD.encode_slice(&self.scratch, place) {
            Ok(written) if written == text_len => Ok(()),
            _ => Err(CipherError::Internal.into()),
        }
    }
}

/// Decrypts the values of one message.
pub(super) struct Decrypt<'a> {
    /// The keys that the rule holds.
    keys: &'a [Arc<DataKey>],
    prefixed: bool,
    scratch: Vec<u8>,
}

impl<'a> Decrypt<'a> {
    pub(super) fn new(keys: &'a [Arc<DataKey>], prefixed: bool) -> Self {
        Self {
            keys,
            prefixed,
            scratch: Vec::new(),
        }
    }
}

/// Splits a blob into the DEK version and the ciphertext.
pub(super) fn split(blob: &[u8], prefixed: bool) -> Result<(i32, &[u8]), ValueProblem> {
    if !prefixed {
        return Ok((1, blob));
    }
    let Some(([magic, version @ ..], ciphertext)) = blob.split_first_chunk::<VERSION_LEN>() else {
        return Err(ValueProblem::NoVersion { len: blob.len() });
    };
    if *magic != VERSION_MAGIC {
        return Err(ValueProblem::BadVersion { found: *magic });
    }
    let version: [u8; 4] = *version;
    match i32::from_be_bytes(version) {
        // Confluent's clients treat 0 as the first version.
        0 => Ok((1, ciphertext)),
        // Registries read -1 as the latest version.
        found if found < 0 => Err(ValueProblem::NegativeVersion { found }),
        version => Ok((version, ciphertext)),
    }
}

/// Returns the key of a version from those that the rule holds.
pub(super) fn key_of(keys: &[Arc<DataKey>], version: i32) -> Result<&DataKey, Obstacle> {
    keys.iter()
        .find(|key| key.version == version)
        .map(Arc::as_ref)
        .ok_or(Obstacle::MissingKey(version))
}

impl Values for Decrypt<'_> {
    fn transform(&mut self, text: bool, value: &[u8], out: &mut Vec<u8>) -> Result<(), Obstacle> {
        let blob = if text {
            self.scratch.clear();
            STANDARD
                .decode_vec(value, &mut self.scratch)
                .map_err(|_| ValueProblem::NotBase64)?;
            self.scratch.as_slice()
        } else {
            value
        };
        let (version, ciphertext) = split(blob, self.prefixed)?;
        let key = key_of(self.keys, version)?;
        let len = ciphertext.len().saturating_sub(key.cipher.overhead());
        encode_varint(len as u64, out);
        let at = out.len();
        key.cipher.open(ciphertext, out)?;
        let plaintext = out.get(at..).ok_or(CipherError::Internal)?;
        if plaintext.len() != len {
            return Err(CipherError::Internal.into());
        }
        if text && std::str::from_utf8(plaintext).is_err() {
            return Err(ValueProblem::NotUtf8.into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_from_one() {
        let blob = |version: i32| [&[VERSION_MAGIC][..], &version.to_be_bytes(), b"ct"].concat();
        assert_eq!(split(&blob(7), true), Ok((7, &b"ct"[..])));
        assert_eq!(split(&blob(0), true), Ok((1, &b"ct"[..])));
        for found in [-1, i32::MIN] {
            let refused = Err(ValueProblem::NegativeVersion { found });
            assert_eq!(split(&blob(found), true), refused);
        }
    }
}
