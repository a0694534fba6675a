//! Bounded caches in which concurrent requests for a missing value share one
//! computation.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;

use super::error::Error;

/// Creates a bounded cache.
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

/// Returns the cached value, or awaits `make` once for all concurrent callers. They
/// all receive the error if it fails; errors are not cached.
pub(super) async fn once<K, V>(
    cache: &Cache<K, V>,
    key: K,
    make: impl Future<Output = Result<V, Error>>,
) -> Result<V, Error>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    // The futures are boxed: a future contains the futures that it awaits, and the
    // nested ones here would overflow the stack of a thread.
    let made = Box::pin(cache.try_get_with(key, Box::pin(make))).await;
    made.map_err(Arc::unwrap_or_clone)
}
