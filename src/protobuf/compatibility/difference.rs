//! The kinds of difference between two schemas, and their texts.

use std::fmt;

/// One difference between two schemas.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Difference {
    /// The kind of difference.
    pub kind: DifferenceKind,
    /// The path to the element: `#/`, then message names, oneof names and numbers joined
    /// by `/`. The package is not part of it.
    pub path: String,
}

impl Difference {
    /// Returns the registry's message about this difference. `reader` and `writer` are
    /// its names for the two schemas: `new` and `old`, or the reverse.
    pub fn message(&self, reader: &str, writer: &str) -> String {
        format!(
            "{{errorType:\"{}\", description:\"{}\"}}",
            self.kind,
            self.kind.description(&self.path, reader, writer)
        )
    }
}

impl fmt::Display for Difference {
    /// Formats the difference as `TYPE #/path`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.path)
    }
}

/// Defines the kinds: name in messages, and whether the update still reads the
/// original's data.
macro_rules! kinds {
    ($(#[doc = $doc:literal] $kind:ident = $name:literal, $is_compatible:literal;)+) => {
        /// The kinds of difference. "Original" is the older schema of a backward
        /// comparison, "update" the newer one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum DifferenceKind {
            $(#[doc = $doc] $kind,)+
        }

        impl DifferenceKind {
            /// Every kind.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$kind,)+];

            /// Returns the name in messages.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }

            /// Whether the update still reads the original's data.
            pub fn is_compatible(self) -> bool {
                match self {
                    $(Self::$kind => $is_compatible,)+
                }
            }
        }
    };
}

kinds! {
    /// The packages differ.
    PackageChanged = "PACKAGE_CHANGED", false;
    /// A message is in the update only.
    MessageAdded = "MESSAGE_ADDED", true;
    /// A message is in the original only.
    MessageRemoved = "MESSAGE_REMOVED", false;
    /// A message has another index among the messages of its parent.
    MessageMoved = "MESSAGE_MOVED", true;
    /// An enum is in the update only.
    EnumAdded = "ENUM_ADDED", true;
    /// An enum is in the original only.
    EnumRemoved = "ENUM_REMOVED", true;
    /// An enum number is in the update only.
    EnumConstAdded = "ENUM_CONST_ADDED", true;
    /// An enum number has another name.
    EnumConstChanged = "ENUM_CONST_CHANGED", true;
    /// An enum number is in the original only.
    EnumConstRemoved = "ENUM_CONST_REMOVED", true;
    /// A field outside oneofs is in the update only.
    FieldAdded = "FIELD_ADDED", true;
    /// A field outside oneofs is in the original only.
    FieldRemoved = "FIELD_REMOVED", true;
    /// A field number has another name.
    FieldNameChanged = "FIELD_NAME_CHANGED", true;
    /// A scalar, a message or a map becomes another of the three.
    FieldKindChanged = "FIELD_KIND_CHANGED", false;
    /// A scalar type is replaced with one of another encoding.
    FieldScalarKindChanged = "FIELD_SCALAR_KIND_CHANGED", false;
    /// The message type of a field was replaced, or changed incompatibly.
    FieldNamedTypeChanged = "FIELD_NAMED_TYPE_CHANGED", false;
    /// The written label of a number, bool or enum differs.
    FieldNumericLabelChanged = "FIELD_NUMERIC_LABEL_CHANGED", false;
    /// The written label of a string or bytes field differs.
    FieldStringOrBytesLabelChanged = "FIELD_STRING_OR_BYTES_LABEL_CHANGED", true;
    /// A required field is in the update only.
    RequiredFieldAdded = "REQUIRED_FIELD_ADDED", false;
    /// A required field is in the original only.
    RequiredFieldRemoved = "REQUIRED_FIELD_REMOVED", false;
    /// A oneof name is in the update only.
    OneofAdded = "ONEOF_ADDED", true;
    /// A oneof name is in the original only.
    OneofRemoved = "ONEOF_REMOVED", true;
    /// A oneof member has a number new to the message.
    OneofFieldAdded = "ONEOF_FIELD_ADDED", true;
    /// The number of a oneof member no longer occurs in the message.
    OneofFieldRemoved = "ONEOF_FIELD_REMOVED", false;
    /// A oneof member is now an ordinary field.
    OneofFieldMovedToTopLevel = "ONEOF_FIELD_MOVED_TO_TOP_LEVEL", true;
    /// Several ordinary fields now exclude each other.
    MultipleFieldsMovedToOneof = "MULTIPLE_FIELDS_MOVED_TO_ONEOF", false;
    /// A field now excludes members of a oneof that existed before.
    FieldMovedToExistingOneof = "FIELD_MOVED_TO_EXISTING_ONEOF", false;
}

impl DifferenceKind {
    /// Returns the sentence of the registry's message. Spacing and punctuation are those
    /// of the reference implementation, since clients match on them.
    fn description(self, path: &str, reader: &str, writer: &str) -> String {
        match self {
            Self::PackageChanged => format!(
                "The package at '{path}' in the {reader} schema does not match the package in the {writer} schema"
            ),
            Self::MessageRemoved => format!(
                "The {reader} schema is missing a MESSAGE type at path '{path}' in the {writer} schema"
            ),
            Self::FieldKindChanged => format!(
                "The type of a field at path '{path}' in the {reader} schema does not match the {writer} schema"
            ),
            Self::FieldScalarKindChanged => format!(
                "The kind of a SCALAR field at path '{path}' in the {reader} schema does not match its kind in the {writer} schema"
            ),
            Self::FieldNamedTypeChanged => format!(
                "The type of a MESSAGE field at path '{path}' in the {reader} schema does not match its type in the {writer} schema"
            ),
            Self::FieldNumericLabelChanged => format!(
                "The label for a NUMERIC field at path '{path}' in the {reader} schema does not match its label in the {writer} schema"
            ),
            Self::RequiredFieldAdded => format!(
                "A required field  at path '{path}' in the {reader} schema is missing in the {writer} schema"
            ),
            Self::RequiredFieldRemoved => format!(
                "The {reader} schema is missing a required field at path: '{path}' in the {writer} schema"
            ),
            Self::OneofFieldRemoved => format!(
                "The {reader} schema is missing a oneof field at path '{path}' in the {writer} schema"
            ),
            Self::MultipleFieldsMovedToOneof => format!(
                "Multiple fields in the oneof at path '{path}' in the {reader} schema are outside a oneof in the {writer} schema"
            ),
            Self::FieldMovedToExistingOneof => format!(
                "A field in the oneof at path '{path}' in the {reader} schema is outside an existing oneof in the {writer} schema"
            ),
            // Compatible kinds, which no registry prints.
            _ => format!("The {reader} schema differs at path '{path}' from the {writer} schema"),
        }
    }
}

impl fmt::Display for DifferenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
