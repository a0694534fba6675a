//! Serializer and deserializer through their public interface.

mod answers;
mod hostile;
mod stub;
