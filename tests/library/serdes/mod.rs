//! Tests of serializer and deserializer through their public interface.

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
mod unknown;
mod values;
