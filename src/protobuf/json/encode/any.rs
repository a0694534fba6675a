//! `google.protobuf.Any`: JSON → bytes.

use prost::encoding::WireType;

use super::super::bytes::{close, delimited, open};
use super::super::fault::{NO_PLAN, Part, Result};
use super::super::plan::{Plan, Special, Tag};
use super::encoder::{Encoder, Place, deeper};
use super::scalar::wrong;
use super::source::{Json, Scalar, Token};

/// Names the type of the message that the other entries describe.
const TYPE: &str = "@type";
/// Holds a message with a JSON form of its own.
const VALUE: &str = "value";

impl Encoder<'_> {
    /// Writes the fields of an `Any`: its type, and the message that the entries
    /// beside the type describe.
    pub(super) fn any<'j, J: Json<'j>>(&mut self, map: J::Map, depth: usize) -> Result<()> {
        // The type may come last, and says how to read the others.
        let (mut url, mut is_empty) = (None, true);
        let mut entries = map.clone();
        while let Some((name, value)) = J::entry(&mut entries) {
            is_empty = false;
            if name == TYPE {
                match value.read() {
                    Token::Scalar(Scalar::Text(text)) => url = Some(text),
                    other => return Err(wrong(&other, "a string")),
                }
            }
        }
        if is_empty {
            // An `Any` that is not set.
            return Ok(());
        }
        let url = url.ok_or("expected '@type' field")?;
        let plan = self.any.plan(url)?;
        Tag::new(1, WireType::LengthDelimited).write(self.out);
        delimited(url.as_bytes(), self.out);
        let start = self.out.len();
        Tag::new(2, WireType::LengthDelimited).write(self.out);
        let at = open(self.out);
        let content = self.out.len();
        self.payload::<J>(&plan, map, deeper(depth)?)?;
        if self.out.len() == content {
            self.out.truncate(start);
        } else {
            close(self.out, at);
        }
        Ok(())
    }

    fn payload<'j, J: Json<'j>>(
        &mut self,
        plan: &Plan,
        mut map: J::Map,
        depth: usize,
    ) -> Result<()> {
        let message = plan.message(0).ok_or(NO_PLAN)?;
        if message.special == Special::No {
            return self.fields::<J>(plan, message, map, Some(TYPE), depth);
        }
        let mut is_given = false;
        while let Some((name, value)) = J::entry(&mut map) {
            match name {
                TYPE => {}
                VALUE if is_given => return Err("'value' is given twice".into()),
                VALUE => {
                    is_given = true;
                    if let Err(fault) = self.message(plan, 0, value, Place::Element, depth) {
                        self.path.within(Part::Name(VALUE.to_owned()));
                        return Err(fault);
                    }
                }
                _ => self.unknown(name)?,
            }
        }
        if is_given || message.special == Special::Empty {
            return Ok(());
        }
        Err("expected 'value' field".into())
    }
}
