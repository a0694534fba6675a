//! The fields of a message, found in its bytes.

use std::ops::Range;

use prost::encoding::WireType;

use super::super::bytes::MAX_DEPTH;
use super::super::fault::{Fault, Result};
use super::super::plan::{FieldPlan, MessagePlan, Shape};
use super::super::scratch::Found;

/// What a scan notes about the order of the fields.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Order {
    last: usize,
    /// Whether fields are not in the order of printing.
    pub(super) unsorted: bool,
    /// The oneofs of which a member was found, as bits.
    seen: u64,
    member: Option<usize>,
    /// Whether a oneof may have more than one member.
    pub(super) contested: bool,
}

impl Order {
    #[inline]
    fn note(&mut self, position: usize, oneof: Option<usize>) {
        self.unsorted |= position < self.last;
        self.last = position;
        if let Some(oneof) = oneof {
            let bit = 1 << (oneof % 64);
            self.contested |= self.seen & bit != 0 && self.member != Some(position);
            self.seen |= bit;
            self.member = Some(position);
        }
    }
}

/// Reads bytes from front to back.
#[derive(Clone, Copy)]
pub(super) struct Reader<'b> {
    pub(super) bytes: &'b [u8],
    pub(super) at: usize,
    pub(super) end: usize,
}

impl<'b> Reader<'b> {
    pub(super) fn new(bytes: &'b [u8], range: Range<usize>) -> Self {
        Self {
            bytes,
            at: range.start,
            end: range.end.min(bytes.len()),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.at >= self.end
    }

    #[inline(always)]
    pub(super) fn varint(&mut self) -> Result<u64> {
        match self.bytes.get(self.at) {
            Some(&byte) if byte < 0x80 && self.at < self.end => {
                self.at = self.at.saturating_add(1);
                Ok(byte.into())
            }
            _ => {
                let rest = self.bytes.get(self.at..self.end);
                let (value, len) = long_varint(rest.unwrap_or_default())?;
                self.at = self.at.saturating_add(len);
                Ok(value)
            }
        }
    }

    #[inline(always)]
    fn fixed<const N: usize>(&mut self) -> Result<[u8; N]> {
        let end = self.at.saturating_add(N);
        if end > self.end {
            return Err(underflow());
        }
        let bytes = self.bytes.get(self.at..end).unwrap_or_default();
        self.at = end;
        bytes.try_into().map_err(|_| underflow())
    }

    /// Reads the bits of a number.
    #[inline(always)]
    pub(super) fn number(&mut self, wire_type: WireType) -> Result<u64> {
        match wire_type {
            WireType::SixtyFourBit => self.fixed().map(u64::from_le_bytes),
            WireType::ThirtyTwoBit => self.fixed().map(u32::from_le_bytes).map(u64::from),
            _ => self.varint(),
        }
    }

    /// Reads a length, and checks that as many bytes follow.
    #[inline(always)]
    fn length(&mut self) -> Result<usize> {
        let len = usize::try_from(self.varint()?).map_err(|_| underflow())?;
        if len > self.end.saturating_sub(self.at) {
            return Err(underflow());
        }
        Ok(len)
    }

    #[inline(always)]
    fn tag(&mut self) -> Result<(u32, WireType)> {
        let key = u32::try_from(self.varint()?).map_err(|_| Box::from("invalid key value"))?;
        let wire_type = match key & 7 {
            0 => WireType::Varint,
            1 => WireType::SixtyFourBit,
            2 => WireType::LengthDelimited,
            3 => WireType::StartGroup,
            4 => WireType::EndGroup,
            5 => WireType::ThirtyTwoBit,
            _ => return Err("invalid wire type value".into()),
        };
        match key >> 3 {
            0 => Err("invalid tag value: 0".into()),
            number => Ok((number, wire_type)),
        }
    }

    /// Skips a value.
    fn skip(&mut self, number: u32, wire_type: WireType, depth: usize) -> Result<()> {
        match wire_type {
            WireType::Varint | WireType::SixtyFourBit | WireType::ThirtyTwoBit => {
                self.number(wire_type)?;
            }
            WireType::LengthDelimited => {
                let len = self.length()?;
                self.at = self.at.saturating_add(len);
            }
            WireType::StartGroup => {
                self.group(number, depth)?;
            }
            WireType::EndGroup => return Err("unexpected end group tag".into()),
        }
        Ok(())
    }

    /// Skips the fields of a group and its end. Returns where its fields end.
    fn group(&mut self, number: u32, depth: usize) -> Result<usize> {
        if depth >= MAX_DEPTH {
            return Err("recursion limit reached".into());
        }
        loop {
            let end = self.at;
            if self.is_empty() {
                return Err(underflow());
            }
            match self.tag()? {
                (other, WireType::EndGroup) if other == number => return Ok(end),
                (_, WireType::EndGroup) => return Err("unexpected end group tag".into()),
                (other, wire_type) => self.skip(other, wire_type, depth.saturating_add(1))?,
            }
        }
    }

    /// Returns the field at `position` or the next one, if the next byte is its tag.
    /// This spares the look-up by number, since most writers keep the order.
    #[inline(always)]
    fn expected<'p>(
        &self,
        plan: &'p MessagePlan,
        position: usize,
    ) -> Option<(usize, &'p FieldPlan)> {
        let byte = self.bytes.get(self.at).copied();
        let fields = plan.fields.iter().enumerate().skip(position).take(2);
        let mut fields = fields.filter(|(_, field)| field.tag.single_byte() == byte);
        fields.next()
    }

    /// Appends the fields of a message that `plan` knows to `found`.
    #[inline]
    pub(super) fn scan(
        mut self,
        plan: &MessagePlan,
        found: &mut Vec<Found>,
        order: &mut Order,
        depth: usize,
    ) -> Result<()> {
        let mut position = 0;
        while !self.is_empty() {
            let (field, wire_type);
            if let Some((expected, found)) = self.expected(plan, position) {
                (position, field, wire_type) = (expected, found, found.tag.wire_type());
                self.at = self.at.saturating_add(1);
            } else {
                let (number, of_tag) = self.tag()?;
                let Some(found) = plan.numbered(number) else {
                    // A copy of the reader, so that this one stays in registers.
                    let mut after = self;
                    after.skip(number, of_tag, depth)?;
                    self.at = after.at;
                    continue;
                };
                ((position, field), wire_type) = (found, of_tag);
            }
            let packed = wire_type != field.wire_type;
            if packed
                && !(wire_type == WireType::LengthDelimited
                    && matches!(field.shape, Shape::Packed | Shape::Expanded)
                    && field.kind.packable())
            {
                return Err("invalid wire type".into());
            }
            let (at, bits) = match wire_type {
                WireType::LengthDelimited => {
                    let len = self.length()?;
                    let at = self.at;
                    self.at = at.saturating_add(len);
                    (at, len as u64)
                }
                WireType::StartGroup => {
                    let at = self.at;
                    let mut after = self;
                    let end = after.group(field.tag.number(), depth)?;
                    self.at = after.at;
                    (at, end.saturating_sub(at) as u64)
                }
                number => {
                    let at = self.at;
                    (at, self.number(number)?)
                }
            };
            order.note(position, field.oneof);
            found.push(Found {
                at,
                bits,
                field: position as u32,
                packed,
            });
        }
        Ok(())
    }
}

#[cold]
fn underflow() -> Box<Fault> {
    "buffer underflow".into()
}

/// Reads a varint of any length. Returns its value and length.
fn long_varint(bytes: &[u8]) -> Result<(u64, usize)> {
    let mut value = 0;
    for (i, &byte) in bytes.iter().take(10).enumerate() {
        // Only one bit of the tenth byte is left of 64.
        if i == 9 && byte > 1 {
            break;
        }
        value |= u64::from(byte & 0x7f) << (i * 7);
        if byte < 0x80 {
            return Ok((value, i.saturating_add(1)));
        }
    }
    Err("invalid varint".into())
}
