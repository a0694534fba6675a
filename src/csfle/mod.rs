//! Client-side field-level encryption.

#[allow(dead_code)] // the engine is to follow
mod aead;
mod algorithm;
#[allow(dead_code)]
mod key;
pub mod kms;
#[allow(dead_code)]
mod wire;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use key::{InvalidKey, RawDek};
