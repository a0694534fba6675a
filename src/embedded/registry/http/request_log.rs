//! Which requests were served, for tests that count them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Counts requests by method and path. The path is as it was sent, still
/// percent-encoded, without the query.
#[derive(Debug, Default)]
pub struct RequestLog(Mutex<HashMap<(String, String), u64>>);

impl RequestLog {
    pub(crate) fn record(&self, method: &str, path: &str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts
            .entry((method.to_owned(), path.to_owned()))
            .or_default() += 1;
    }

    /// Requests with this method and path since the start or the last reset.
    pub fn count(&self, method: &str, path: &str) -> u64 {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (method.to_owned(), path.to_owned());
        counts.get(&key).copied().unwrap_or_default()
    }

    /// All requests since the start or the last reset.
    pub fn total(&self) -> u64 {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.values().sum()
    }

    /// Method, path and number of requests, sorted.
    pub fn entries(&self) -> Vec<(String, String, u64)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut entries: Vec<_> = counts
            .iter()
            .map(|((method, path), count)| (method.clone(), path.clone(), *count))
            .collect();
        entries.sort();
        entries
    }

    /// Forgets everything counted so far.
    pub fn reset(&self) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.clear();
    }
}
