//! Numbers and enums: bytes → JSON.

use super::super::bytes::value;
use super::super::fault::{NO_PLAN, Result};
use super::super::notation::{Digits, number::shortest};
use super::super::plan::{Kind, Plan};
use super::printer::Printer;
use super::sink::Sink;

impl Printer<'_> {
    pub(super) fn default_number<S: Sink>(&self, plan: &Plan, sink: S, kind: Kind) -> Result<()> {
        let bits = match kind {
            Kind::Enum(position) => {
                let default = plan.enumeration(position).ok_or(NO_PLAN)?.default;
                i64::from(default).cast_unsigned()
            }
            _ => 0,
        };
        self.number(plan, sink, kind, bits)
    }

    #[inline]
    pub(super) fn number<S: Sink>(
        &self,
        plan: &Plan,
        sink: S,
        kind: Kind,
        bits: u64,
    ) -> Result<()> {
        match kind {
            Kind::Double => float(sink, f64::from_bits(bits)),
            Kind::Float => {
                let value = f32::from_bits(bits as u32);
                if value.is_finite() {
                    sink.float(shortest(value));
                } else {
                    float(sink, value.into());
                }
            }
            Kind::Bool => sink.boolean(bits != 0),
            Kind::Enum(position) => {
                let plan = plan.enumeration(position).ok_or(NO_PLAN)?;
                let number = (bits as u32).cast_signed();
                match plan.name(number) {
                    _ if plan.null => sink.null(),
                    Some(name) => sink.plain(name),
                    None => sink.integer(number.into()),
                }
            }
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 | Kind::Uint64 | Kind::Fixed64 => {
                sink.plain(Digits::new(value(kind, bits)).as_str());
            }
            kind => sink.integer(value(kind, bits)),
        }
        Ok(())
    }
}

fn float<S: Sink>(sink: S, value: f64) {
    if value.is_finite() {
        sink.float(value);
    } else if value.is_nan() {
        sink.plain("NaN");
    } else if value > 0.0 {
        sink.plain("Infinity");
    } else {
        sink.plain("-Infinity");
    }
}
