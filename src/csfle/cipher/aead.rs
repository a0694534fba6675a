//! The ciphers behind a DEK, byte for byte as Tink's RAW primitives.
//!
//! * AES-GCM: `iv (12, random) ‖ ciphertext ‖ tag (16)`, no associated data.
//! * AES-SIV: `siv (16) ‖ ciphertext`, with exactly one associated-data string,
//!   which is empty. Without any such string the bytes would differ.

use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use aes_siv::siv::Aes256Siv;
use zeroize::Zeroizing;

use super::algorithm::Algorithm;
use super::raw_dek::{InvalidKey, RawDek};

const NONCE: usize = 12;
const TAG: usize = 16;

/// Why a value cannot be encrypted or decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CipherError {
    #[error("the ciphertext has {len} byte{}, at least {least} are needed", if *.len == 1 { "" } else { "s" })]
    TooShort { len: usize, least: usize },
    #[error("the ciphertext does not authenticate: it was altered, or another key made it")]
    NotAuthentic,
    #[error("the value is too long to encrypt")]
    TooLong,
    #[error("the operating system gave no randomness")]
    Randomness,
    #[error("an internal check failed; please report it")]
    Internal,
}

/// Generates random nonces for the values of one message. One system call fills the
/// pool for several values. The rest of the pool is never used for another message,
/// so a forked process cannot repeat a nonce.
pub(crate) struct Nonces {
    pool: [u8; NONCE * 4],
    used: usize,
}

impl Nonces {
    pub(crate) fn new() -> Self {
        Self {
            pool: [0; NONCE * 4],
            used: NONCE * 4,
        }
    }

    fn next(&mut self) -> Result<[u8; NONCE], CipherError> {
        if self.used >= self.pool.len() {
            getrandom::fill(&mut self.pool).map_err(|_| CipherError::Randomness)?;
            self.used = 0;
        }
        let nonce = self
            .pool
            .get(self.used..)
            .and_then(|rest| rest.first_chunk::<NONCE>())
            .copied()
            .ok_or(CipherError::Randomness)?;
        self.used = self.used.saturating_add(NONCE);
        Ok(nonce)
    }
}

/// A key ready for use. For AES-GCM the key schedule is expanded once. Keys are
/// overwritten with zeros when dropped.
pub(crate) enum Cipher {
    Aes128Gcm(Box<Aes128Gcm>),
    Aes256Gcm(Box<Aes256Gcm>),
    /// The cipher object of AES-SIV is mutable while it works, and sharing it would
    /// need a lock. A new one is created for each value instead.
    Aes256Siv(Zeroizing<[u8; 64]>),
}

impl Cipher {
    pub(crate) fn new(dek: &RawDek) -> Result<Self, InvalidKey> {
        let key = dek.key();
        let cipher = Self::from_key(dek.algorithm(), key);
        cipher.ok_or_else(|| InvalidKey::length(dek.algorithm(), key.len()))
    }

    /// Creates a cipher; returns `None` for a key of the wrong length.
    pub(crate) fn from_key(algorithm: Algorithm, key: &[u8]) -> Option<Self> {
        Some(match algorithm {
            Algorithm::Aes128Gcm => Self::Aes128Gcm(Box::new(Aes128Gcm::new_from_slice(key).ok()?)),
            Algorithm::Aes256Gcm => Self::Aes256Gcm(Box::new(Aes256Gcm::new_from_slice(key).ok()?)),
            Algorithm::Aes256Siv => Self::Aes256Siv(Zeroizing::new(key.try_into().ok()?)),
        })
    }

    pub(crate) fn overhead(&self) -> usize {
        match self {
            Self::Aes128Gcm(_) => Algorithm::Aes128Gcm.overhead(),
            Self::Aes256Gcm(_) => Algorithm::Aes256Gcm.overhead(),
            Self::Aes256Siv(_) => Algorithm::Aes256Siv.overhead(),
        }
    }

    /// Appends the ciphertext of `plaintext`. After an error the appended bytes are
    /// incomplete and must not be sent.
    pub(crate) fn seal(
        &self,
        nonces: &mut Nonces,
        plaintext: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), CipherError> {
        match self {
            Self::Aes128Gcm(cipher) => seal_gcm(cipher.as_ref(), nonces, plaintext, out),
            Self::Aes256Gcm(cipher) => seal_gcm(cipher.as_ref(), nonces, plaintext, out),
            Self::Aes256Siv(key) => {
                let added = grow(out, TAG.saturating_add(plaintext.len()))?;
                let (place, body) = added
                    .split_first_chunk_mut::<TAG>()
                    .ok_or(CipherError::Internal)?;
                let buffer = InOutBuf::new(plaintext, body).map_err(|_| CipherError::Internal)?;
                let siv = Aes256Siv::new((&**key).into())
                    .encrypt_inout_detached([b""], buffer)
                    .map_err(|_| CipherError::TooLong)?;
                *place = siv.into();
                Ok(())
            }
        }
    }

    /// Appends the plaintext of `ciphertext`. Appends nothing if the ciphertext is
    /// not authentic.
    pub(crate) fn open(&self, ciphertext: &[u8], out: &mut Vec<u8>) -> Result<(), CipherError> {
        let start = out.len();
        let result = match self {
            Self::Aes128Gcm(cipher) => open_gcm(cipher.as_ref(), ciphertext, out),
            Self::Aes256Gcm(cipher) => open_gcm(cipher.as_ref(), ciphertext, out),
            Self::Aes256Siv(key) => open_siv(key, ciphertext, out),
        };
        if result.is_err() {
            out.truncate(start);
        }
        result
    }
}

impl std::fmt::Debug for Cipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Aes128Gcm(_) => "Aes128Gcm(***)",
            Self::Aes256Gcm(_) => "Aes256Gcm(***)",
            Self::Aes256Siv(_) => "Aes256Siv(***)",
        })
    }
}

/// Appends `len` zeros and returns them.
fn grow(out: &mut Vec<u8>, len: usize) -> Result<&mut [u8], CipherError> {
    let start = out.len();
    let end = start.checked_add(len).ok_or(CipherError::TooLong)?;
    out.resize(end, 0);
    out.get_mut(start..).ok_or(CipherError::Internal)
}

fn seal_gcm<C>(
    cipher: &C,
    nonces: &mut Nonces,
    plaintext: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), CipherError>
where
    C: AeadInOut<NonceSize = aes_gcm::aead::consts::U12>,
{
    let nonce = nonces.next()?;
    out.extend_from_slice(&nonce);
    let body = grow(out, plaintext.len())?;
    let buffer = InOutBuf::new(plaintext, body).map_err(|_| CipherError::Internal)?;
    let tag = cipher
        .encrypt_inout_detached(&nonce.into(), b"", buffer)
        .map_err(|_| CipherError::TooLong)?;
    out.extend_from_slice(&tag);
    Ok(())
}

fn open_gcm<C>(cipher: &C, ciphertext: &[u8], out: &mut Vec<u8>) -> Result<(), CipherError>
where
    C: AeadInOut<NonceSize = aes_gcm::aead::consts::U12, TagSize = aes_gcm::aead::consts::U16>,
{
    let too_short = CipherError::TooShort {
        len: ciphertext.len(),
        least: NONCE + TAG,
    };
    let (nonce, rest) = ciphertext.split_first_chunk::<NONCE>().ok_or(too_short)?;
    let (body, tag) = rest.split_last_chunk::<TAG>().ok_or(too_short)?;
    let place = grow(out, body.len())?;
    let buffer = InOutBuf::new(body, place).map_err(|_| CipherError::Internal)?;
    cipher
        .decrypt_inout_detached(nonce.into(), b"", buffer, tag.into())
        .map_err(|_| CipherError::NotAuthentic)
}

fn open_siv(key: &[u8; 64], ciphertext: &[u8], out: &mut Vec<u8>) -> Result<(), CipherError> {
    let (siv, body) = ciphertext
        .split_first_chunk::<TAG>()
        .ok_or(CipherError::TooShort {
            len: ciphertext.len(),
            least: TAG,
        })?;
    let place = grow(out, body.len())?;
    let buffer = InOutBuf::new(body, place).map_err(|_| CipherError::Internal)?;
    Aes256Siv::new(key.into())
        .decrypt_inout_detached([b""], buffer, siv.into())
        .map_err(|_| CipherError::NotAuthentic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unhex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
            .collect()
    }

    fn seal(cipher: &Cipher, plaintext: &[u8]) -> Vec<u8> {
        let mut out = vec![0xee];
        cipher
            .seal(&mut Nonces::new(), plaintext, &mut out)
            .unwrap();
        assert_eq!(out.remove(0), 0xee);
        out
    }

    #[test]
    fn every_algorithm_opens_what_it_seals() {
        for algorithm in Algorithm::ALL {
            let cipher = Cipher::new(&RawDek::generate(algorithm).unwrap()).unwrap();
            for len in [0, 1, 15, 16, 17, 1000] {
                let plaintext = vec![0x5a; len];
                let sealed = seal(&cipher, &plaintext);
                assert_eq!(sealed.len(), len + cipher.overhead());
                let mut opened = vec![1];
                cipher.open(&sealed, &mut opened).unwrap();
                assert_eq!(opened[1..], plaintext);
                for at in 0..sealed.len().min(40) {
                    let mut altered = sealed.clone();
                    altered[at] ^= 1;
                    let mut opened = vec![1];
                    assert_eq!(
                        cipher.open(&altered, &mut opened),
                        Err(CipherError::NotAuthentic)
                    );
                    assert_eq!(opened, [1], "nothing may be appended");
                }
                let short = &sealed[..sealed.len().min(cipher.overhead() - 1)];
                assert!(matches!(
                    cipher.open(short, &mut Vec::new()),
                    Err(CipherError::TooShort { .. })
                ));
            }
            assert!(format!("{cipher:?}").ends_with("(***)"));
        }
    }

    #[test]
    fn aes_siv_reproduces_tinks_bytes() {
        let key = unhex(
            "93c175e0e2f6580eea01485dddf3f2c9501624a9d26bba9b7ae52201235401ec\
             921fc2566b825000d649cde5ab71d82a718681b05b51f331f7c1861830bdd185",
        );
        let cipher = Cipher::from_key(Algorithm::Aes256Siv, &key).unwrap();
        assert_eq!(
            seal(&cipher, b"Ada Lovelace"),
            unhex("033ae98715d65d391fb8a6fa331ac897522a1254d5a75420b5eb058f")
        );
        assert_eq!(
            seal(&cipher, &[0, 1, 2, 3, 4, 5, 6, 7]),
            unhex("118a8f1b9dd36b196fd50c914d49c5c41e5116183fd096ab")
        );
    }

    #[test]
    fn aes_gcm_opens_tinks_bytes() {
        let key = unhex("5f2083eabf621cf75abae14863eb41f789207fee314cb82aebdc7d3bd438a5b9");
        let cipher = Cipher::from_key(Algorithm::Aes256Gcm, &key).unwrap();
        let mut opened = Vec::new();
        cipher
            .open(
                &unhex("41d1c0cb2a01211111b549a4f60aa9485d1d05b512963151c52a7761ed382e7c6c883b6a37a4c1bc"),
                &mut opened,
            )
            .unwrap();
        assert_eq!(opened, b"Ada Lovelace");
    }

    #[test]
    fn nonces_do_not_repeat_within_a_message() {
        let mut nonces = Nonces::new();
        let mut seen = std::collections::HashSet::new();
        for _ in 0..1000 {
            assert!(seen.insert(nonces.next().unwrap()));
        }
    }
}
