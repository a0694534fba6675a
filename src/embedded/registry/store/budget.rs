//! Bounds the memory that all records of a registry take together.
//!
//! Each record is charged for roughly the memory it takes. Dropping the record
//! ends the charge, so no code path can forget it.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Serialize;
use serde_json::Value;

use crate::embedded::registry::api_error::ApiError;

/// Bytes charged for a record on top of its content, for its entries in maps.
/// Measured: a schema with one field is two records and takes 2,000 bytes.
pub(crate) const OVERHEAD: usize = 900;
/// Bytes that one JSON value takes on top of its text.
const VALUE: usize = 96;

/// The limit of stored bytes, and how many are in use.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: usize,
    used: AtomicUsize,
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(1 << 30)
    }
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            used: AtomicUsize::new(0),
        }
    }

    fn take(&self, bytes: usize) -> Result<(), ApiError> {
        let fits = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.limit);
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits)
            .map(drop)
            .map_err(|_| ApiError::full(self.limit))
    }

    fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Bytes taken from a budget. Dropping it gives them back.
#[derive(Debug)]
pub(crate) struct Charge {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Charge {
    pub(crate) fn new(budget: &Arc<Budget>, bytes: usize) -> Result<Self, ApiError> {
        budget.take(bytes)?;
        Ok(Self {
            budget: Arc::clone(budget),
            bytes,
        })
    }

    fn resize(&mut self, bytes: usize) -> Result<(), ApiError> {
        match bytes.checked_sub(self.bytes) {
            Some(more) => self.budget.take(more)?,
            None => self.budget.give_back(self.bytes.saturating_sub(bytes)),
        }
        self.bytes = bytes;
        Ok(())
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes);
    }
}

/// A record together with its charge.
#[derive(Debug)]
pub(crate) struct Charged<T> {
    record: T,
    charge: Charge,
}

impl<T> Charged<T> {
    pub(crate) fn new(budget: &Arc<Budget>, record: T, bytes: usize) -> Result<Self, ApiError> {
        let charge = Charge::new(budget, bytes)?;
        Ok(Self { record, charge })
    }

    /// Replaces the record and returns the old one. If the new record does not
    /// fit, the old one stays. A record that is not larger always fits.
    pub(crate) fn replace(&mut self, record: T, bytes: usize) -> Result<T, ApiError> {
        self.charge.resize(bytes)?;
        Ok(std::mem::replace(&mut self.record, record))
    }
}

impl<T> Deref for Charged<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.record
    }
}

/// Estimates how many bytes a value takes in memory.
pub(crate) fn weight(value: &impl Serialize) -> usize {
    serde_json::to_value(value).map_or(0, |value| weight_of(&value))
}

fn weight_of(value: &Value) -> usize {
    let held = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(weight_of).sum(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| name.len().saturating_add(weight_of(value)))
            .sum(),
    };
    held.saturating_add(VALUE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_or_shrinks_can_be_taken_again() {
        let budget = Arc::new(Budget::new(100));
        let mut first = Charged::new(&budget, 1, 60).unwrap();
        assert_eq!(Charge::new(&budget, 41).unwrap_err().code, 50701);
        let second = Charge::new(&budget, 40).unwrap();
        assert_eq!(first.replace(2, 61).unwrap_err().code, 50701);
        assert_eq!(*first, 1);
        assert_eq!(first.replace(3, 60), Ok(1));
        assert_eq!(first.replace(4, 20), Ok(3));
        drop(second);
        assert!(Charge::new(&budget, 80).is_ok());
        drop(first);
        assert_eq!(budget.used.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn many_small_values_weigh_more_than_their_text() {
        let many = vec![(); 1000];
        assert!(weight(&many) > 72_000);
        assert!(weight(&"x".repeat(1000)) < 1200);
    }
}
