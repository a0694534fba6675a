//! Message indexes: the path from a file to one of its messages.

use prost_types::DescriptorProto;

use super::SchemaFile;
use super::names::join;
use crate::wire_format::MessageIndexes;

impl SchemaFile {
    /// Returns the indexes of the message with this full name, which includes the
    /// package and may have a leading dot. The indexes count the messages of this
    /// schema in the form it came in: see [`SchemaFile`] about map entries.
    pub fn message_indexes(&self, full_name: &str) -> Option<MessageIndexes> {
        let full_name = full_name.strip_prefix('.').unwrap_or(full_name);
        let local = match self.package() {
            "" => full_name,
            package => full_name.strip_prefix(package)?.strip_prefix('.')?,
        };
        let mut messages = &self.proto.message_type;
        let mut path = Vec::new();
        for part in local.split('.') {
            let index = messages.iter().position(|message| message.name() == part)?;
            messages = &messages.get(index)?.nested_type;
            path.push(u32::try_from(index).ok()?);
        }
        Some(MessageIndexes::new(&path))
    }

    /// Returns the full name, without a leading dot, of the message at these indexes.
    pub fn message_name(&self, indexes: &MessageIndexes) -> Option<String> {
        let mut messages = &self.proto.message_type;
        let mut name = self.package().to_owned();
        for index in indexes.as_slice() {
            let message = messages.get(usize::try_from(*index).ok()?)?;
            name = join(&name, message.name());
            messages = &message.nested_type;
        }
        Some(name)
    }

    /// Returns all messages with their full names and indexes, each before those
    /// nested in it. Map entries are among them.
    pub fn messages(&self) -> Vec<(String, MessageIndexes)> {
        fn collect(
            messages: &[DescriptorProto],
            scope: &str,
            path: &mut Vec<u32>,
            out: &mut Vec<(String, MessageIndexes)>,
        ) {
            for (message, index) in messages.iter().zip(0..) {
                let name = join(scope, message.name());
                path.push(index);
                out.push((name.clone(), MessageIndexes::new(path)));
                collect(&message.nested_type, &name, path, out);
                path.pop();
            }
        }
        let mut out = Vec::new();
        collect(
            &self.proto.message_type,
            self.package(),
            &mut Vec::new(),
            &mut out,
        );
        out
    }

    /// Returns the path that the file forwards to, if it contains nothing but one
    /// `import public`. Message indexes that such a file does not have belong to the
    /// file it forwards to. Like Confluent's Java client, follow one such step only.
    pub fn forwards_to(&self) -> Option<&str> {
        let proto = &self.proto;
        let has_types = !proto.message_type.is_empty() || !proto.enum_type.is_empty();
        let has_more = !proto.service.is_empty() || !proto.extension.is_empty();
        match &proto.dependency[..] {
            [path] if proto.public_dependency == [0] && !has_types && !has_more => Some(path),
            _ => None,
        }
    }
}
