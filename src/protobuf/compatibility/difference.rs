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

/// The kinds of difference. "Original" is the older schema of a backward comparison,
/// "update" the newer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DifferenceKind {
    /// The packages differ.
    PackageChanged,
    /// A message is in the update only.
    MessageAdded,
    /// A message is in the original only.
    MessageRemoved,
    /// A message has another index among the messages of its parent.
    MessageMoved,
    /// An enum is in the update only.
    EnumAdded,
    /// An enum is in the original only.
    EnumRemoved,
    /// An enum number is in the update only.
    EnumConstAdded,
    /// An enum number has another name.
    EnumConstChanged,
    /// An enum number is in the original only.
    EnumConstRemoved,
    /// A field outside oneofs is in the update only.
    FieldAdded,
    /// A field outside oneofs is in the original only.
    FieldRemoved,
    /// A field number has another name.
    FieldNameChanged,
    /// A scalar, a message or a map becomes another of the three.
    FieldKindChanged,
    /// A scalar type is replaced with one of another encoding.
    FieldScalarKindChanged,
    /// The message type of a field was replaced, or changed incompatibly.
    FieldNamedTypeChanged,
    /// The written label of a number, bool or enum differs.
    FieldNumericLabelChanged,
    /// The written label of a string or bytes field differs.
    FieldStringOrBytesLabelChanged,
    /// A required field is in the update only.
    RequiredFieldAdded,
    /// A required field is in the original only.
    RequiredFieldRemoved,
    /// A oneof name is in the update only.
    OneofAdded,
    /// A oneof name is in the original only.
    OneofRemoved,
    /// A oneof member has a number new to the message.
    OneofFieldAdded,
    /// The number of a oneof member no longer occurs in the message.
    OneofFieldRemoved,
    /// A oneof member is now an ordinary field.
    OneofFieldMovedToTopLevel,
    /// Several ordinary fields now exclude each other.
    MultipleFieldsMovedToOneof,
    /// A field now excludes members of a oneof that existed before.
    FieldMovedToExistingOneof,
}

impl DifferenceKind {
    /// Every kind.
    pub const ALL: [Self; 26] = [
        Self::PackageChanged,
        Self::MessageAdded,
        Self::MessageRemoved,
        Self::MessageMoved,
        Self::EnumAdded,
        Self::EnumRemoved,
        Self::EnumConstAdded,
        Self::EnumConstChanged,
        Self::EnumConstRemoved,
        Self::FieldAdded,
        Self::FieldRemoved,
        Self::FieldNameChanged,
        Self::FieldKindChanged,
        Self::FieldScalarKindChanged,
        Self::FieldNamedTypeChanged,
        Self::FieldNumericLabelChanged,
        Self::FieldStringOrBytesLabelChanged,
        Self::RequiredFieldAdded,
        Self::RequiredFieldRemoved,
        Self::OneofAdded,
        Self::OneofRemoved,
        Self::OneofFieldAdded,
        Self::OneofFieldRemoved,
        Self::OneofFieldMovedToTopLevel,
        Self::MultipleFieldsMovedToOneof,
        Self::FieldMovedToExistingOneof,
    ];

    /// Returns the name in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PackageChanged => "PACKAGE_CHANGED",
            Self::MessageAdded => "MESSAGE_ADDED",
            Self::MessageRemoved => "MESSAGE_REMOVED",
            Self::MessageMoved => "MESSAGE_MOVED",
            Self::EnumAdded => "ENUM_ADDED",
            Self::EnumRemoved => "ENUM_REMOVED",
            Self::EnumConstAdded => "ENUM_CONST_ADDED",
            Self::EnumConstChanged => "ENUM_CONST_CHANGED",
            Self::EnumConstRemoved => "ENUM_CONST_REMOVED",
            Self::FieldAdded => "FIELD_ADDED",
            Self::FieldRemoved => "FIELD_REMOVED",
            Self::FieldNameChanged => "FIELD_NAME_CHANGED",
            Self::FieldKindChanged => "FIELD_KIND_CHANGED",
            Self::FieldScalarKindChanged => "FIELD_SCALAR_KIND_CHANGED",
            Self::FieldNamedTypeChanged => "FIELD_NAMED_TYPE_CHANGED",
            Self::FieldNumericLabelChanged => "FIELD_NUMERIC_LABEL_CHANGED",
            Self::FieldStringOrBytesLabelChanged => "FIELD_STRING_OR_BYTES_LABEL_CHANGED",
            Self::RequiredFieldAdded => "REQUIRED_FIELD_ADDED",
            Self::RequiredFieldRemoved => "REQUIRED_FIELD_REMOVED",
            Self::OneofAdded => "ONEOF_ADDED",
            Self::OneofRemoved => "ONEOF_REMOVED",
            Self::OneofFieldAdded => "ONEOF_FIELD_ADDED",
            Self::OneofFieldRemoved => "ONEOF_FIELD_REMOVED",
            Self::OneofFieldMovedToTopLevel => "ONEOF_FIELD_MOVED_TO_TOP_LEVEL",
            Self::MultipleFieldsMovedToOneof => "MULTIPLE_FIELDS_MOVED_TO_ONEOF",
            Self::FieldMovedToExistingOneof => "FIELD_MOVED_TO_EXISTING_ONEOF",
        }
    }

    /// Returns whether the update still reads the original's data.
    pub fn is_compatible(self) -> bool {
        match self {
            Self::MessageAdded
            | Self::MessageMoved
            | Self::EnumAdded
            | Self::EnumRemoved
            | Self::EnumConstAdded
            | Self::EnumConstChanged
            | Self::EnumConstRemoved
            | Self::FieldAdded
            | Self::FieldRemoved
            | Self::FieldNameChanged
            | Self::FieldStringOrBytesLabelChanged
            | Self::OneofAdded
            | Self::OneofRemoved
            | Self::OneofFieldAdded
            | Self::OneofFieldMovedToTopLevel => true,
            Self::PackageChanged
            | Self::MessageRemoved
            | Self::FieldKindChanged
            | Self::FieldScalarKindChanged
            | Self::FieldNamedTypeChanged
            | Self::FieldNumericLabelChanged
            | Self::RequiredFieldAdded
            | Self::RequiredFieldRemoved
            | Self::OneofFieldRemoved
            | Self::MultipleFieldsMovedToOneof
            | Self::FieldMovedToExistingOneof => false,
        }
    }

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
