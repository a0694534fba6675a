//! Compatibility of Protobuf schemas: every rule on cases of its own, and the
//! cases of the reference implementation where they are at hand.

mod hostile;
mod levels;
mod peer_cases;
mod properties;
mod rules;
mod schema;
mod table;
