//! The builder of fields, and their types.

use prost_types::field_descriptor_proto::Type;

/// Defines the types of fields: one variant, keyword in a `.proto` file and
/// function of [`ProtoField`] for each scalar.
macro_rules! field_types {
    ($(#[doc = $doc:literal] $ty:ident $function:ident $keyword:literal;)+) => {
        /// Type of a field, of a map's key or of its value.
        ///
        /// A string converts as in a `.proto` file: `"int32"` is the scalar type,
        /// `"OtherRecord"` or `"com.acme.OtherRecord"` a message or enum.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum FieldType {
            $(#[doc = $doc] $ty,)+
            /// A message, by name.
            Message(String),
            /// An enum, by name.
            Enum(String),
            /// A message or an enum, by name.
            Named(String),
        }

        const SCALARS: [(&str, FieldType, Type); [$($keyword),+].len()] =
            [$(($keyword, FieldType::$ty, Type::$ty),)+];

        impl ProtoField {$(
            #[doc = concat!("Makes a field of type `", $keyword, "`.")]
            pub fn $function(name: impl Into<String>, number: u32) -> Self {
                Self::new(name, FieldType::$ty, number)
            }
        )+}
    };
}

field_types! {
    /// 64-bit floating point.
    Double double "double";
    /// 32-bit floating point.
    Float float "float";
    /// Variable length; inefficient for negative numbers.
    Int32 int32 "int32";
    /// Variable length; inefficient for negative numbers.
    Int64 int64 "int64";
    /// Variable length, unsigned.
    Uint32 uint32 "uint32";
    /// Variable length, unsigned.
    Uint64 uint64 "uint64";
    /// Variable length, made for negative numbers (zig-zag).
    Sint32 sint32 "sint32";
    /// Variable length, made for negative numbers (zig-zag).
    Sint64 sint64 "sint64";
    /// Four bytes, unsigned.
    Fixed32 fixed32 "fixed32";
    /// Eight bytes, unsigned.
    Fixed64 fixed64 "fixed64";
    /// Four bytes, signed.
    Sfixed32 sfixed32 "sfixed32";
    /// Eight bytes, signed.
    Sfixed64 sfixed64 "sfixed64";
    /// True or false.
    Bool bool "bool";
    /// UTF-8 text.
    String string "string";
    /// Any bytes.
    Bytes bytes "bytes";
}

impl FieldType {
    /// Returns the keywords of all scalar types.
    pub(super) fn keywords() -> impl Iterator<Item = &'static str> {
        SCALARS.iter().map(|(keyword, ..)| *keyword)
    }

    /// Returns the scalar's number in a descriptor, or `None` for messages and enums.
    pub(super) fn scalar(&self) -> Option<Type> {
        let found = SCALARS.iter().find(|(_, scalar, _)| scalar == self);
        found.map(|(_, _, number)| *number)
    }

    /// Returns the name of the message or enum, or `None` for scalars.
    pub(super) fn type_name(&self) -> Option<&str> {
        match self {
            Self::Message(name) | Self::Enum(name) | Self::Named(name) => Some(name),
            _ => None,
        }
    }

    /// Returns the type as written in a `.proto` file.
    pub(super) fn written(&self) -> &str {
        match self.type_name() {
            Some(name) => name,
            None => SCALARS
                .iter()
                .find(|(_, scalar, _)| scalar == self)
                .map_or("", |(keyword, ..)| keyword),
        }
    }

    pub(super) fn is_map_key(&self) -> bool {
        self.scalar().is_some() && !matches!(self, Self::Double | Self::Float | Self::Bytes)
    }
}

impl From<&str> for FieldType {
    fn from(written: &str) -> Self {
        SCALARS
            .iter()
            .find(|(keyword, ..)| *keyword == written)
            .map_or_else(|| Self::Named(written.to_owned()), |(_, ty, _)| ty.clone())
    }
}

impl From<String> for FieldType {
    fn from(written: String) -> Self {
        Self::from(written.as_str())
    }
}

/// A field of a message, built in code.
///
/// ```
/// use cc_protobuf_examples::protobuf::{FieldType, ProtoField};
///
/// ProtoField::string("email", 1).tag("PII");
/// ProtoField::int64("seen", 2).optional();
/// ProtoField::message("items", "Item", 3).repeated();
/// ProtoField::map("stock", FieldType::String, FieldType::Uint32, 4);
/// ProtoField::new("price", "google.type.Money", 5);
/// ```
#[derive(Clone, Debug)]
pub struct ProtoField {
    pub(super) name: String,
    pub(super) number: u32,
    /// The type of the field, or of the values of a map.
    pub(super) ty: FieldType,
    pub(super) map_key: Option<FieldType>,
    pub(super) repeated: bool,
    pub(super) optional: bool,
    pub(super) tags: Vec<String>,
    pub(super) json_name: Option<String>,
    pub(super) packed: Option<bool>,
    pub(super) deprecated: bool,
}

impl ProtoField {
    /// Creates a field of any type except a map.
    pub fn new(name: impl Into<String>, ty: impl Into<FieldType>, number: u32) -> Self {
        Self {
            name: name.into(),
            number,
            ty: ty.into(),
            map_key: None,
            repeated: false,
            optional: false,
            tags: Vec::new(),
            json_name: None,
            packed: None,
            deprecated: false,
        }
    }

    /// Creates a field of the message type `message`. Names are looked up as in a
    /// `.proto` file, from the innermost scope outwards. A name with a leading dot is
    /// a full name.
    pub fn message(name: impl Into<String>, message: impl Into<String>, number: u32) -> Self {
        Self::new(name, FieldType::Message(message.into()), number)
    }

    /// Creates a field of the enum type `enumeration`. Its name is looked up as in
    /// [`message`](Self::message).
    pub fn enumeration(
        name: impl Into<String>,
        enumeration: impl Into<String>,
        number: u32,
    ) -> Self {
        Self::new(name, FieldType::Enum(enumeration.into()), number)
    }

    /// Creates a map. Keys are integers, bools or strings.
    pub fn map(
        name: impl Into<String>,
        key: impl Into<FieldType>,
        value: impl Into<FieldType>,
        number: u32,
    ) -> Self {
        Self {
            map_key: Some(key.into()),
            ..Self::new(name, value, number)
        }
    }

    /// Makes the field a list.
    #[must_use]
    pub fn repeated(mut self) -> Self {
        self.repeated = true;
        self
    }

    /// Gives the field presence: a reader can distinguish unset from the default value.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Adds a tag, `(confluent.field_meta).tags`. Rules, such as those for encryption,
    /// select fields by tag. The file imports `confluent/meta.proto` automatically.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Adds several [`tag`](Self::tag)s.
    #[must_use]
    pub fn tags<T: Into<String>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.tags.extend(tags.into_iter().map(Into::into));
        self
    }

    /// Sets the name of the field in JSON. The default is its name in camel case.
    #[must_use]
    pub fn json_name(mut self, json_name: impl Into<String>) -> Self {
        self.json_name = Some(json_name.into());
        self
    }

    /// Sets whether a list of numbers is packed, which is the default in proto3.
    #[must_use]
    pub fn packed(mut self, yes: bool) -> Self {
        self.packed = Some(yes);
        self
    }

    /// Marks the field `deprecated`.
    #[must_use]
    pub fn deprecated(mut self) -> Self {
        self.deprecated = true;
        self
    }
}
