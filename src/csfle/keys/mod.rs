//! Data encryption keys: looked up in the DEK Registry or created there, and cached.

pub(crate) mod cache;
pub(crate) mod clock;
pub(crate) mod data_key;
pub(crate) mod error;
pub(crate) mod store;
