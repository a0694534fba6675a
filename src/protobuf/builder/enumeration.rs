//! The builder of enums.

use std::ops::RangeInclusive;

/// An enum built in code. Its first value must be 0, which is the default.
///
/// ```
/// use cc_protobuf_examples::protobuf::ProtoEnum;
///
/// ProtoEnum::new("Color")
///     .value("COLOR_UNSPECIFIED", 0)
///     .value("COLOR_RED", 1)
///     .reserved(2..=4)
///     .reserved_name("COLOR_GREEN");
/// ```
#[derive(Clone, Debug)]
pub struct ProtoEnum {
    pub(super) name: String,
    pub(super) values: Vec<(String, i32)>,
    pub(super) reserved: Vec<RangeInclusive<i32>>,
    pub(super) reserved_names: Vec<String>,
    pub(super) allow_alias: bool,
    pub(super) deprecated: bool,
}

impl ProtoEnum {
    /// Starts an enum without values.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            values: Vec::new(),
            reserved: Vec::new(),
            reserved_names: Vec::new(),
            allow_alias: false,
            deprecated: false,
        }
    }

    /// Adds a value. Its name must be unique in the scope around the enum.
    #[must_use]
    pub fn value(mut self, name: impl Into<String>, number: i32) -> Self {
        self.values.push((name.into(), number));
        self
    }

    /// Reserves numbers.
    #[must_use]
    pub fn reserved(mut self, numbers: RangeInclusive<i32>) -> Self {
        self.reserved.push(numbers);
        self
    }

    /// Reserves a name.
    #[must_use]
    pub fn reserved_name(mut self, name: impl Into<String>) -> Self {
        self.reserved_names.push(name.into());
        self
    }

    /// Lets several values share a number.
    #[must_use]
    pub fn allow_alias(mut self) -> Self {
        self.allow_alias = true;
        self
    }

    /// Marks the enum `deprecated`.
    #[must_use]
    pub fn deprecated(mut self) -> Self {
        self.deprecated = true;
        self
    }
}
