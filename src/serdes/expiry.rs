//! When an answer of the registry must be asked for again, and by whom.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::Side;
use super::error::Error;

/// After a refresh that failed in passing, the old answer serves this long before
/// the next attempt.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// How long a refresh may hold up the record that came upon it. There is an old
/// answer to go on with, so a registry that is slow or away need not be waited
/// for.
const PATIENCE: Duration = Duration::from_secs(2);

/// The end of an answer's validity. The clock is read only where there is one.
#[derive(Debug, Default)]
pub(super) struct Expiry {
    at: Option<Instant>,
    refreshing: AtomicBool,
}

impl Expiry {
    pub(super) fn at(at: Option<Instant>) -> Self {
        let refreshing = AtomicBool::new(false);
        Self { at, refreshing }
    }

    /// Shortly from now: for an old answer that serves while the registry is
    /// away.
    pub(super) fn retry(ttl: Option<Duration>) -> Self {
        let wait = ttl.map_or(RETRY_AFTER, |ttl| ttl.min(RETRY_AFTER));
        Self::at(Instant::now().checked_add(wait))
    }

    /// Whether there is no end.
    pub(super) fn is_never(&self) -> bool {
        self.at.is_none()
    }

    #[inline]
    pub(super) fn is_due(&self) -> bool {
        self.at.is_some_and(|at| Instant::now() >= at)
    }

    /// The turn to refresh, for one caller at a time; the others go on with the
    /// old answer. The turn ends when the value is dropped, so a cancelled task
    /// blocks nobody.
    pub(super) fn turn(&self) -> Option<Turn<'_>> {
        let taken = self.refreshing.swap(true, Ordering::AcqRel);
        (!taken).then_some(Turn(&self.refreshing))
    }
}

/// What `prepare` makes in place of an answer whose time is over; `None` if the
/// registry is away, so that the old one has to serve.
pub(super) async fn refresh<T>(
    topic: &str,
    side: Side,
    prepare: impl Future<Output = Result<T, Error>>,
) -> Result<Option<T>, Error> {
    let goes_on = "going on with the schema known so far";
    match tokio::time::timeout(PATIENCE, prepare).await {
        Ok(Ok(new)) => return Ok(Some(new)),
        Ok(Err(error)) if error.is_retryable() => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(topic, %side, error, "{goes_on}");
        }
        Ok(Err(error)) => return Err(error),
        Err(_) => tracing::warn!(
            topic,
            %side,
            "{goes_on}: the registry did not answer within {} s",
            PATIENCE.as_secs(),
        ),
    }
    Ok(None)
}

pub(super) struct Turn<'a>(&'a AtomicBool);

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
        let turn = expiry.turn();
        assert!(turn.is_some());
        assert!(expiry.turn().is_none());
        drop(turn);
        assert!(expiry.turn().is_some());
        assert!(!Expiry::retry(Some(Duration::from_secs(60))).is_due());
        assert!(Expiry::retry(Some(Duration::ZERO)).is_due());
    }
}
