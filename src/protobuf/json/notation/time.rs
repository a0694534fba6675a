//! `google.protobuf.Timestamp` and `google.protobuf.Duration` as text.

use std::fmt::Write;

use super::text::Short;

/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z.
const TIMESTAMPS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
/// About 10,000 years.
const LONGEST_DURATION: u64 = 315_576_000_000;
const NANOS: i32 = 1_000_000_000;
const DAY: i64 = 86_400;

/// Reads `2026-01-31T12:00:00.5Z` into seconds and nanoseconds.
pub(crate) fn parse_timestamp(text: &str) -> Result<(i64, i32), &'static str> {
    let bad = "invalid rfc3339 timestamp";
    let mut rest = Reader(text.as_bytes());
    let year = rest.digits(4).ok_or(bad)?;
    let month = rest.after(b'-', 2).ok_or(bad)?;
    let day = rest.after(b'-', 2).ok_or(bad)?;
    let hour = rest.after(b'T', 2).ok_or(bad)?;
    let minute = rest.after(b':', 2).ok_or(bad)?;
    let second = rest.after(b':', 2).ok_or(bad)?;
    let nanos = if rest.skip(b'.') {
        rest.fraction().ok_or(bad)?
    } else {
        0
    };
    let offset = match rest.next() {
        Some(b'Z') => 0,
        Some(sign @ (b'+' | b'-')) => {
            let hours = rest.digits(2).filter(|hours| *hours < 24).ok_or(bad)?;
            let minutes = rest.after(b':', 2).filter(|m| *m < 60).ok_or(bad)?;
            let offset = (hours * 60 + minutes) * 60;
            if sign == b'+' { offset } else { -offset }
        }
        _ => return Err(bad),
    };
    let in_range = (1..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !rest.0.is_empty() || !in_range {
        return Err(bad);
    }
    let seconds = days_before(year, month, day) * DAY + (hour * 60 + minute) * 60 + second - offset;
    if !TIMESTAMPS.contains(&seconds) {
        return Err("timestamp out of range");
    }
    Ok((seconds, nanos))
}

/// Writes a timestamp in UTC, with 0, 3, 6 or 9 digits of a second's fraction.
pub(crate) fn format_timestamp(seconds: i64, nanos: i32) -> Result<Short, &'static str> {
    if !TIMESTAMPS.contains(&seconds) || !(0..NANOS).contains(&nanos) {
        return Err("timestamp out of range");
    }
    let (year, month, day) = date(seconds.div_euclid(DAY));
    let of_day = seconds.rem_euclid(DAY);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let mut text = Short::default();
    // The text is shorter than what it is written to.
    let _ = write!(
        text,
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
    );
    fraction(&mut text, nanos.unsigned_abs());
    let _ = text.write_str("Z");
    Ok(text)
}

/// Reads `-1.5s` into seconds and nanoseconds, which have the same sign.
pub(crate) fn parse_duration(text: &str) -> Result<(i64, i32), &'static str> {
    let bad = "failed to parse duration: expected seconds such as \"1.5s\"";
    let number = text.strip_suffix('s').ok_or(bad)?;
    let (negative, number) = match number.strip_prefix('-') {
        Some(number) => (true, number),
        None => (false, number),
    };
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
            if !digits.0.is_empty() {
                return Err(bad);
            }
            nanos
        }
        None => 0,
    };
    if seconds.unsigned_abs() > LONGEST_DURATION {
        return Err("duration out of range");
    }
    Ok(if negative {
        (-seconds, -nanos)
    } else {
        (seconds, nanos)
    })
}

/// Writes a duration in seconds, with 0, 3, 6 or 9 digits of a fraction.
pub(crate) fn format_duration(seconds: i64, nanos: i32) -> Result<Short, &'static str> {
    let signs_differ = seconds > 0 && nanos < 0 || seconds < 0 && nanos > 0;
    if seconds.unsigned_abs() > LONGEST_DURATION
        || nanos.unsigned_abs() >= NANOS.unsigned_abs()
        || signs_differ
    {
        return Err("duration out of range");
    }
    let mut text = Short::default();
    let sign = if seconds < 0 || nanos < 0 { "-" } else { "" };
    let _ = write!(text, "{sign}{}", seconds.unsigned_abs());
    fraction(&mut text, nanos.unsigned_abs());
    let _ = text.write_str("s");
    Ok(text)
}

fn fraction(text: &mut Short, nanos: u32) {
    let _ = if nanos == 0 {
        Ok(())
    } else if nanos.is_multiple_of(1_000_000) {
        write!(text, ".{:03}", nanos / 1_000_000)
    } else if nanos.is_multiple_of(1_000) {
        write!(text, ".{:06}", nanos / 1_000)
    } else {
        write!(text, ".{nanos:09}")
    };
}

/// What is left of a text of fixed form.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
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

    fn digit(&mut self) -> Option<i64> {
        let digit = self.0.first().filter(|byte| byte.is_ascii_digit())?;
        let digit = i64::from(digit - b'0');
        self.next();
        Some(digit)
    }

    fn digits(&mut self, count: usize) -> Option<i64> {
        (0..count).try_fold(0, |value, _| Some(value * 10 + self.digit()?))
    }

    fn after(&mut self, separator: u8, count: usize) -> Option<i64> {
        self.skip(separator).then(|| self.digits(count))?
    }

    /// One to nine digits, as nanoseconds. More are no nanoseconds.
    fn fraction(&mut self) -> Option<i32> {
        let mut nanos = i32::try_from(self.digit()?).ok()?;
        for _ in 1..9 {
            let digit = self.digit().unwrap_or_default();
            nanos = nanos * 10 + i32::try_from(digit).ok()?;
        }
        self.0
            .first()
            .is_none_or(|b| !b.is_ascii_digit())
            .then_some(nanos)
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar. Years begin in
/// March here, so that the leap day is a year's last.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year / 4 - year / 100 + year / 400;
    year * 365 + leap_days + (month * 153 + 2) / 5 + day - 719_469
}

/// The date this many days after 1970-01-01.
fn date(days: i64) -> (i64, i64, i64) {
    // Days since March 1 of year 0, which begins a cycle of 400 years.
    let days = days + 719_468;
    let cycle = days.div_euclid(146_097);
    let of_cycle = days.rem_euclid(146_097);
    let year = (of_cycle - of_cycle / 1_460 + of_cycle / 36_524 - of_cycle / 146_096) / 365;
    let of_year = of_cycle - (year * 365 + year / 4 - year / 100);
    let month = (of_year * 5 + 2) / 153;
    let day = of_year - (month * 153 + 2) / 5 + 1;
    let year = cycle * 400 + year;
    if month < 10 {
        (year, month + 3, day)
    } else {
        (year + 1, month - 9, day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_is_the_one_that_prost_types_says() {
        let mut seconds = *TIMESTAMPS.start();
        while seconds < *TIMESTAMPS.end() {
            let expected = prost_types::Timestamp { seconds, nanos: 0 }.to_string();
            let text = format_timestamp(seconds, 0).unwrap();
            assert_eq!(text.as_str(), expected);
            assert_eq!(parse_timestamp(text.as_str()), Ok((seconds, 0)));
            // A day and a bit, so that all times of day occur.
            seconds += DAY + 3_607;
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
