//! The raw DEK: a serialized Tink key message, and the codec for it.
//!
//! A KMS does not wrap the bare key but the Protobuf message
//! `google.crypto.tink.AesGcmKey` (`uint32 version = 1; bytes key_value = 3`) or
//! `google.crypto.tink.AesSivKey` (`uint32 version = 1; bytes key_value = 2`). It is
//! not a Tink keyset, and ciphertexts carry no Tink prefix.

use prost::encoding::{WireType, encode_key, encode_varint};
use zeroize::Zeroizing;

use super::algorithm::Algorithm;
use crate::csfle::wire::{Fields, Malformed, varint};

/// Bytes that are not a key of the algorithm. The message says what is wrong without
/// showing any of the bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the DEK is not a Tink key for {algorithm}: {problem}")]
pub struct InvalidKey {
    /// Algorithm that was expected.
    pub algorithm: Algorithm,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error("{0}")]
    Malformed(Malformed),
    #[error("its key version is {0}, only 0 is known")]
    Version(u64),
    #[error("its key has {len} byte{}", if *.len == 1 { "" } else { "s" })]
    Length { len: usize },
}

impl InvalidKey {
    pub(crate) fn length(algorithm: Algorithm, len: usize) -> Self {
        let problem = Problem::Length { len };
        Self { algorithm, problem }
    }
}

/// A raw DEK. It is overwritten with zeros when dropped, and its `Debug` output
/// shows no key byte.
#[derive(Clone)]
pub struct RawDek {
    algorithm: Algorithm,
    serialized: Zeroizing<Vec<u8>>,
}

impl RawDek {
    /// Creates a random key with randomness from the operating system.
    ///
    /// # Errors
    ///
    /// When the operating system provides no randomness.
    pub fn generate(algorithm: Algorithm) -> Result<Self, getrandom::Error> {
        let mut key = Zeroizing::new(vec![0; algorithm.key_len()]);
        getrandom::fill(&mut key)?;
        Ok(Self::from_key(algorithm, &key))
    }

    /// Serializes a key of the right length.
    fn from_key(algorithm: Algorithm, key: &[u8]) -> Self {
        // Reserves the full size: growing would leave copies of the key behind.
        let mut serialized = Zeroizing::new(Vec::with_capacity(key.len().saturating_add(12)));
        encode_key(
            key_field(algorithm),
            WireType::LengthDelimited,
            &mut *serialized,
        );
        encode_varint(key.len() as u64, &mut *serialized);
        serialized.extend_from_slice(key);
        Self {
            algorithm,
            serialized,
        }
    }

    /// Parses the bytes that a KMS unwrapped or a registry returned.
    ///
    /// # Errors
    ///
    /// When they are not a Tink key message of this algorithm.
    pub fn parse(algorithm: Algorithm, serialized: &[u8]) -> Result<Self, InvalidKey> {
        let key = key_value(algorithm, serialized)
            .map_err(|problem| InvalidKey { algorithm, problem })?;
        Ok(Self::from_key(algorithm, key))
    }

    /// Returns the algorithm of the key.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns the Tink key message, which a KMS wraps and which `keyMaterial` holds
    /// in base64.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.serialized
    }

    /// Returns the bare key.
    pub(crate) fn key(&self) -> &[u8] {
        // `from_key` serialized the message, so the key is its last part.
        let len = self.serialized.len();
        let (_, key) = self
            .serialized
            .split_at(len.saturating_sub(self.algorithm.key_len()));
        key
    }
}

impl std::fmt::Debug for RawDek {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawDek")
            .field("algorithm", &self.algorithm)
            .field("key", &"***")
            .finish()
    }
}

/// Returns the field number of `key_value`: 3 in `AesGcmKey`, 2 in `AesSivKey`.
fn key_field(algorithm: Algorithm) -> u32 {
    match algorithm {
        Algorithm::Aes128Gcm | Algorithm::Aes256Gcm => 3,
        Algorithm::Aes256Siv => 2,
    }
}

fn key_value(algorithm: Algorithm, serialized: &[u8]) -> Result<&[u8], Problem> {
    let mut key: &[u8] = &[];
    for field in Fields::new(serialized) {
        let field = field.map_err(Problem::Malformed)?;
        match (field.number, field.wire_type) {
            (1, WireType::Varint) => {
                let (version, _) = varint(field.value).map_err(Problem::Malformed)?;
                if version != 0 {
                    return Err(Problem::Version(version));
                }
            }
            (number, WireType::LengthDelimited) if number == key_field(algorithm) => {
                key = field.value
            }
            _ => {}
        }
    }
    if key.len() == algorithm.key_len() {
        Ok(key)
    } else {
        Err(Problem::Length { len: key.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_keys_have_the_lengths_and_fields_of_tink() {
        for (algorithm, head, len) in [
            (Algorithm::Aes128Gcm, [0x1a, 0x10], 18),
            (Algorithm::Aes256Gcm, [0x1a, 0x20], 34),
            (Algorithm::Aes256Siv, [0x12, 0x40], 66),
        ] {
            let dek = RawDek::generate(algorithm).unwrap();
            assert_eq!(dek.as_bytes().len(), len);
            assert_eq!(dek.as_bytes()[..2], head);
            assert_eq!(dek.key(), &dek.as_bytes()[2..]);
            let again = RawDek::parse(algorithm, dek.as_bytes()).unwrap();
            assert_eq!(again.as_bytes(), dek.as_bytes());
            assert_ne!(RawDek::generate(algorithm).unwrap().key(), dek.key());
        }
    }

    #[test]
    fn an_explicit_version_0_is_accepted_and_left_out() {
        let mut bytes = vec![0x08, 0x00, 0x1a, 0x10];
        bytes.extend([7; 16]);
        let dek = RawDek::parse(Algorithm::Aes128Gcm, &bytes).unwrap();
        assert_eq!(dek.key(), [7; 16]);
        assert_eq!(dek.as_bytes(), &bytes[2..]);
    }

    #[test]
    fn wrong_keys_are_refused_and_never_shown() {
        let mut version_1 = vec![0x08, 0x01, 0x1a, 0x10];
        version_1.extend([7; 16]);
        let mut siv_as_gcm = vec![0x12, 0x40];
        siv_as_gcm.extend([7; 64]);
        for (algorithm, bytes, expected) in [
            (Algorithm::Aes128Gcm, &version_1[..], "version is 1"),
            (Algorithm::Aes256Gcm, &version_1[2..], "16 bytes"),
            (Algorithm::Aes256Gcm, &siv_as_gcm, "0 bytes"),
            (Algorithm::Aes256Gcm, &[], "0 bytes"),
            (Algorithm::Aes256Gcm, &[0x1a, 0x20, 7], "cut short"),
        ] {
            let message = RawDek::parse(algorithm, bytes).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
        let dek = RawDek::parse(Algorithm::Aes128Gcm, &version_1[2..]).unwrap();
        assert!(!format!("{dek:?}").contains('7'), "{dek:?}");
    }
}
