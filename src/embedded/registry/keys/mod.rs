//! DEK Registry: key encryption keys (KEKs) and data encryption keys (DEKs).
//!
//! `routes` reads requests and calls the rules, `keks` and `deks`, which work on
//! the `store`. `wrapping` is for shared KEKs, whose DEKs the registry wraps and
//! unwraps itself. Rules and texts are those of Confluent's DEK Registry.

pub(super) mod deks;
mod errors;
pub(super) mod keks;
mod records;
mod store;
mod wrapping;

use std::sync::Arc;

use crate::csfle::kms::KmsDrivers;
use crate::embedded::registry::store::budget::Budget;

use store::Store;

/// KEKs and DEKs, and the KMSs that the registry itself may use.
pub(crate) struct DekRegistry {
    store: Store,
    kms: KmsDrivers,
}

impl DekRegistry {
    /// An empty registry. Without drivers it stores shared KEKs, and fails
    /// where it would have to wrap or unwrap.
    pub(crate) fn new(kms: KmsDrivers, budget: Arc<Budget>) -> Self {
        Self {
            store: Store::new(budget),
            kms,
        }
    }
}
