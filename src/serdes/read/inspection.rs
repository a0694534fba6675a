//! A record with all its parts told apart.

use std::ops::Range;
use std::sync::Arc;

use prost_reflect::{DynamicMessage, MessageDescriptor};

use crate::serdes::error::{EnvelopePlace, Error};
use crate::serdes::registered_schema::RegisteredSchema;
use crate::wire_format::{MessageIndexes, SchemaRef};

/// A record with all its parts told apart: for tools that show records.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Inspection {
    /// Where the schema id and the message indexes were found.
    pub place: EnvelopePlace,
    /// The writer's schema, as the record names it.
    pub schema: SchemaRef,
    /// The message type within that schema, as the record names it.
    pub indexes: MessageIndexes,
    /// Where in the record the payload is.
    pub payload: Range<usize>,
    /// The writer's schema, as the registry has it.
    pub writer: Arc<RegisteredSchema>,
    /// The type of the message.
    pub descriptor: MessageDescriptor,
    /// The message; or, while all of the above is known, what keeps it from
    /// being read: a rule that fails, or a payload that is not the message.
    pub message: Result<DynamicMessage, Error>,
}
