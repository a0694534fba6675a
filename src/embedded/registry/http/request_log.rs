//! Counts the served requests, for tests.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Counts requests by method and path. The path is as the client sent it:
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

    /// Returns the requests with this method and path since the start or the
    /// last reset.
    pub fn count(&self, method: &str, path: &str) -> u64 {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (method.to_owned(), path.to_owned());
        counts.get(&key).copied().unwrap_or_default()
    }

    /// Returns the number of all requests since the start or the last reset.
    pub fn total(&self) -> u64 {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.values().sum()
    }

    /// Returns method, path and number of requests, sorted.
    pub fn entries(&self) -> Vec<(String, String, u64)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut entries: Vec<_> = counts
            .iter()
            .map(|((method, path), count)| (method.clone(), path.clone(), *count))
            .collect();
        entries.sort();
        entries
    }

    /// Resets all counts to zero.
    pub fn reset(&self) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.clear();
    }
}
