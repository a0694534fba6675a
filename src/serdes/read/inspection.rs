//! The parts of a record, for tools that display records.

use std::ops::Range;
use std::sync::Arc;

use prost_reflect::{DynamicMessage, MessageDescriptor};

use crate::serdes::error::{EnvelopePlace, Error};
use crate::serdes::registered_schema::RegisteredSchema;
use crate::wire_format::{MessageIndexes, SchemaRef};

/// The parts of a record, for tools that display records.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Inspection {
    /// Where the schema id and the message indexes were found.
    pub place: EnvelopePlace,
    /// Id or GUID of the writer's schema, from the record.
    pub schema: SchemaRef,
    /// Path to the message type within that schema, from the record.
    pub indexes: MessageIndexes,
    /// Position of the payload in the record.
    pub payload: Range<usize>,
    /// The writer's schema, from the registry.
    pub writer: Arc<RegisteredSchema>,
    /// The type of the message.
    pub descriptor: MessageDescriptor,
    /// The message, or why it cannot be read: a rule failed, or the payload is not
    /// the message.
    pub message: Result<DynamicMessage, Error>,
}
