//! Message types from schemas in either form.

use cc_protobuf_examples::protobuf::SchemaFile;
use prost_reflect::MessageDescriptor;

/// Returns a message type; `schema` is `.proto` text, or base64 of a descriptor.
pub fn message(schema: &str, name: &str) -> MessageDescriptor {
    SchemaFile::parse("test.proto", schema)
        .unwrap()
        .resolve(&[])
        .unwrap()
        .parent_pool()
        .get_message_by_name(name)
        .expect("no such message")
}
