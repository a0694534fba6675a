//! The plan: what the engine has to know of each message type. It is made once per
//! schema.

mod any;
mod build;
mod enumeration;
mod field;
mod message;
mod special;

pub(super) use any::AnyPlans;
pub(super) use field::{FieldName, FieldPlan, Kind, Shape, Tag};
pub(super) use message::{MessagePlan, Plan};
pub(super) use special::Special;
