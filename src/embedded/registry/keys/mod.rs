//! DEK Registry: key encryption keys (KEKs) and data encryption keys (DEKs).
//!
//! `keks` and `deks` hold the operations, which work on the `store`. `wrapping`
//! is for shared KEKs, whose DEKs the registry wraps and unwraps itself.
//! Behaviour and error texts follow Confluent's DEK Registry.

pub(super) mod deks;
mod errors;
pub(super) mod keks;
mod records;
mod store;
mod wrapping;

use std::sync::Arc;

use crate::csfle::kms::KmsDrivers;
use crate::embedded::registry::store::budget::Budget;

use store::LockedKeys;

/// KEKs and DEKs, and the KMSs that the registry can use.
pub(crate) struct DekRegistry {
    store: LockedKeys,
    kms: KmsDrivers,
}

impl DekRegistry {
    /// Returns an empty registry. Without drivers it stores shared KEKs, but
    /// cannot wrap or unwrap their keys.
    pub(crate) fn new(kms: KmsDrivers, budget: Arc<Budget>) -> Self {
        Self {
            store: LockedKeys::new(budget),
            kms,
        }
    }
}
