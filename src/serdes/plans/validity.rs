//! The time to live of the registry's answers, and their refresh by one caller at a
//! time.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::serdes::error::Error;
use crate::wire_format::Side;

/// How long the old answer stays in use after a temporary failure, before the next
/// refresh.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// How long a refresh may delay the record that triggers it. The old answer can
/// still be used, so there is no need to wait for a slow or unreachable registry.
const PATIENCE: Duration = Duration::from_secs(2);

/// The wait after the first failure of a refresh. It doubles with each further
/// failure, up to [`RETRY_AFTER`].
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The value of `until` for an answer that never expires.
const NEVER: u64 = u64::MAX;
/// The value of `until` for a plan that has been replaced.
const SUPERSEDED: u64 = 0;
/// The value of `until` for a plan whose last refresh failed.
const FAILED: u64 = 1;

/// Topic and side of a record, for the log.
pub(in crate::serdes) type Place<'a> = (&'a str, Side);

/// How long a plan may be used. The clock is read only if there is an end.
#[derive(Debug)]
pub(in crate::serdes) struct Validity {
    /// The time from which `until` counts.
    origin: Instant,
    /// Nanoseconds from `origin` to the end, or one of the constants.
    until: AtomicU64,
    refreshing: AtomicBool,
    failed: Mutex<Option<Failed>>,
}

/// Why a plan is no longer valid.
#[derive(Clone, Debug)]
struct Failed {
    error: Error,
    /// Time from the failure to the next attempt.
    wait: Duration,
    /// When the next attempt may be made; `None` means never.
    again_at: Option<Instant>,
}

/// The result of a refresh.
pub(in crate::serdes) enum Refreshed<T> {
    New(T),
    /// The registry is unreachable, so the plan stays in use for a while; or the
    /// refresh failed for another reason, and every caller gets the failure.
    Kept,
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

/// Returns the time after `wait`, or after the time to live if that is shorter.
fn after(wait: Duration, ttl: Option<Duration>) -> Option<Instant> {
    end_of(Some(ttl.map_or(wait, |ttl| ttl.min(wait))))
}

impl Validity {
    pub(in crate::serdes) fn until(end: Option<Instant>) -> Self {
        let validity = Self {
            origin: Instant::now(),
            until: AtomicU64::new(NEVER),
            refreshing: AtomicBool::new(false),
            failed: Mutex::new(None),
        };
        validity.renew(end);
        validity
    }

    /// Makes the plan valid again.
    pub(in crate::serdes) fn renew(&self, end: Option<Instant>) {
        *self.failed() = None;
        let until = end.map_or(NEVER, |end| {
            let nanoseconds = end.saturating_duration_since(self.origin).as_nanos();
            // More than 500 years fit.
            u64::try_from(nanoseconds).unwrap_or(NEVER).max(FAILED)
        });
        self.until.store(until, Ordering::Release);
    }

    /// Ends the use of the plan: there is a new one.
    pub(in crate::serdes) fn supersede(&self) {
        self.until.store(SUPERSEDED, Ordering::Release);
    }

    #[inline(always)]
    pub(in crate::serdes) fn is_superseded(&self) -> bool {
        self.until.load(Ordering::Acquire) == SUPERSEDED
    }

    /// Returns whether the plan must not be used directly: it has expired or been
    /// superseded, or its refresh failed.
    #[inline(always)]
    pub(in crate::serdes) fn is_due(&self) -> bool {
        match self.until.load(Ordering::Acquire) {
            NEVER => false,
            until => self.origin.elapsed().as_nanos() >= u128::from(until),
        }
    }

    /// Returns the turn to refresh to one caller at a time; the others use the old
    /// plan. Dropping the value ends the turn, so a cancelled task does not block the
    /// others.
    ///
    /// # Errors
    ///
    /// The failure of the last refresh, until a refresh succeeds.
    pub(in crate::serdes) fn turn(&self) -> Result<Option<Turn<'_>>, Error> {
        let waits = (self.failed().as_ref()).is_some_and(|failed| {
            let again_at = failed.again_at;
            again_at.is_none_or(|at| Instant::now() < at)
        });
        if !waits && !self.refreshing.swap(true, Ordering::AcqRel) {
            return Ok(Some(Turn(&self.refreshing)));
        }
        self.failure().map_or(Ok(None), Err)
    }

    /// Returns why the plan is no longer valid, if the last refresh failed.
    pub(in crate::serdes) fn failure(&self) -> Option<Error> {
        let failed = self.failed();
        failed.as_ref().map(|failed| failed.error.clone())
    }

    fn failed(&self) -> MutexGuard<'_, Option<Failed>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Awaits the replacement of an expired plan. While the registry is unreachable
    /// the old plan stays in use. Any other error makes it invalid, since it may
    /// violate a rule of the new one.
    pub(in crate::serdes) async fn refresh<T>(
        &self,
        ttl: Option<Duration>,
        (topic, side): Place<'_>,
        prepare: impl Future<Output = Result<T, Error>>,
    ) -> Refreshed<T> {
        let prepared = tokio::time::timeout(PATIENCE, prepare).await;
        let before = self.failed().clone();
        let goes_on = match before {
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
        let error = match (failed, &before) {
            (None, None) => {
                self.renew(after(RETRY_AFTER, ttl));
                return Refreshed::Kept;
            }
            (Some(error), _) => error,
            // An earlier failure stays valid while the registry is unreachable.
            (None, Some(before)) => before.error.clone(),
        };
        let wait = before.map_or(FIRST_WAIT, |failed| failed.wait.saturating_mul(2));
        let wait = wait.min(RETRY_AFTER);
        tracing::warn!(
            topic,
            %side,
            error = &error as &dyn std::error::Error,
            "the schema known so far no longer holds; trying again in {} s at most",
            wait.as_secs(),
        );
        let again_at = after(wait, ttl);
        *self.failed() = Some(Failed {
            error,
            wait,
            again_at,
        });
        self.until.store(FAILED, Ordering::Release);
        Refreshed::Kept
    }
}

/// The turn to refresh.
pub(in crate::serdes) struct Turn<'a>(&'a AtomicBool);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serdes::error::ErrorKind;

    #[test]
    fn one_caller_at_a_time_refreshes() {
        assert!(!Validity::until(None).is_due());
        let validity = Validity::until(Some(Instant::now()));
        assert!(validity.is_due());
        let turn = validity.turn().unwrap();
        assert!(turn.is_some());
        assert!(validity.turn().unwrap().is_none());
        drop(turn);
        assert!(validity.turn().unwrap().is_some());
        validity.renew(None);
        assert!(!validity.is_due());
        validity.supersede();
        assert!(validity.is_due() && validity.is_superseded());
    }

    #[tokio::test]
    async fn a_failure_is_everyones_and_the_waits_grow() {
        let validity = Validity::until(Some(Instant::now()));
        let mut waits = Vec::new();
        for _ in 0..7 {
            let prepare = async { Err::<(), _>(Error::from(ErrorKind::Options("no"))) };
            let refreshed = validity.refresh(None, ("t", Side::Value), prepare).await;
            assert!(matches!(refreshed, Refreshed::Kept));
            assert!(validity.is_due());
            for _ in 0..3 {
                let error = validity.turn().err().unwrap();
                assert!(matches!(error.kind(), ErrorKind::Options("no")));
            }
            waits.push(validity.failed().as_ref().unwrap().wait.as_secs());
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        validity.renew(None);
        assert!(validity.turn().unwrap().is_some());
    }
}
