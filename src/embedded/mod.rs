//! Stand-ins for backends that are not configured.

pub mod registry;
#[cfg(feature = "kafka")]
pub mod broker;
