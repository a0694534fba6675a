use prost_reflect::{
    DeserializeOptions, DynamicMessage, MessageDescriptor, ReflectMessage, SerializeOptions,
};
use serde_json::Value;

use super::json::ToValue;
use super::{Error, JsonOptions, SchemaFile};
use crate::wire_format::MessageIndexes;

/// What both implementations of a schema have in common: one message type of
/// one file, looked up once.
#[derive(Clone, Debug)]
pub(super) struct Resolved {
    pub(super) file: SchemaFile,
    pub(super) text: String,
    pub(super) dependencies: Vec<SchemaFile>,
    pub(super) descriptor: MessageDescriptor,
    pub(super) indexes: MessageIndexes,
}

const READ: DeserializeOptions = DeserializeOptions::new();
const PRINT: SerializeOptions = SerializeOptions::new().use_proto_field_name(true);
const PRINT_DEFAULTS: SerializeOptions = SerializeOptions::new()
    .use_proto_field_name(true)
    .skip_default_fields(false);

impl Resolved {
    /// Resolves message `full_name` of `file`. `dependencies` may hold more
    /// files than are imported, in any order; those needed are kept.
    pub(super) fn new(
        file: SchemaFile,
        text: String,
        full_name: &str,
        dependencies: &[SchemaFile],
    ) -> Result<Self, Error> {
        let dependencies = closure(&file, dependencies)?;
        let descriptor = file
            .resolve(&dependencies)?
            .parent_pool()
            .get_message_by_name(full_name);
        Self::with_descriptor(file, text, full_name, dependencies, descriptor)
    }

    pub(super) fn with_descriptor(
        file: SchemaFile,
        text: String,
        full_name: &str,
        dependencies: Vec<SchemaFile>,
        descriptor: Option<MessageDescriptor>,
    ) -> Result<Self, Error> {
        let (Some(descriptor), Some(indexes)) = (descriptor, message_indexes(&file, full_name))
        else {
            return Err(Error::NoMessage {
                file: file.name().to_owned(),
                message: full_name.to_owned(),
            });
        };
        Ok(Self {
            text,
            file,
            dependencies,
            descriptor,
            indexes,
        })
    }

    /// JSON → message by reflection.
    pub(super) fn read_json(&self, json: &Value) -> Result<DynamicMessage, Error> {
        DynamicMessage::deserialize_with_options(self.descriptor.clone(), json, &READ)
            .map_err(|_| self.explain(json))
    }

    /// Reads once more, now keeping book of where it is.
    fn explain(&self, json: &Value) -> Error {
        let mut track = serde_path_to_error::Track::new();
        let tracked = serde_path_to_error::Deserializer::new(json, &mut track);
        let result =
            DynamicMessage::deserialize_with_options(self.descriptor.clone(), tracked, &READ);
        let reason = match result {
            Err(error) => error.to_string(),
            // Not reached: the same input failed before.
            Ok(_) => "not readable".to_owned(),
        };
        Error::Json {
            message: self.descriptor.full_name().to_owned(),
            path: track.path().to_string(),
            reason,
        }
    }

    /// Bytes → JSON by reflection.
    pub(super) fn print_json(&self, bytes: &[u8], options: JsonOptions) -> Result<Value, Error> {
        let message = DynamicMessage::decode(self.descriptor.clone(), bytes)
            .map_err(|source| self.not_decoded(source))?;
        to_json(&message, options)
    }

    pub(super) fn not_decoded(&self, source: prost::DecodeError) -> Error {
        Error::Decode {
            message: self.descriptor.full_name().to_owned(),
            source,
        }
    }
}

/// A message as JSON, in Protobuf's canonical mapping with the fields' names as
/// in the `.proto` file.
///
/// # Errors
/// [`Error::Print`] if it holds a value without a JSON form, as a timestamp in
/// the year 10000.
pub fn to_json(message: &DynamicMessage, options: JsonOptions) -> Result<Value, Error> {
    let options = if options.print_defaults {
        &PRINT_DEFAULTS
    } else {
        &PRINT
    };
    let printed = message.serialize_with_options(ToValue, options);
    printed.map_err(|error| Error::Print {
        message: message.descriptor().full_name().to_owned(),
        reason: error.to_string(),
    })
}

/// The files that `file` imports, directly or not, each after those it imports.
pub(super) fn closure(
    file: &SchemaFile,
    available: &[SchemaFile],
) -> Result<Vec<SchemaFile>, Error> {
    /// Depth first; `open` holds the files on the way from the root.
    fn visit<'a>(
        file: &'a SchemaFile,
        available: &'a [SchemaFile],
        open: &mut Vec<&'a str>,
        found: &mut Vec<SchemaFile>,
    ) -> Result<(), Error> {
        open.push(file.name());
        for import in file.imports() {
            if is_builtin(import) || found.iter().any(|f| f.name() == import) {
                continue;
            }
            let error = |reason: String| Error::Resolve {
                file: file.name().to_owned(),
                reason,
            };
            if open.contains(&import) {
                return Err(error(format!("import {import:?} leads back to itself")));
            }
            let next = available
                .iter()
                .find(|f| f.name() == import)
                .ok_or_else(|| error(format!("imported file {import:?} is missing")))?;
            visit(next, available, open, found)?;
            found.push(next.clone());
        }
        open.pop();
        Ok(())
    }

    let mut found = Vec::new();
    visit(file, available, &mut Vec::new(), &mut found)?;
    Ok(found)
}

pub(super) fn is_builtin(path: &str) -> bool {
    path.starts_with("google/protobuf/") || path == "confluent/meta.proto"
}

fn message_indexes(file: &SchemaFile, full_name: &str) -> Option<MessageIndexes> {
    let mut rest = match file.proto().package() {
        "" => full_name,
        package => full_name.strip_prefix(package)?.strip_prefix('.')?,
    };
    let mut messages = &file.proto().message_type;
    let mut indexes = Vec::new();
    loop {
        let (name, nested) = match rest.split_once('.') {
            Some((name, nested)) => (name, Some(nested)),
            None => (rest, None),
        };
        let position = messages.iter().position(|m| m.name() == name)?;
        indexes.push(u32::try_from(position).ok()?);
        match nested {
            Some(nested) => rest = nested,
            None => return Some(MessageIndexes::new(&indexes)),
        }
        messages = &messages.get(position)?.nested_type;
    }
}
