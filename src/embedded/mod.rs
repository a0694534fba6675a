//! Stand-ins for backends that are not configured.

#[cfg(feature = "kafka")]
pub mod broker;
pub mod registry;
