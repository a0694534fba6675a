//! Serializer and deserializer through their public interface.

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
mod typed;
mod unknown;
mod values;
