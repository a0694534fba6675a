//! Tests of serializer and deserializer through their public interface.

mod answers;
mod hostile;

// With an embedded registry.
#[cfg(feature = "embedded")]
mod encryption;
#[cfg(feature = "embedded")]
mod leaks;
#[cfg(feature = "embedded")]
mod options;
#[cfg(feature = "embedded")]
mod plaintext;
#[cfg(feature = "embedded")]
mod refresh;
#[cfg(feature = "embedded")]
mod registry;
#[cfg(feature = "embedded")]
mod requests;
#[cfg(feature = "embedded")]
mod subjects;
#[cfg(feature = "embedded")]
mod typed;
#[cfg(feature = "embedded")]
mod unknown;
#[cfg(feature = "embedded")]
mod values;
