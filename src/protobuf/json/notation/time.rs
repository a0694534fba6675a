//! `google.protobuf.Timestamp` and `google.protobuf.Duration` as text.
//!
//! prost-types prints them and knows the calendar. Its parsers take more than
//! Protobuf's JSON allows, so the texts are read here.

use std::fmt::Write;

use prost_types::{Duration, Timestamp};

use super::text::Short;

/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z.
const TIMESTAMPS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
/// About 10,000 years.
const LONGEST_DURATION: u64 = 315_576_000_000;
const NANOS: u32 = 1_000_000_000;

/// Reads `2026-01-31T12:00:00.5Z` into seconds and nanoseconds.
pub(crate) fn parse_timestamp(text: &str) -> Result<(i64, i32), &'static str> {
    let (at_zone, nanos, offset) = Reader(text.as_bytes())
        .timestamp()
        .ok_or("invalid rfc3339 timestamp")?;
    let seconds = at_zone.saturating_sub(offset);
    if !TIMESTAMPS.contains(&seconds) {
        return Err("timestamp out of range");
    }
    Ok((seconds, nanos))
}

/// Writes a timestamp in UTC, with 0, 3, 6 or 9 digits of a second's fraction.
pub(crate) fn format_timestamp(seconds: i64, nanos: i32) -> Result<Short, &'static str> {
    if !TIMESTAMPS.contains(&seconds) || !(0..NANOS.cast_signed()).contains(&nanos) {
        return Err("timestamp out of range");
    }
    let mut text = Short::default();
    write!(text, "{}", Timestamp { seconds, nanos }).map_err(|_| "timestamp too long")?;
    Ok(text)
}

/// Reads `-1.5s` into seconds and nanoseconds, which have the same sign.
pub(crate) fn parse_duration(text: &str) -> Result<(i64, i32), &'static str> {
    let bad = "failed to parse duration: expected seconds such as \"1.5s\"";
    let number = text.strip_suffix('s').ok_or(bad)?;
    let is_negative = number.starts_with('-');
    let number = number.strip_prefix('-').unwrap_or(number);
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (number, None),
    };
    if whole.is_empty() || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(bad);
    }
    let seconds = whole.parse().unwrap_or(i64::MAX);
    let nanos = match fraction {
        Some(fraction) => {
            let mut digits = Reader(fraction.as_bytes());
            let nanos = digits.fraction().ok_or(bad)?;
            digits.0.is_empty().then_some(nanos).ok_or(bad)?
        }
        None => 0,
    };
    if seconds.unsigned_abs() > LONGEST_DURATION {
        return Err("duration out of range");
    }
    Ok(if is_negative {
        (-seconds, -nanos)
    } else {
        (seconds, nanos)
    })
}

/// Writes a duration in seconds, with 0, 3, 6 or 9 digits of a fraction.
pub(crate) fn format_duration(seconds: i64, nanos: i32) -> Result<Short, &'static str> {
    let signs_differ = seconds > 0 && nanos < 0 || seconds < 0 && nanos > 0;
    if seconds.unsigned_abs() > LONGEST_DURATION || nanos.unsigned_abs() >= NANOS || signs_differ {
        return Err("duration out of range");
    }
    let mut text = Short::default();
    write!(text, "{}", Duration { seconds, nanos }).map_err(|_| "duration too long")?;
    Ok(text)
}

/// Reads a text of fixed form from front to back.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    /// Returns seconds, nanoseconds, and the zone's offset in seconds.
    fn timestamp(mut self) -> Option<(i64, i32, i64)> {
        let year = i64::from(self.digits(4)?);
        let [month, day] = [self.after(b'-')?, self.after(b'-')?];
        let [hour, minute, second] = [self.after(b'T')?, self.after(b':')?, self.after(b':')?];
        let nanos = if self.skip(b'.') { self.fraction()? } else { 0 };
        let offset = match self.next()? {
            b'Z' => 0,
            sign @ (b'+' | b'-') => {
                let hours = self.digits(2).filter(|hours| *hours < 24)?;
                let minutes = self.after(b':').filter(|minutes| *minutes < 60)?;
                let offset = (i64::from(hours) * 60 + i64::from(minutes)) * 60;
                if sign == b'+' { offset } else { -offset }
            }
            _ => return None,
        };
        let time = Timestamp::date_time(year, month, day, hour, minute, second);
        let time = time.ok().filter(|_| self.0.is_empty() && year > 0)?;
        Some((time.seconds, nanos, offset))
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn skip(&mut self, byte: u8) -> bool {
        let is = self.0.first() == Some(&byte);
        if is {
            self.next();
        }
        is
    }

    fn digit(&mut self) -> Option<u8> {
        let digit = self.0.first().filter(|byte| byte.is_ascii_digit())?;
        let digit = digit - b'0';
        self.next();
        Some(digit)
    }

    fn digits(&mut self, count: usize) -> Option<u16> {
        (0..count).try_fold(0, |value, _| Some(value * 10 + u16::from(self.digit()?)))
    }

    /// Reads two digits behind a separator.
    fn after(&mut self, separator: u8) -> Option<u8> {
        self.skip(separator)
            .then(|| self.digits(2))??
            .try_into()
            .ok()
    }

    /// Reads one to nine digits as nanoseconds. More digits are none.
    fn fraction(&mut self) -> Option<i32> {
        let mut nanos = i32::from(self.digit()?);
        for _ in 1..9 {
            nanos = nanos * 10 + i32::from(self.digit().unwrap_or_default());
        }
        let next = self.0.first();
        next.is_none_or(|next| !next.is_ascii_digit())
            .then_some(nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_is_read_as_it_is_printed() {
        let mut seconds = *TIMESTAMPS.start();
        while seconds < *TIMESTAMPS.end() {
            let text = format_timestamp(seconds, 0).unwrap();
            assert_eq!(parse_timestamp(text.as_str()), Ok((seconds, 0)));
            // A day and a bit, so that all times of day occur.
            seconds += 86_400 + 3_607;
        }
    }

    #[test]
    fn timestamps_are_read_strictly() {
        let cases = [
            ("1970-01-01T00:00:00Z", Ok((0, 0))),
            ("1970-01-01T00:00:01.5Z", Ok((1, 500_000_000))),
            ("1969-12-31T23:59:59.000000001Z", Ok((-1, 1))),
            ("1970-01-01T01:00:00+01:00", Ok((0, 0))),
            ("1970-01-01T00:00:00-00:30", Ok((1800, 0))),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_timestamp(text), expected, "{text}");
        }
        for bad in [
            "",
            "yesterday",
            "1970-01-01",
            "1970-01-01t00:00:00Z",
            "1970-01-01T00:00:00z",
            "1970-01-01 00:00:00Z",
            "1970-1-01T00:00:00Z",
            "1970-13-01T00:00:00Z",
            "1970-02-29T00:00:00Z",
            "1970-01-01T24:00:00Z",
            "1970-01-01T00:00:00.Z",
            "1970-01-01T00:00:00.1234567890Z",
            "1970-01-01T00:00:00+1:00",
            "1970-01-01T00:00:00Z ",
            "0000-01-01T00:00:00Z",
            "0001-01-01T00:00:00+00:01",
            "10000-01-01T00:00:00Z",
            "9999-12-31T23:59:59-00:01",
        ] {
            assert!(parse_timestamp(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn durations_have_one_sign() {
        let cases = [
            ("1s", (1, 0)),
            ("-1.500s", (-1, -500_000_000)),
            ("-0.000001s", (0, -1_000)),
            ("0s", (0, 0)),
            ("315576000000.000000001s", (315_576_000_000, 1)),
        ];
        for (text, (seconds, nanos)) in cases {
            assert_eq!(parse_duration(text), Ok((seconds, nanos)), "{text}");
            assert_eq!(format_duration(seconds, nanos).unwrap().as_str(), text);
        }
        assert_eq!(parse_duration("1.5s"), Ok((1, 500_000_000)));
        for bad in [
            "",
            "1",
            "s",
            ".5s",
            "1.s",
            "+1s",
            "--1s",
            "1.0000000000s",
            "1 s",
            "9999999999999999999999s",
        ] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
        assert!(format_duration(1, -1).is_err());
        assert!(format_duration(0, 1_000_000_000).is_err());
        assert!(format_timestamp(0, -1).is_err());
    }
}
