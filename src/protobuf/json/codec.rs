//! The codec of one message type.

use std::sync::Arc;

use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage};
use serde_json::Value;

use super::encode::{Encoder, Tape};
use super::fault::{Fault, Path};
use super::plan::{AnyPlans, Plan};
use super::print::Printer;
use super::scratch::Scratch;
use super::{dynamic, options::JsonOptions};
use crate::protobuf::Error;

/// JSON that describes a message: a value, or text.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum JsonInput<'a> {
    /// Parsed JSON.
    Value(&'a Value),
    /// JSON as text. No [`Value`] is made of it.
    Text(&'a str),
}

impl<'a> From<&'a Value> for JsonInput<'a> {
    fn from(value: &'a Value) -> Self {
        Self::Value(value)
    }
}

impl<'a> From<&'a str> for JsonInput<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

/// Most messages are shorter than this many bytes, and are written without growing a
/// new buffer step by step.
const USUAL: usize = 128;

/// Converts between the bytes of one message type and Protobuf's canonical JSON.
///
/// The codec reads the message's descriptor once, when it is made. Clones share
/// the result.
///
/// ```
/// use cc_protobuf_examples::protobuf::{JsonCodec, JsonOptions, ProtoField, ProtoMessage, ProtoSchema};
///
/// let order = ProtoMessage::new("Order")
///     .field(ProtoField::string("id", 1))
///     .field(ProtoField::int64("cents", 2))
///     .build()?;
/// let codec = JsonCodec::new(order.descriptor());
/// let mut bytes = Vec::new();
/// codec.encode(r#"{"id": "o-1", "cents": "1999"}"#.into(), JsonOptions::default(), &mut bytes)?;
///
/// let mut text = String::new();
/// codec.print_text(&bytes, JsonOptions::default(), &mut text)?;
/// assert_eq!(text, r#"{"id":"o-1","cents":"1999"}"#);
/// # Ok::<(), cc_protobuf_examples::protobuf::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct JsonCodec {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    descriptor: MessageDescriptor,
    plan: Arc<Plan>,
    any: AnyPlans,
}

impl JsonCodec {
    /// Makes a codec for messages of this type.
    pub fn new(message: &MessageDescriptor) -> Self {
        Self {
            inner: Arc::new(Inner {
                descriptor: message.clone(),
                plan: Plan::new(message),
                any: AnyPlans::new(message.parent_pool()),
            }),
        }
    }

    /// Returns the message type.
    pub fn descriptor(&self) -> &MessageDescriptor {
        &self.inner.descriptor
    }

    /// Appends the message that `json` describes to `buffer`. On error, `buffer` is
    /// unchanged.
    ///
    /// # Errors
    /// [`Error::Json`], which names the field, if `json` does not fit the message.
    pub fn encode(
        &self,
        json: JsonInput<'_>,
        options: JsonOptions,
        buffer: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let Inner { plan, any, .. } = &*self.inner;
        let start = buffer.len();
        buffer.reserve(USUAL);
        let mut encoder = Encoder {
            any,
            options,
            out: buffer,
            scratch: Scratch::take(),
            path: Path::default(),
        };
        let written = match json {
            JsonInput::Value(value) => encoder.root(plan, value),
            JsonInput::Text(text) => match Tape::read(text) {
                Ok(tape) => encoder.root(plan, tape.root()),
                Err(error) => Err(error.to_string().into()),
            },
        };
        let Encoder { scratch, path, .. } = encoder;
        scratch.give_back();
        written.map_err(|fault| {
            buffer.truncate(start);
            Error::Json {
                message: self.inner.descriptor.full_name().to_owned(),
                path: path.text(),
                reason: fault.reason(),
            }
        })
    }

    /// Returns the message in `bytes` as a JSON value.
    ///
    /// # Errors
    /// [`Error::Decode`] if `bytes` is no such message; [`Error::Print`] if it
    /// holds a value without a JSON form, such as a timestamp in the year 10000.
    pub fn print(&self, bytes: &[u8], options: JsonOptions) -> Result<Value, Error> {
        let mut value = Value::Null;
        self.print_to(bytes, options, |printer, plan| {
            printer.value_of(plan, &mut value)
        })?;
        Ok(value)
    }

    /// Appends the message in `bytes` as JSON text to `text`. On error, `text` is
    /// unchanged. Allocates no memory except where `text` grows.
    ///
    /// # Errors
    /// As [`print`](Self::print).
    pub fn print_text(
        &self,
        bytes: &[u8],
        options: JsonOptions,
        text: &mut String,
    ) -> Result<(), Error> {
        let start = text.len();
        let printed = self.print_to(bytes, options, |printer, plan| printer.text_of(plan, text));
        if printed.is_err() {
            text.truncate(start);
        }
        printed
    }

    /// Appends a message as prost-reflect writes it. prost-reflect itself writes a
    /// message of another type than this codec's.
    pub(crate) fn encode_dynamic(&self, message: &DynamicMessage, buffer: &mut Vec<u8>) {
        if message.descriptor() == self.inner.descriptor {
            buffer.reserve(USUAL);
            dynamic::message(&self.inner.plan, 0, message, buffer);
        } else {
            message.encode_raw(buffer);
        }
    }

    fn print_to(
        &self,
        bytes: &[u8],
        options: JsonOptions,
        print: impl FnOnce(&mut Printer<'_>, &Plan) -> super::fault::Result<()>,
    ) -> Result<(), Error> {
        let mut printer = Printer {
            any: &self.inner.any,
            bytes,
            options,
            scratch: Scratch::take(),
            path: Path::default(),
        };
        let printed = print(&mut printer, &self.inner.plan);
        let Printer { scratch, path, .. } = printer;
        scratch.give_back();
        printed.map_err(|fault| self.unprintable(bytes, *fault, &path))
    }

    #[cold]
    fn unprintable(&self, bytes: &[u8], fault: Fault, path: &Path) -> Error {
        let message = self.inner.descriptor.full_name().to_owned();
        // Printing stops at a value without JSON. Bytes behind it may be no message.
        let decoded = DynamicMessage::decode(self.inner.descriptor.clone(), bytes);
        if let Err(source) = decoded {
            return Error::Decode { message, source };
        }
        Error::Print {
            message,
            path: path.text(),
            reason: fault.reason(),
        }
    }
}

/// Returns a message as JSON, in Protobuf's canonical mapping. For many messages of
/// one type, a [`JsonCodec`] that is kept is faster.
///
/// # Errors
/// [`Error::Print`] if the message holds a value without a JSON form, such as a
/// timestamp in the year 10000.
pub fn to_json(message: &DynamicMessage, options: JsonOptions) -> Result<Value, Error> {
    JsonCodec::new(&message.descriptor()).print(&message.encode_to_vec(), options)
}
