//! Compatibility of Protobuf schemas: cases for every rule, and the cases of the reference
//! implementation if they are available.

mod hostile;
mod levels;
mod peer_cases;
mod properties;
mod rules;
mod schema;
mod table;
