//! Bounded caches whose missing values are made once, by however many tasks ask
//! at the same time.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;

use super::error::Error;

/// A bounded cache.
pub(super) fn cache<K, V>(capacity: usize, ttl: Option<Duration>) -> Cache<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    let builder = Cache::builder().max_capacity(capacity as u64);
    match ttl {
        Some(ttl) => builder.time_to_live(ttl).build(),
        None => builder.build(),
    }
}

/// The cached value, or that of one call of `make`, however many ask at once.
/// Failures are shared by those who waited and then forgotten.
pub(super) async fn once<K, V>(
    cache: &Cache<K, V>,
    key: K,
    make: impl Future<Output = Result<V, Error>>,
) -> Result<V, Error>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    // In boxes: a future holds those that it awaits, each in several states, and
    // what is nested here would outgrow a thread's stack.
    let made = Box::pin(cache.try_get_with(key, Box::pin(make))).await;
    made.map_err(Arc::unwrap_or_clone)
}
