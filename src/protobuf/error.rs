//! Errors about schemas and their values.

use std::fmt;
use std::path::PathBuf;

use crate::printable::escape;

/// A position in a schema's text. Lines and columns count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// What is wrong with a Protobuf schema, or a value of one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is neither `.proto` source nor a base64 `FileDescriptorProto`.
    #[error("cannot parse schema {file:?}{}: {}", At(.position), escape(.reason))]
    Parse {
        /// Name of the file.
        file: String,
        /// Position of the problem, if the schema is text and the problem has one.
        position: Option<Position>,
        /// The problem.
        reason: String,
    },
    /// The schema is written in a Protobuf edition; only proto2 and proto3 are understood.
    #[error(
        "schema {file:?} uses a Protobuf edition, which is not supported; write it as proto2 or proto3"
    )]
    Edition {
        /// Name of the file.
        file: String,
    },
    /// The schema is larger or nested deeper than accepted.
    #[error("schema {file:?} exceeds a limit: {limit}")]
    TooLarge {
        /// Name of the file.
        file: String,
        /// Which limit, and its value.
        limit: String,
    },
    /// The files do not fit together.
    #[error("cannot resolve schema {file:?}: {}", escape(.reason))]
    Resolve {
        /// Name of the file.
        file: String,
        /// What is missing or damaged.
        reason: String,
    },
    /// A file imports one that was not given and is not built in.
    #[error(
        "schema {file:?} imports {import:?}, which is neither given as a reference nor built in"
    )]
    MissingImport {
        /// Name of the importing file.
        file: String,
        /// The path imported.
        import: String,
    },
    /// Files import each other in a cycle.
    #[error("schemas import each other in a cycle: {}", escape(&.files.join(" -> ")))]
    ImportCycle {
        /// The cycle; its first and last file are the same.
        files: Vec<String>,
    },
    /// A set of schemas holds two files of one path.
    #[error("the set of schemas holds file {file:?} twice; a set has one file per import path")]
    DuplicateFile {
        /// The path.
        file: String,
    },
    /// Two files of a set of schemas define one name.
    #[error(
        "{name:?} is defined in {first:?} and in {second:?}; a set of schemas has one definition per name, so versions of a message need sets of their own"
    )]
    DuplicateName {
        /// Full name of the message, enum or service.
        name: String,
        /// The file that defines it first.
        first: String,
        /// The file that defines it again.
        second: String,
    },
    /// A name does not resolve against the file, what it imports and the built-ins.
    #[error("cannot resolve type {name:?} of {} in schema {file:?}", escape(.element))]
    UnresolvedType {
        /// Name of the file.
        file: String,
        /// The type's name as written.
        name: String,
        /// What refers to it: `field a.M.f`, `method a.S.Get`.
        element: String,
    },
    /// The file parses, but breaks a rule of the language.
    #[error("invalid schema {file:?}: {}{}", escape(.reason), In(.element))]
    Invalid {
        /// Name of the file.
        file: String,
        /// The rule and the name that breaks it.
        reason: String,
        /// The element that breaks it, if known: `field a.M.f`, `message a.M`.
        element: Option<String>,
    },
    /// The file declares no such message.
    #[error("{} declares no message {}", escape(.file), escape(.message))]
    NoMessage {
        /// Name of the file.
        file: String,
        /// Full name of the message.
        message: String,
    },
    /// A JSON value does not fit the message.
    #[error("JSON does not fit message {}{}: {}", escape(.message), AtPath(.path), escape(.reason))]
    Json {
        /// Full name of the message.
        message: String,
        /// Where in the value: `items[2].price`; empty for the whole.
        path: String,
        /// What is wrong there.
        reason: String,
    },
    /// The bytes are not a message of this type.
    #[error("not a message {}", escape(.message))]
    Decode {
        /// Full name of the message.
        message: String,
        /// What is wrong with the bytes.
        source: prost::DecodeError,
    },
    /// A message contains a value without a JSON form.
    #[error(
        "message {} cannot be printed as JSON{}: {}",
        escape(.message), AtPath(.path), escape(.reason)
    )]
    Print {
        /// Full name of the message.
        message: String,
        /// Where in the message: `items[2].due`; empty for the whole.
        path: String,
        /// The value, and why it has no JSON form.
        reason: String,
    },
    /// A file could not be written.
    #[error("cannot write {}", escape(&.path.to_string_lossy()))]
    Save {
        /// Path of the file.
        path: PathBuf,
        /// The error of the file system.
        source: std::io::Error,
    },
    /// A file exists already, with other content.
    #[error("{} exists with other content; remove it or save to another folder", escape(&.path.to_string_lossy()))]
    SaveConflict {
        /// Path of the file.
        path: PathBuf,
    },
    /// An import path leads out of the folder in which files are saved.
    #[error("cannot save a file with import path {name:?}: it leads out of the folder")]
    UnsafePath {
        /// The import path.
        name: String,
    },
    /// A schema built in code breaks rules of the Protobuf language.
    #[error(transparent)]
    Build(#[from] super::BuildError),
}

struct At<'a>(&'a Option<Position>);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(position) => write!(f, " at {position}"),
            None => Ok(()),
        }
    }
}

struct AtPath<'a>(&'a str);

impl fmt::Display for AtPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => Ok(()),
            path => write!(f, " at {}", escape(path)),
        }
    }
}

struct In<'a>(&'a Option<String>);

impl fmt::Display for In<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(element) => write!(f, " (at {})", escape(element)),
            None => Ok(()),
        }
    }
}
