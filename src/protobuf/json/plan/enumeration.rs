//! What the engine knows of an enum.

use hashbrown::HashMap;
use prost_reflect::EnumDescriptor;

#[derive(Debug)]
pub(crate) struct EnumPlan {
    by_name: HashMap<Box<str>, i32>,
    /// Sorted by number. Of several names for one number, the one declared first.
    by_number: Vec<(i32, Box<str>)>,
    /// The value declared first.
    pub(crate) default: i32,
    /// Whether it is `google.protobuf.NullValue`.
    pub(crate) null: bool,
}

impl EnumPlan {
    pub(crate) fn new(item: &EnumDescriptor) -> Self {
        let mut by_number: Vec<(i32, Box<str>)> = Vec::new();
        // The sort below is stable and keeps the aliases of a number in this order.
        let declared = item.enum_descriptor_proto();
        for value in &declared.value {
            by_number.push((value.number(), value.name().into()));
        }
        let by_name = by_number.iter().map(|(n, name)| (name.clone(), *n));
        let by_name = by_name.collect();
        by_number.sort_by_key(|(number, _)| *number);
        by_number.dedup_by_key(|(number, _)| *number);
        Self {
            by_name,
            by_number,
            default: declared.value.first().map_or(0, |value| value.number()),
            null: item.full_name() == "google.protobuf.NullValue",
        }
    }

    pub(crate) fn number(&self, name: &str) -> Option<i32> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn name(&self, number: i32) -> Option<&str> {
        let found = self.by_number.binary_search_by_key(&number, |(n, _)| *n);
        let (_, name) = self.by_number.get(found.ok()?)?;
        Some(name)
    }
}
