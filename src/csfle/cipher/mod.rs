//! Algorithms, raw keys and ciphers. Knows no registry and no KMS.

pub(crate) mod aead;
pub(crate) mod algorithm;
pub(crate) mod raw_dek;
