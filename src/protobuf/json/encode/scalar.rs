//! Scalars: JSON → bytes.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::de::Unexpected;

use super::super::bytes::{close, delimited, integer, number, open};
use super::super::fault::{Fault, Result};
use super::super::notation::number as notation;
use super::super::plan::{Kind, Plan};
use super::encoder::{Encoder, Place, Written};
use super::source::{Json, Scalar, Token};

/// Both alphabets are read, with or without padding.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

impl Encoder<'_> {
    /// Writes a value that is not a message, without its tag.
    #[inline]
    pub(super) fn scalar<'j, J: Json<'j>>(
        &mut self,
        plan: &Plan,
        kind: Kind,
        json: J,
        place: Place,
    ) -> Result<Written> {
        match json.read() {
            Token::Scalar(Scalar::Text(text)) if kind == Kind::String => {
                delimited(text.as_bytes(), self.out);
                Ok(Written::unless_default(text.is_empty()))
            }
            Token::Scalar(scalar) => self.other_scalar(plan, kind, scalar, place),
            other => Err(wrong(&other, expected(kind))),
        }
    }

    fn other_scalar(
        &mut self,
        plan: &Plan,
        kind: Kind,
        scalar: Scalar<'_>,
        place: Place,
    ) -> Result<Written> {
        let bits = match (kind, scalar) {
            (Kind::Double, Scalar::Float(_) | Scalar::Integer(_) | Scalar::Text(_)) => {
                let value = match scalar {
                    Scalar::Float(value) => value,
                    Scalar::Integer(value) => value as f64,
                    Scalar::Text(text) => notation::float(text)?,
                    _ => 0.0,
                };
                return Ok(self.float(kind, value.to_bits(), value));
            }
            (Kind::Float, Scalar::Float(_) | Scalar::Integer(_) | Scalar::Text(_)) => {
                let value: f32 = match scalar {
                    Scalar::Float(value) => notation::narrow(value)?,
                    Scalar::Integer(value) => value as f32,
                    Scalar::Text(text) => notation::float(text)?,
                    _ => 0.0,
                };
                return Ok(self.float(kind, value.to_bits().into(), value.into()));
            }
            (Kind::Bool, Scalar::Bool(value)) => value.into(),
            (Kind::Bytes, Scalar::Text(text)) => return self.base64(text),
            (Kind::Enum(position), scalar) => {
                let plan = plan.enumeration(position);
                let null = plan.is_some_and(|plan| plan.null);
                match scalar {
                    Scalar::Text(name) => match plan.and_then(|plan| plan.number(name)) {
                        Some(number) => i64::from(number).cast_unsigned(),
                        None if self.options.skip_unknown_fields => return Ok(Written::Nothing),
                        None => return Err(format!("unrecognized enum value '{name}'").into()),
                    },
                    Scalar::Integer(value) => integer(kind, value).ok_or(OUT_OF_RANGE)?,
                    Scalar::Null if null => 0,
                    Scalar::Null if place.is_nullable() => return Ok(Written::Nothing),
                    _ => return Err(wrong_scalar(scalar, expected(kind))),
                }
            }
            (_, Scalar::Null) if place.is_nullable() => return Ok(Written::Nothing),
            (Kind::Bool | Kind::String | Kind::Bytes | Kind::Double | Kind::Float, _)
            | (_, Scalar::Null | Scalar::Bool(_)) => {
                return Err(wrong_scalar(scalar, expected(kind)));
            }
            (_, Scalar::Integer(value)) => integer(kind, value).ok_or(OUT_OF_RANGE)?,
            (_, Scalar::Text(text)) => {
                integer(kind, notation::integer(text)?).ok_or(OUT_OF_RANGE)?
            }
            (_, Scalar::Float(value)) => {
                let value = notation::whole(value).ok_or("expected integer value")?;
                integer(kind, value).ok_or(OUT_OF_RANGE)?
            }
        };
        number(kind, bits, self.out);
        Ok(Written::unless_default(bits == 0))
    }

    fn float(&mut self, kind: Kind, bits: u64, value: f64) -> Written {
        number(kind, bits, self.out);
        if value == 0.0 && value.is_sign_negative() {
            return Written::NegativeZero;
        }
        Written::unless_default(value == 0.0)
    }

    fn base64(&mut self, text: &str) -> Result<Written> {
        let at = open(self.out);
        let start = self.out.len();
        let mut decoded = STANDARD.decode_vec(text, self.out);
        if decoded.is_err() && text.contains(['-', '_']) {
            self.out.truncate(start);
            decoded = URL_SAFE.decode_vec(text, self.out);
        }
        decoded.map_err(|error| format!("invalid base64: {error}"))?;
        let is_empty = self.out.len() == start;
        close(self.out, at);
        Ok(Written::unless_default(is_empty))
    }
}

pub(super) const OUT_OF_RANGE: &str = "number out of range for the type of the field";

fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::Double => "a 64-bit floating point value",
        Kind::Float => "a 32-bit floating point value",
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => "a 32-bit signed integer",
        Kind::Uint32 | Kind::Fixed32 => "a 32-bit unsigned integer",
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => "a 64-bit signed integer or decimal string",
        Kind::Uint64 | Kind::Fixed64 => "a 64-bit unsigned integer or decimal string",
        Kind::Bool => "a boolean",
        Kind::String => "a string",
        Kind::Bytes => "a base64-encoded string",
        Kind::Enum(_) => "a string or integer",
        Kind::Message(_) | Kind::Group(_) => "a map",
    }
}

/// Says that JSON is of another type than its field.
#[cold]
pub(super) fn wrong<M, L>(token: &Token<'_, M, L>, expected: &str) -> Box<Fault> {
    match token {
        Token::Scalar(scalar) => wrong_scalar(*scalar, expected),
        Token::Map(_) => format!("invalid type: map, expected {expected}").into(),
        Token::List(_) => format!("invalid type: sequence, expected {expected}").into(),
    }
}

#[cold]
fn wrong_scalar(scalar: Scalar<'_>, expected: &str) -> Box<Fault> {
    let found = match scalar {
        Scalar::Null => "null".to_owned(),
        Scalar::Bool(value) => Unexpected::Bool(value).to_string(),
        Scalar::Integer(value) => format!("integer `{value}`"),
        Scalar::Float(value) => Unexpected::Float(value).to_string(),
        Scalar::Text(text) => Unexpected::Str(text).to_string(),
    };
    format!("invalid type: {found}, expected {expected}").into()
}
