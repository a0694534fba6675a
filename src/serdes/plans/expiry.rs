//! The time to live of the registry's answers, and their refresh by one caller at a
//! time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::serdes::context::Side;
use crate::serdes::error::Error;

/// How long the old answer stays in use after a temporary failure, before the next
/// refresh.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// How long a refresh may delay the record that triggers it. The old answer can
/// still be used, so there is no need to wait for a slow or unreachable registry.
const PATIENCE: Duration = Duration::from_secs(2);

/// The wait after the first failure of a refresh. It doubles with each further
/// failure, up to [`RETRY_AFTER`].
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The end of an answer's validity. The clock is read only if there is an end.
#[derive(Debug, Default)]
pub(in crate::serdes) struct Expiry {
    at: Option<Instant>,
    /// The answer is no longer valid, and the last refresh failed with this error.
    failed: Option<Box<Failed>>,
    refreshing: AtomicBool,
}

#[derive(Debug)]
struct Failed {
    error: Error,
    /// Time from the failure to the next attempt.
    wait: Duration,
}

/// The result of a refresh.
pub(in crate::serdes) enum Refreshed<T> {
    New(T),
    /// The old answer with a new expiry. If the refresh failed permanently, the
    /// expiry holds the error for every caller.
    Old(Expiry),
}

/// Returns when an answer given now expires: never without a time to live.
pub(in crate::serdes) fn end_of(ttl: Option<Duration>) -> Option<Instant> {
    ttl.and_then(|ttl| Instant::now().checked_add(ttl))
}

/// Returns the earlier of two ends; `None` means never.
pub(in crate::serdes) fn earliest(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}

impl Expiry {
    pub(in crate::serdes) fn at(at: Option<Instant>) -> Self {
        Self {
            at,
            ..Self::default()
        }
    }

    /// Returns the time after `wait`, or after the time to live if that is shorter.
    fn after(wait: Duration, ttl: Option<Duration>) -> Option<Instant> {
        end_of(Some(ttl.map_or(wait, |ttl| ttl.min(wait))))
    }

    /// Returns whether the answer never expires.
    pub(in crate::serdes) fn is_never(&self) -> bool {
        self.at.is_none()
    }

    /// Returns whether the answer must not be used directly: it has expired, or its
    /// refresh failed.
    #[inline]
    pub(in crate::serdes) fn is_due(&self) -> bool {
        self.at
            .is_some_and(|at| self.failed.is_some() || Instant::now() >= at)
    }

    /// Returns the turn to refresh to one caller at a time; the others use the old
    /// answer. Dropping the value ends the turn, so a cancelled task does not block
    /// the others.
    ///
    /// # Errors
    ///
    /// The failure of the last refresh, until a refresh succeeds.
    pub(in crate::serdes) fn turn(&self) -> Result<Option<Turn<'_>>, Error> {
        let waits = self.failed.is_some() && self.at.is_some_and(|at| Instant::now() < at);
        if !waits && !self.refreshing.swap(true, Ordering::AcqRel) {
            return Ok(Some(Turn(&self.refreshing)));
        }
        self.failure().map_or(Ok(None), Err)
    }

    /// Returns why the answer is no longer valid, if the last refresh failed.
    pub(in crate::serdes) fn failure(&self) -> Option<Error> {
        self.failed.as_ref().map(|failed| failed.error.clone())
    }

    /// Replaces an expired answer by the result of `prepare`. While the registry is
    /// unreachable the old answer stays in use. Any other error makes the old answer
    /// invalid, since it may violate a rule of the new one.
    pub(in crate::serdes) async fn refresh<T>(
        &self,
        ttl: Option<Duration>,
        topic: &str,
        side: Side,
        prepare: impl Future<Output = Result<T, Error>>,
    ) -> Refreshed<T> {
        let prepared = tokio::time::timeout(PATIENCE, prepare).await;
        let goes_on = match self.failed {
            None => "going on with the schema known so far",
            Some(_) => "there is still no schema to go on with",
        };
        let failed = match prepared {
            Ok(Ok(new)) => return Refreshed::New(new),
            Ok(Err(error)) if error.is_retryable() => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(topic, %side, error, "{goes_on}");
                None
            }
            Ok(Err(error)) => Some(error),
            Err(_) => {
                tracing::warn!(
                    topic,
                    %side,
                    "{goes_on}: the registry did not answer within {} s",
                    PATIENCE.as_secs(),
                );
                None
            }
        };
        // An earlier failure stays valid while the registry is unreachable.
        let Some(error) = failed.or_else(|| self.failure()) else {
            return Refreshed::Old(Self::at(Self::after(RETRY_AFTER, ttl)));
        };
        let before = self.failed.as_ref();
        let wait = before.map_or(FIRST_WAIT, |failed| failed.wait.saturating_mul(2));
        let wait = wait.min(RETRY_AFTER);
        tracing::warn!(
            topic,
            %side,
            error = &error as &dyn std::error::Error,
            "the schema known so far no longer holds; trying again in {} s at most",
            wait.as_secs(),
        );
        Refreshed::Old(Self {
            at: Self::after(wait, ttl),
            failed: Some(Box::new(Failed { error, wait })),
            ..Self::default()
        })
    }
}

pub(in crate::serdes) struct Turn<'a>(&'a AtomicBool);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_at_a_time_refreshes() {
        assert!(!Expiry::default().is_due());
        let expiry = Expiry::at(Some(Instant::now()));
        assert!(expiry.is_due());
        let turn = expiry.turn().unwrap();
        assert!(turn.is_some());
        assert!(expiry.turn().unwrap().is_none());
        drop(turn);
        assert!(expiry.turn().unwrap().is_some());
    }

    async fn failing(old: &Expiry, error: Error) -> Expiry {
        let prepare = async { Err::<(), _>(error) };
        match old.refresh(None, "t", Side::Value, prepare).await {
            Refreshed::New(()) => panic!("nothing was made"),
            Refreshed::Old(expiry) => expiry,
        }
    }

    #[tokio::test]
    async fn a_failure_is_everyones_and_the_waits_grow() {
        let mut expiry = Expiry::at(Some(Instant::now()));
        let mut waits = Vec::new();
        for _ in 0..7 {
            expiry = failing(&expiry, Error::Options("no")).await;
            assert!(expiry.is_due());
            for _ in 0..3 {
                assert!(matches!(expiry.turn(), Err(Error::Options("no"))));
            }
            waits.push(expiry.failed.as_ref().unwrap().wait.as_secs());
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
    }
}
