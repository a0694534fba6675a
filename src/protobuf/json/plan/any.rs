//! Plans of the types that a `google.protobuf.Any` may hold.

use std::sync::{Arc, PoisonError, RwLock};

use hashbrown::HashMap;
use prost_reflect::DescriptorPool;

use super::message::Plan;

/// The plans of all types of a schema, each made when an `Any` first holds it.
#[derive(Debug)]
pub(crate) struct AnyPlans {
    pool: DescriptorPool,
    known: RwLock<HashMap<String, Arc<Plan>>>,
}

impl AnyPlans {
    pub(crate) fn new(pool: &DescriptorPool) -> Self {
        Self {
            pool: pool.clone(),
            known: RwLock::default(),
        }
    }

    /// Returns the plan of the type that a URL names.
    pub(crate) fn plan(&self, url: &str) -> Result<Arc<Plan>, String> {
        let Some((_, name)) = url.rsplit_once('/') else {
            return Err(format!("unsupported type url {url:?}: it has no '/'"));
        };
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = known.get(name) {
            return Ok(Arc::clone(plan));
        }
        drop(known);
        let Some(message) = self.pool.get_message_by_name(name) else {
            return Err(format!(
                "the schema and its imports declare no message {name:?}, which {url:?} names"
            ));
        };
        let plan = Plan::new(&message);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(known.entry(name.to_owned()).or_insert(plan)))
    }
}
