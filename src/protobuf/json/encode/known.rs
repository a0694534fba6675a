//! Well-known types: JSON → bytes.

use super::super::bytes::{delimited, varint};
use super::super::fault::{NO_PLAN, Result};
use super::super::notation::{field_mask, time};
use super::super::plan::{FieldPlan, MessagePlan, Plan, Special};
use super::encoder::{Encoder, Place, Written};
use super::scalar::wrong;
use super::source::{Json, Scalar, Token};

impl Encoder<'_> {
    /// Writes a message that has a JSON form of its own.
    pub(super) fn well_known<'j, J: Json<'j>>(
        &mut self,
        plan: &Plan,
        message: &MessagePlan,
        json: J,
        place: Place,
        depth: usize,
    ) -> Result<Written> {
        let first = message.fields.first().ok_or(NO_PLAN);
        match (message.special, json.read()) {
            (Special::Value, token) => {
                // The members are in the order of their numbers.
                let member = match token {
                    Token::Scalar(Scalar::Null) => 0,
                    Token::Scalar(Scalar::Integer(_) | Scalar::Float(_)) => 1,
                    Token::Scalar(Scalar::Text(_)) => 2,
                    Token::Scalar(Scalar::Bool(_)) => 3,
                    Token::Map(_) => 4,
                    Token::List(_) => 5,
                };
                let field = message.fields.get(member).ok_or(NO_PLAN)?;
                self.tagged(plan, field, json, Place::Element, depth)?;
            }
            (_, Token::Scalar(Scalar::Null)) if place.is_nullable() => {
                return Ok(Written::Nothing);
            }
            (Special::Wrapper, _) => {
                self.tagged(plan, first?, json, Place::Inner, depth)?;
            }
            (Special::Timestamp, Token::Scalar(Scalar::Text(text))) => {
                self.time(&message.fields, time::parse_timestamp(text)?);
            }
            (Special::Duration, Token::Scalar(Scalar::Text(text))) => {
                self.time(&message.fields, time::parse_duration(text)?);
            }
            (Special::FieldMask, Token::Scalar(Scalar::Text(text))) => {
                for path in text.split(',').filter(|path| !path.is_empty()) {
                    let path = field_mask::read(path)?;
                    first?.tag.write(self.out);
                    delimited(path.as_bytes(), self.out);
                }
            }
            (Special::Struct, Token::Map(map)) => {
                self.map::<J>(plan, first?, map, depth)?;
            }
            (Special::ListValue, Token::List(list)) => {
                self.list::<J>(plan, first?, list, depth)?;
            }
            (Special::Any, Token::Map(map)) => self.any::<J>(map, depth)?,
            (Special::Empty, Token::Map(mut map)) => {
                while let Some((name, _)) = J::entry(&mut map) {
                    self.unknown(name)?;
                }
            }
            (special, token) => return Err(wrong(&token, expected(special))),
        }
        Ok(Written::Value)
    }

    /// Writes seconds and nanoseconds, each unless it is zero.
    fn time(&mut self, fields: &[FieldPlan], (seconds, nanos): (i64, i32)) {
        for (field, value) in fields.iter().zip([seconds, nanos.into()]) {
            if value != 0 {
                field.tag.write(self.out);
                varint(value.cast_unsigned(), self.out);
            }
        }
    }
}

fn expected(special: Special) -> &'static str {
    match special {
        Special::Timestamp => "a rfc3339 timestamp string",
        Special::Duration => "a duration string",
        Special::FieldMask => "a field mask string",
        Special::ListValue => "a list",
        Special::Empty => "an empty map",
        _ => "a map",
    }
}
