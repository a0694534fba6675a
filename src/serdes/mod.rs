//! Serializer and deserializer for Protobuf records under Schema Registry.
