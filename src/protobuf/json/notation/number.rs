//! Numbers. In JSON, integers may be strings or have a fraction of zero, and floats
//! may be strings. A `float` is printed with the fewest digits that read back.

use std::fmt::{Display, Write};
use std::str::FromStr;

use super::text::Short;

/// Returns the integer in a string: digits, or what JSON would take as a whole
/// number.
pub(crate) fn integer(text: &str) -> Result<i128, String> {
    let error = match text.parse::<i64>() {
        Ok(value) => return Ok(value.into()),
        Err(error) => error,
    };
    if let Ok(value) = text.parse::<u64>() {
        return Ok(value.into());
    }
    let has_exponent = text.contains(['e', 'E', '.']);
    let value = has_exponent.then(|| text.parse().ok().and_then(whole));
    value.flatten().ok_or_else(|| error.to_string())
}

/// Returns the integer that a number with a fraction or an exponent is: 5.0, 1e3.
pub(crate) fn whole(value: f64) -> Option<i128> {
    // No integer type of Protobuf goes beyond the bound.
    (value.fract() == 0.0).then(|| value.clamp(-1e30, 1e30) as i128)
}

/// Returns the `double` or `float` in a string.
pub(crate) fn float<T>(text: &str) -> Result<T, String>
where
    T: FromStr<Err: Display> + Into<f64> + Copy,
{
    let value: T = text.parse().map_err(|error: T::Err| error.to_string())?;
    if value.into().is_infinite() && text.contains(|c: char| c.is_ascii_digit()) {
        return Err("float value out of range".to_owned());
    }
    Ok(value)
}

/// Returns the `float` closest to a number.
pub(crate) fn narrow(value: f64) -> Result<f32, &'static str> {
    if value < f64::from(f32::MIN) || value > f64::from(f32::MAX) {
        return Err("float value out of range");
    }
    Ok(value as f32)
}

/// Returns the `f64` with the shortest decimal form that reads back as the same
/// `f32`. The value must be finite.
pub(crate) fn shortest(value: f32) -> f64 {
    let widened = f64::from(value);
    // An integer of this size is its own shortest form.
    if widened.trunc() == widened && widened.abs() < 1e7 {
        return widened;
    }
    // For numbers of an everyday size, numerator and power of ten are exact. So their
    // quotient is what the decimal form is read as.
    if (1e-3..1e7).contains(&widened.abs()) {
        let mut scale = 1.0;
        for _ in 0..9 {
            scale *= 10.0;
            let candidate = (widened * scale).round() / scale;
            if candidate as f32 == value {
                return candidate;
            }
        }
    }
    let mut text = Short::default();
    let formatted = write!(text, "{value:e}");
    match formatted.ok().and_then(|()| text.as_str().parse().ok()) {
        // The shortest form of the largest float is a little more than the
        // float: strict readers would refuse it.
        Some(short) if short <= f64::from(f32::MAX) && short >= f64::from(f32::MIN) => short,
        _ => widened,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_have_their_shortest_form() {
        let cases = [
            (0.1_f32, 0.1),
            (99.99, 99.99),
            (250.0, 250.0),
            (16_777_216.0, 16_777_216.0),
            (f32::MAX, 3.4028234663852886e38),
            (1e-45, 1e-45),
            (0.001, 0.001),
            (-1234.5678, -1234.5677),
        ];
        for (float, expected) in cases {
            assert_eq!(shortest(float), expected, "{float}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(20_000))]

        #[test]
        fn the_shortest_form_reads_back_as_the_same_float(bits: u32) {
            let float = f32::from_bits(bits);
            if float.is_finite() && float != f32::MAX && float != f32::MIN {
                proptest::prop_assert_eq!((shortest(float) as f32).to_bits(), bits);
                let printed: f64 = float.to_string().parse().unwrap();
                proptest::prop_assert_eq!(shortest(float), printed);
            }
        }

        #[test]
        fn everyday_floats_are_printed_as_they_were_written(cents in -1_000_000_i32..1_000_000) {
            let float = cents as f32 / 100.0;
            let printed: f64 = float.to_string().parse().unwrap();
            proptest::prop_assert_eq!(shortest(float), printed);
        }
    }

    #[test]
    fn integers_may_be_strings_with_an_exponent() {
        assert_eq!(integer("1e3"), Ok(1000));
        assert_eq!(integer("5.0"), Ok(5));
        assert_eq!(integer("18446744073709551615"), Ok(u64::MAX.into()));
        for bad in ["", " 1", "1.5", "0x1", "e", "inf"] {
            assert!(integer(bad).is_err(), "{bad}");
        }
        for large in ["1e400", "-1e400", "1e20"] {
            assert!(
                u64::try_from(integer(large).unwrap_or(-1)).is_err(),
                "{large}"
            );
        }
        assert_eq!(whole(1.5), None);
        assert_eq!(whole(-9_223_372_036_854_775_808.0), Some(i64::MIN.into()));
    }
}
