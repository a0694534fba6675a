//! Errors of the builder.

use std::fmt;

/// The error of a schema that cannot be built, with all its problems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    pub(super) file: String,
    pub(super) problems: Vec<Problem>,
}

impl BuildError {
    /// Returns the path of the file that could not be built.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Returns the problems in the order of the file. There is at least one.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot build schema {:?}: ", self.file)?;
        for (i, problem) in self.problems.iter().enumerate() {
            let separator = if i == 0 { "" } else { "; " };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for BuildError {}

/// One problem, and the element that has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The element: `field com.acme.MyRecord.f1`.
    pub element: String,
    /// The rule that it breaks.
    pub kind: ProblemKind,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.element, self.kind)
    }
}

/// The rules of the Protobuf language that a schema can break.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemKind {
    /// A name is no identifier.
    #[error("{0:?} is no identifier: a letter or underscore, then letters, digits and underscores")]
    BadIdentifier(String),
    /// A name begins another statement at this point of a `.proto` file.
    #[error("{0:?} is a keyword in this place")]
    Keyword(String),
    /// The name of a type begins another statement where a type is expected.
    #[error("type {0:?} reads as a keyword; write it with a dot in front")]
    KeywordType(String),
    /// No other file could import this one by its name.
    #[error("{0:?} is no import path: relative, parts separated by single slashes, no `.` or `..`")]
    BadFileName(String),
    /// Field numbers have 29 bits.
    #[error("number {0} is not between 1 and 536870911")]
    NumberOutOfRange(u32),
    /// Protobuf implementations use the number internally.
    #[error("number {0} is one of 19000 to 19999, which Protobuf keeps for itself")]
    NumberKept(u32),
    /// Two fields, or two values of an enum without aliases, have one number.
    #[error("number {number} is already used by {first}")]
    DuplicateNumber {
        /// The number.
        number: i64,
        /// Name of the element that had it first.
        first: String,
    },
    /// A field or value uses a reserved number.
    #[error("number {0} is reserved")]
    ReservedNumber(i64),
    /// A field or value uses a reserved name.
    #[error("the name is reserved")]
    ReservedName,
    /// Two elements of one scope have one name. Values of an enum live in the
    /// scope that encloses the enum, as in C++.
    #[error("the name is already used by {first}{}", if *.enum_value { "; values of an enum share the scope around it" } else { "" })]
    DuplicateName {
        /// The element that had it first.
        first: String,
        /// Whether one of the two is a value of an enum.
        enum_value: bool,
    },
    /// A reserved range is empty or out of bounds.
    #[error("reserved range {start} to {end} is empty or out of bounds")]
    BadReservedRange {
        /// First number.
        start: i64,
        /// Last number.
        end: i64,
    },
    /// Reserved ranges have numbers in common.
    #[error("number {0} is reserved twice")]
    ReservedTwice(i64),
    /// A name is reserved twice.
    #[error("name {0:?} is reserved twice")]
    NameReservedTwice(String),
    /// A field's type is neither scalar nor visible.
    #[error("type {name:?} is unknown{}", Hint(.suggestion))]
    UnknownType {
        /// The type as written.
        name: String,
        /// A type of similar name.
        suggestion: Option<String>,
    },
    /// A field's type is declared in a file that only an import imports.
    #[error("type {name:?} is declared in {file:?}, which is not imported")]
    NotImported {
        /// The type as written.
        name: String,
        /// The file that declares it.
        file: String,
    },
    /// A field declared as a message has the type of an enum, or the reverse.
    #[error("type {name:?} is no {expected}")]
    WrongKind {
        /// The type as written.
        name: String,
        /// `message` or `enum`.
        expected: &'static str,
    },
    /// `optional` and `repeated` contradict each other.
    #[error("a field is either optional or repeated")]
    OptionalAndRepeated,
    /// Maps are neither optional nor repeated.
    #[error("a map is neither optional nor repeated")]
    LabelOnMap,
    /// Members of a oneof have presence already, and cannot be repeated.
    #[error("a member of a oneof is neither optional nor repeated")]
    LabelInOneof,
    /// Maps are repeated underneath.
    #[error("a map cannot be a member of a oneof")]
    MapInOneof,
    /// Map keys are integers, bool or string.
    #[error("a map key is an integer type, bool or string, not {0}")]
    MapKey(String),
    /// Only lists of numbers, bools and enums can be packed.
    #[error("packed is for repeated numbers, bools and enums")]
    NotPackable,
    /// A oneof needs a member.
    #[error("a oneof needs at least one member")]
    EmptyOneof,
    /// An enum needs a value.
    #[error("an enum needs at least one value")]
    EmptyEnum,
    /// proto3: the first value is the default, and that is 0.
    #[error("the first value of an enum must be 0, not {0}")]
    FirstValueNotZero(i32),
    /// Aliases are allowed, but there are none.
    #[error("aliases are allowed, but no two values share a number")]
    NoAliases,
    /// proto3: generated code strips the enum's name from its values.
    #[error("the name differs from {first} only in case, underscores or the enum's name in front")]
    SimilarValue {
        /// The other value.
        first: String,
    },
    /// Two fields have one name in JSON.
    #[error("the JSON name {json_name:?} conflicts with field {first}")]
    JsonName {
        /// The name of this field.
        json_name: String,
        /// The other field.
        first: String,
    },
    /// JSON names in brackets are extensions.
    #[error("{0:?} is no JSON name: it is empty, holds a NUL or stands in brackets")]
    BadJsonName(String),
    /// One file is imported twice.
    #[error("imports {0:?} twice")]
    DuplicateImport(String),
    /// The file imports itself.
    #[error("imports itself")]
    SelfImport,
    /// Two imported files have one path but different contents.
    #[error("imports lead to two different files of name {0:?}")]
    TwoFiles(String),
    /// Package, file name and imports belong to the file.
    #[error("package, file name and imports are set on the message; set them on its file")]
    FileSettings,
    /// Each element is valid, but the file as a whole is not.
    #[error("{0}")]
    Unresolved(String),
}

struct Hint<'a>(&'a Option<String>);

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(suggestion) => write!(f, "; did you mean {suggestion:?}?"),
            None => f.write_str("; is an import missing?"),
        }
    }
}
