//! Serializer and deserializer through their public interface.
#![cfg(feature = "embedded")]

mod answers;
mod encryption;
mod hostile;
mod leaks;
mod options;
mod plaintext;
mod refresh;
mod registry;
mod requests;
mod stub;
mod subjects;
#[path = "../support/types.rs"]
mod types;
mod unknown;
mod values;
