//! The three algorithms of data encryption keys (DEKs).

use std::fmt;
use std::str::FromStr;

/// Algorithm of a DEK, as named by the rule parameter `encrypt.dek.algorithm`
/// and the DEK Registry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// AES-GCM with a 128-bit key.
    Aes128Gcm,
    /// AES-GCM with a 256-bit key: the default where no algorithm is named.
    #[default]
    Aes256Gcm,
    /// AES-SIV (RFC 5297) with two 256-bit keys. Deterministic: equal
    /// plaintexts give equal ciphertexts under one DEK.
    Aes256Siv,
}

impl Algorithm {
    /// All algorithms.
    pub const ALL: [Self; 3] = [Self::Aes128Gcm, Self::Aes256Gcm, Self::Aes256Siv];

    /// Returns the name in rules and in the DEK Registry.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "AES128_GCM",
            Self::Aes256Gcm => "AES256_GCM",
            Self::Aes256Siv => "AES256_SIV",
        }
    }

    /// Returns the length of the key itself, in bytes.
    #[must_use]
    pub const fn key_len(self) -> usize {
        match self {
            Self::Aes128Gcm => 16,
            Self::Aes256Gcm => 32,
            Self::Aes256Siv => 64,
        }
    }

    /// Returns the number of bytes by which a ciphertext is longer than its
    /// plaintext.
    #[must_use]
    pub const fn overhead(self) -> usize {
        match self {
            Self::Aes128Gcm | Self::Aes256Gcm => 12 + 16,
            Self::Aes256Siv => 16,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is not one of the three algorithms.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown DEK algorithm {name:?}: use AES128_GCM, AES256_GCM or AES256_SIV")]
pub struct UnknownAlgorithm {
    /// The name that was given.
    pub name: String,
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or_else(|| UnknownAlgorithm {
                name: name.to_owned(),
            })
    }
}
