//! One message type of a schema, resolved: what all implementations of
//! [`ProtoSchema`](super::ProtoSchema) share.

use prost::Message;
use prost_reflect::{
    DeserializeOptions, DynamicMessage, MessageDescriptor, ReflectMessage, SerializeOptions,
};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::json;
use super::json_encoder::JsonEncoder;
use super::resolution::descriptors::imported_files;
use super::{Error, JsonOptions, SchemaFile};
use crate::wire_format::MessageIndexes;

/// One message type of one file, looked up once.
#[derive(Clone, Debug)]
pub(super) struct MessageSchema {
    pub(super) file: SchemaFile,
    pub(super) text: String,
    pub(super) dependencies: Vec<SchemaFile>,
    pub(super) descriptor: MessageDescriptor,
    pub(super) indexes: MessageIndexes,
    encoder: JsonEncoder,
}

const READ: DeserializeOptions = DeserializeOptions::new();
const PRINT: SerializeOptions = SerializeOptions::new().use_proto_field_name(true);
const PRINT_DEFAULTS: SerializeOptions = SerializeOptions::new()
    .use_proto_field_name(true)
    .skip_default_fields(false);

impl MessageSchema {
    /// Resolves message `full_name` of `file`. `dependencies` may hold more files than
    /// are imported, in any order. The schema keeps those that are.
    pub(super) fn new(
        file: SchemaFile,
        full_name: &str,
        dependencies: &[SchemaFile],
    ) -> Result<Self, Error> {
        let descriptor = file
            .resolve(dependencies)?
            .parent_pool()
            .get_message_by_name(full_name);
        Self::with_descriptor(file, full_name, dependencies, descriptor)
    }

    pub(super) fn with_descriptor(
        file: SchemaFile,
        full_name: &str,
        available: &[SchemaFile],
        descriptor: Option<MessageDescriptor>,
    ) -> Result<Self, Error> {
        let (Some(descriptor), Some(indexes)) = (descriptor, file.message_indexes(full_name))
        else {
            return Err(Error::NoMessage {
                file: file.name().to_owned(),
                message: full_name.to_owned(),
            });
        };
        Ok(Self {
            text: file.to_text(),
            dependencies: imported_files(&file, available),
            encoder: JsonEncoder::new(&descriptor),
            file,
            descriptor,
            indexes,
        })
    }

    /// JSON → bytes, behind what is in `buffer`.
    pub(super) fn encode_json(&self, json: &Value, buffer: &mut Vec<u8>) -> Result<(), Error> {
        let start = buffer.len();
        if self.encoder.encode(json, buffer).is_err() {
            buffer.truncate(start);
            self.read_json(json)?.encode_raw(buffer);
        }
        Ok(())
    }

    /// JSON → message by reflection.
    fn read_json(&self, json: &Value) -> Result<DynamicMessage, Error> {
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
            path: match track.path().to_string() {
                whole if whole == "." => String::new(),
                path => path,
            },
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

/// A message that is printed in the way of these options.
struct WithOptions<'a>(&'a DynamicMessage, &'a SerializeOptions);

impl Serialize for WithOptions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize_with_options(serializer, self.1)
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
    let printed = json::to_value(&WithOptions(message, options));
    printed.map_err(|error| Error::Print {
        message: message.descriptor().full_name().to_owned(),
        reason: error.to_string(),
    })
}
