//! Numbers and enums: bytes → JSON.

use super::number::shortest;
use super::plan::Kind;
use super::print::{NO_PLAN, Printer, Result};
use super::sink::Sink;
use super::text::Digits;

impl Printer<'_, '_> {
    pub(super) fn default_number<S: Sink>(&self, sink: &mut S, kind: Kind) -> Result<S::Value> {
        let bits = match kind {
            Kind::Enum(position) => {
                let default = self.plan.enumeration(position).ok_or(NO_PLAN)?.default;
                i64::from(default).cast_unsigned()
            }
            _ => 0,
        };
        self.number(sink, kind, bits)
    }

    pub(super) fn number<S: Sink>(&self, sink: &mut S, kind: Kind, bits: u64) -> Result<S::Value> {
        let low = bits as u32;
        Ok(match kind {
            Kind::Double => float(sink, f64::from_bits(bits)),
            Kind::Float => {
                let value = f32::from_bits(low);
                if value.is_finite() {
                    sink.float(shortest(value))
                } else {
                    float(sink, value.into())
                }
            }
            Kind::Int32 | Kind::Sfixed32 => sink.signed(low.cast_signed().into()),
            Kind::Sint32 => sink.signed(unzigzag(low.into())),
            Kind::Uint32 | Kind::Fixed32 => sink.unsigned(low.into()),
            Kind::Int64 | Kind::Sfixed64 => quoted_signed(sink, bits.cast_signed()),
            Kind::Sint64 => quoted_signed(sink, unzigzag(bits)),
            Kind::Uint64 | Kind::Fixed64 => sink.plain(Digits::unsigned(bits).as_str()),
            Kind::Bool => sink.boolean(bits != 0),
            Kind::Enum(position) => {
                let plan = self.plan.enumeration(position).ok_or(NO_PLAN)?;
                let number = low.cast_signed();
                match plan.name(number) {
                    _ if plan.null => sink.null(),
                    Some(name) => sink.plain(name),
                    None => sink.signed(number.into()),
                }
            }
            _ => return Err(NO_PLAN.into()),
        })
    }
}

pub(super) fn unzigzag(bits: u64) -> i64 {
    (bits >> 1).cast_signed() ^ -(bits & 1).cast_signed()
}

fn quoted_signed<S: Sink>(sink: &mut S, value: i64) -> S::Value {
    sink.plain(Digits::signed(value).as_str())
}

fn float<S: Sink>(sink: &mut S, value: f64) -> S::Value {
    if value.is_finite() {
        sink.float(value)
    } else if value.is_nan() {
        sink.plain("NaN")
    } else if value > 0.0 {
        sink.plain("Infinity")
    } else {
        sink.plain("-Infinity")
    }
}
