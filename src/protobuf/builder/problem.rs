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
    /// What is wrong with it.
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
    /// A name is not an identifier.
    #[error(
        "{0:?} is not an identifier: a letter or underscore, then letters, digits and underscores"
    )]
    BadIdentifier(String),
    /// A name is a keyword at this position of a `.proto` file.
    #[error("{0:?} is a keyword here")]
    Keyword(String),
    /// The name of a type is a keyword where a type is expected.
    #[error("type {0:?} is parsed as a keyword; write it with a leading dot")]
    KeywordType(String),
    /// Other files cannot import the file by this name.
    #[error(
        "{0:?} is not an import path: use a relative path with single slashes, without `.` and `..`"
    )]
    BadFileName(String),
    /// Field numbers have 29 bits.
    #[error("number {0} is not between 1 and 536870911")]
    NumberOutOfRange(u32),
    /// Protobuf implementations use the number internally.
    #[error("number {0} is one of 19000 to 19999, which Protobuf reserves for itself")]
    NumberKept(u32),
    /// Two fields, or two values of an enum without aliases, share a number.
    #[error("number {number} is already used by {first}")]
    DuplicateNumber {
        /// The number.
        number: i64,
        /// Name of the first element with the number.
        first: String,
    },
    /// A field or value uses a reserved number.
    #[error("number {0} is reserved")]
    ReservedNumber(i64),
    /// A field or value uses a reserved name.
    #[error("the name is reserved")]
    ReservedName,
    /// Two elements of one scope have the same name. The values of an enum are in the
    /// scope that encloses the enum, as in C++.
    #[error("the name is already used by {first}{}", if *.enum_value { "; values of an enum share the scope around it" } else { "" })]
    DuplicateName {
        /// The first element with the name.
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
    /// The type of a field is not scalar and not visible.
    #[error("type {name:?} is unknown{}", Hint(.suggestion))]
    UnknownType {
        /// The type as written.
        name: String,
        /// A type with a similar name.
        suggestion: Option<String>,
    },
    /// The type is declared in a file that is imported only indirectly.
    #[error("type {name:?} is declared in {file:?}, which is not imported")]
    NotImported {
        /// The type as written.
        name: String,
        /// The file that declares it.
        file: String,
    },
    /// A field declared as a message has an enum type, or the reverse.
    #[error("type {name:?} is not {} {expected}", if *.expected == "enum" { "an" } else { "a" })]
    WrongKind {
        /// The type as written.
        name: String,
        /// `message` or `enum`.
        expected: &'static str,
    },
    /// `optional` and `repeated` contradict each other.
    #[error("a field is either optional or repeated")]
    OptionalAndRepeated,
    /// A map is optional or repeated.
    #[error("a map is neither optional nor repeated")]
    LabelOnMap,
    /// Members of a oneof have presence already, and cannot be repeated.
    #[error("a member of a oneof is neither optional nor repeated")]
    LabelInOneof,
    /// A map is a member of a oneof.
    #[error("a map cannot be a member of a oneof")]
    MapInOneof,
    /// The key of a map is not an integer, bool or string.
    #[error("a map key is an integer type, bool or string, not {0}")]
    MapKey(String),
    /// A field is packed that is not a list of numbers, bools or enums.
    #[error("packed is for repeated numbers, bools and enums")]
    NotPackable,
    /// A oneof has no member.
    #[error("a oneof needs at least one member")]
    EmptyOneof,
    /// An enum has no value.
    #[error("an enum needs at least one value")]
    EmptyEnum,
    /// The first value is not 0; in proto3 it is the default.
    #[error("the first value of an enum must be 0, not {0}")]
    FirstValueNotZero(i32),
    /// Aliases are allowed, but there are none.
    #[error("aliases are allowed, but no two values share a number")]
    NoAliases,
    /// Two values differ only by parts that generated code strips in proto3.
    #[error("the name differs from {first} only in case, underscores or the enum's name in front")]
    SimilarValue {
        /// The other value.
        first: String,
    },
    /// Two fields have the same JSON name.
    #[error("the JSON name {json_name:?} conflicts with field {first}")]
    JsonName {
        /// The name of this field.
        json_name: String,
        /// The other field.
        first: String,
    },
    /// The JSON name is not valid; names in brackets are extensions.
    #[error("{0:?} is not a JSON name: it is empty, contains a NUL or is in brackets")]
    BadJsonName(String),
    /// A file is imported twice.
    #[error("imports {0:?} twice")]
    DuplicateImport(String),
    /// The file imports itself.
    #[error("imports itself")]
    SelfImport,
    /// Two imported files have the same path but different contents.
    #[error("imports lead to two different files of name {0:?}")]
    TwoFiles(String),
    /// Settings of the file were set on a message.
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
