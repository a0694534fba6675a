//! Limits of a call, and the pauses between its attempts.

use std::time::{Duration, SystemTime};

/// Limits of one call.
#[derive(Clone, Copy, Debug)]
pub(in crate::schema_registry) struct Limits {
    /// Maximum time of one request, including its answer.
    pub(in crate::schema_registry) request: Duration,
    /// Maximum time of the whole call: requests, pauses and tokens.
    pub(in crate::schema_registry) total: Duration,
    /// Maximum number of retries.
    pub(in crate::schema_registry) retries: u32,
    /// Upper bound of the first pause.
    pub(in crate::schema_registry) pause: Duration,
    /// Upper bound of any pause.
    pub(in crate::schema_registry) longest_pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(30),
            total: Duration::from_secs(60),
            retries: 3,
            pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(20),
        }
    }
}

impl Limits {
    /// Returns the pause before retry number `retry`, counted from 0: a random
    /// part of a bound that doubles ("full jitter"), so that clients that failed
    /// together do not retry together.
    pub(in crate::schema_registry) fn pause_before(&self, retry: u32) -> Duration {
        let bound = self
            .pause
            .saturating_mul(1_u32.checked_shl(retry).unwrap_or(u32::MAX))
            .min(self.longest_pause);
        // Avoids an overflow below.
        let bound = bound.min(Duration::from_secs(86_400));
        // Falls back to the middle of the range if no randomness is available.
        let random = getrandom::u32().unwrap_or(u32::MAX / 2);
        bound.mul_f64(f64::from(random) / f64::from(u32::MAX))
    }
}

/// Parses `Retry-After`: seconds, or a date. A date in the past means now.
pub(in crate::schema_registry) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let limits = Limits {
            pause: Duration::from_millis(100),
            longest_pause: Duration::from_millis(350),
            ..Limits::default()
        };
        let patient = Limits {
            pause: Duration::MAX,
            longest_pause: Duration::MAX,
            ..Limits::default()
        };
        assert!(patient.pause_before(u32::MAX) <= Duration::from_secs(86_400));
        for (retry, bound) in [(0, 100), (1, 200), (2, 350), (40, 350)] {
            for _ in 0..100 {
                assert!(limits.pause_before(retry) <= Duration::from_millis(bound));
            }
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let seconds = |n| Some(Duration::from_secs(n));
        assert_eq!(retry_after(" 7 ", now), seconds(7));
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:50:07 GMT", now),
            seconds(30)
        );
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now),
            seconds(0)
        );
        for bad in ["", "-1", "soon", "1.5", "99999999999999999999999"] {
            assert_eq!(retry_after(bad, now), None, "{bad}");
        }
    }
}
