use std::fmt::Debug;
use std::path::{Path, PathBuf};

use prost_reflect::MessageDescriptor;
use serde_json::Value;

use super::builtin::{self, is_builtin};
use super::{Error, SchemaFile, write_files};
use crate::wire_format::MessageIndexes;

/// How messages are printed as JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JsonOptions {
    /// Whether fields that hold their default value and have no presence of
    /// their own (no `optional`, no oneof, no message) are printed. Off, as in
    /// Protobuf's canonical mapping.
    pub print_defaults: bool,
}

impl JsonOptions {
    /// Sets [`print_defaults`](Self::print_defaults).
    #[must_use]
    pub fn print_defaults(mut self, yes: bool) -> Self {
        self.print_defaults = yes;
        self
    }
}

/// One message type of one schema, with everything that writing and reading it
/// takes, however it came about: built in code or from text
/// ([`DynamicSchema`](super::DynamicSchema)), or compiled beforehand
/// ([`CompiledSchema`](super::CompiledSchema)).
///
/// JSON is Protobuf's canonical mapping with the fields' names as in the
/// `.proto` file: 64-bit integers, bytes (base64) and non-finite floats are
/// strings, defaults without presence are left out. Reading also takes the
/// camel-case names. All implementations give equal JSON for equal bytes, and
/// equal bytes for equal JSON.
pub trait ProtoSchema: Debug + Send + Sync {
    /// The file that declares the message, as it gets registered.
    fn file(&self) -> &SchemaFile;

    /// Text of [`file`](Self::file).
    fn schema_text(&self) -> &str;

    /// The message type with all names resolved.
    fn descriptor(&self) -> &MessageDescriptor;

    /// Where in its file the message stands, as the envelope carries it.
    fn message_indexes(&self) -> &MessageIndexes;

    /// All files that [`file`](Self::file) imports, directly or not, each after
    /// those it imports itself. Built-in files, which every registry knows, are
    /// left out.
    fn dependencies(&self) -> &[SchemaFile];

    /// Appends the message that `json` describes to `buffer`, which on error is
    /// as it was.
    ///
    /// # Errors
    /// [`Error::Json`], which names the field, if `json` does not fit the
    /// message: a field it does not have, a value of another type.
    fn serialize_into(&self, json: &Value, buffer: &mut Vec<u8>) -> Result<(), Error>;

    /// The message in `bytes` as JSON.
    ///
    /// # Errors
    /// [`Error::Decode`] if `bytes` is no such message; [`Error::Print`] if it
    /// holds a value without a JSON form, as a timestamp in the year 10000.
    fn deserialize_with(&self, bytes: &[u8], options: JsonOptions) -> Result<Value, Error>;

    /// The message that `json` describes.
    ///
    /// # Errors
    /// As [`serialize_into`](Self::serialize_into).
    fn serialize(&self, json: &Value) -> Result<Vec<u8>, Error> {
        // Room for most messages, so that it seldom has to grow.
        let mut buffer = Vec::with_capacity(128);
        self.serialize_into(json, &mut buffer)?;
        Ok(buffer)
    }

    /// The message in `bytes` as JSON, defaults left out.
    ///
    /// # Errors
    /// As [`deserialize_with`](Self::deserialize_with).
    fn deserialize(&self, bytes: &[u8]) -> Result<Value, Error> {
        self.deserialize_with(bytes, JsonOptions::default())
    }

    /// Short name of the message: `MyRecord`.
    fn name(&self) -> &str {
        self.descriptor().name()
    }

    /// Name with package and enclosing messages: `com.acme.MyRecord`.
    fn full_name(&self) -> &str {
        self.descriptor().full_name()
    }

    /// Path by which other files import this one.
    fn file_name(&self) -> &str {
        self.file().name()
    }

    /// The direct imports that are registered as references of this schema:
    /// all but the built-in files.
    fn reference_names(&self) -> Vec<&str> {
        let imports = self.file().imports();
        imports.filter(|import| !is_builtin(import)).collect()
    }

    /// Writes this schema's file and its dependencies below `folder`, each
    /// under its import path, so that `protoc -I folder` finds them. Built-in
    /// files that protoc does not bring along are written, too. Folders are
    /// created. Returns the files' paths, dependencies first.
    ///
    /// # Errors
    /// [`Error::SaveConflict`] if a file is there already with other content
    /// (nothing is overwritten), [`Error::UnsafePath`] if an import path leads
    /// out of `folder`, [`Error::Save`] if the file system refuses.
    fn save_schema(&self, folder: &Path) -> Result<Vec<PathBuf>, Error> {
        let mut files: Vec<&SchemaFile> = Vec::new();
        let own = self.dependencies().iter().chain([self.file()]);
        for import in own.clone().flat_map(SchemaFile::imports) {
            for builtin in builtin::with_imports(import) {
                let brought_along = builtin.name().starts_with("google/protobuf/");
                if !brought_along && !files.contains(&builtin) {
                    files.push(builtin);
                }
            }
        }
        files.extend(own);
        let files: Vec<_> = files
            .into_iter()
            .map(|file| (file.name(), file.to_text()))
            .collect();
        write_files::save(folder, &files)
    }
}
