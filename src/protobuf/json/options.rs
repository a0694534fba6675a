//! How JSON is printed and read.

/// How messages are printed as JSON, and how JSON is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JsonOptions {
    /// Whether fields without presence are printed when they hold their default.
    /// Fields with presence are those that are `optional`, in a oneof, or messages.
    /// Off by default, as in Protobuf's canonical mapping.
    pub print_defaults: bool,
    /// Whether fields are printed under their JSON names instead of those in the
    /// `.proto` file. JSON names are in camel case, unless the file sets others. Off
    /// by default.
    pub json_names: bool,
    /// Whether fields and enum values that the schema does not have are skipped when
    /// JSON is read. Off by default: they are refused.
    pub skip_unknown_fields: bool,
}

impl JsonOptions {
    /// Sets [`print_defaults`](Self::print_defaults).
    #[must_use]
    pub fn print_defaults(mut self, yes: bool) -> Self {
        self.print_defaults = yes;
        self
    }

    /// Sets [`json_names`](Self::json_names).
    #[must_use]
    pub fn json_names(mut self, yes: bool) -> Self {
        self.json_names = yes;
        self
    }

    /// Sets [`skip_unknown_fields`](Self::skip_unknown_fields).
    #[must_use]
    pub fn skip_unknown_fields(mut self, yes: bool) -> Self {
        self.skip_unknown_fields = yes;
        self
    }
}
