//! Numbers as Protobuf takes them from JSON and gives them to it: integers may
//! be strings or have a fraction of zero, floats may be strings, and a `float`
//! is printed with the fewest digits that read back.

use std::fmt::{self, Display, Write};
use std::str::FromStr;

/// An integer from a string: digits, or what JSON would take as a whole number.
pub(super) fn integer<T>(text: &str) -> Result<T, String>
where
    T: FromStr<Err: Display> + TryFrom<i128>,
{
    text.parse().or_else(|error: T::Err| {
        let exponent = text.contains(['e', 'E', '.']);
        let whole = exponent.then(|| text.parse().ok().and_then(whole));
        let whole = whole.flatten().and_then(|value| T::try_from(value).ok());
        whole.ok_or_else(|| error.to_string())
    })
}

/// An integer from a number with a fraction or an exponent: 5.0, 1e3.
pub(super) fn from_float<T: TryFrom<i128>>(value: f64) -> Result<T, &'static str> {
    let value = whole(value).ok_or("expected integer value")?;
    T::try_from(value).map_err(|_| "float value out of range")
}

fn whole(value: f64) -> Option<i128> {
    // Beyond the bound no integer type of Protobuf has it anyway.
    (value.fract() == 0.0).then(|| value.clamp(-1e30, 1e30) as i128)
}

pub(super) fn double(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(named)?;
    if value.is_infinite() && text.contains(|c: char| c.is_ascii_digit()) {
        return Err("float value out of range".to_owned());
    }
    Ok(value)
}

pub(super) fn float(text: &str) -> Result<f32, String> {
    let value: f32 = text.parse().map_err(named)?;
    if value.is_infinite() && text.contains(|c: char| c.is_ascii_digit()) {
        return Err("float value out of range".to_owned());
    }
    Ok(value)
}

fn named(error: impl Display) -> String {
    error.to_string()
}

/// A `float` from a number, which is wider.
pub(super) fn narrow(value: f64) -> Result<f32, &'static str> {
    if value < f64::from(f32::MIN) || value > f64::from(f32::MAX) {
        return Err("float value out of range");
    }
    Ok(value as f32)
}

/// The `f64` with the shortest decimal form that is still the same `f32`. The
/// value must be finite.
pub(super) fn shortest(value: f32) -> f64 {
    let widened = f64::from(value);
    // An integer of this size is its own shortest form.
    if widened.trunc() == widened && widened.abs() < 1e7 {
        return widened;
    }
    // Numbers of an everyday size: numerator and power of ten are exact, and so
    // their quotient is what the decimal form would be read as.
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

/// A little text on the stack.
#[derive(Default)]
pub(super) struct Short {
    bytes: [u8; 32],
    len: usize,
}

impl Short {
    pub(super) fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.len).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len.checked_add(text.len()).ok_or(fmt::Error)?;
        let slot = self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?;
        slot.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
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
        assert_eq!(integer::<i32>("1e3"), Ok(1000));
        assert_eq!(integer::<u64>("5.0"), Ok(5));
        for bad in ["", " 1", "1.5", "1e10", "0x1", "e", "inf", "1e400"] {
            assert!(integer::<i32>(bad).is_err(), "{bad}");
        }
        assert!(integer::<u64>("-1").is_err());
        assert_eq!(from_float::<i64>(9.3e18), Err("float value out of range"));
        assert_eq!(
            from_float::<u64>(18_446_744_073_709_551_616.0),
            Err("float value out of range")
        );
        assert_eq!(
            from_float::<i64>(-9_223_372_036_854_775_808.0),
            Ok(i64::MIN)
        );
    }
}
