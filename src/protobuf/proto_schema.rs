//! [`ProtoSchema`], the trait that all schemas implement.

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use prost_reflect::MessageDescriptor;
use serde_json::Value;

use super::builtin::{self, is_builtin};
use super::{Error, JsonCodec, JsonInput, JsonOptions, SchemaDigest, SchemaFile, write_files};
use crate::wire_format::MessageIndexes;

/// A schema together with the one message type in it that you write or read.
/// [`DynamicSchema`](super::DynamicSchema) is built in code or parsed from text,
/// [`CompiledSchema`](super::CompiledSchema) belongs to a prost type.
///
/// JSON is Protobuf's canonical mapping with the fields' names as in the
/// `.proto` file: 64-bit integers, bytes (base64) and non-finite floats are
/// strings, defaults without presence are left out. Reading also takes the
/// camel-case names. All implementations give equal JSON for equal bytes, and
/// equal bytes for equal JSON.
pub trait ProtoSchema: Debug + Send + Sync {
    /// Returns the file that declares the message, as it is registered.
    fn file(&self) -> &SchemaFile;

    /// Returns the text of [`file`](Self::file).
    fn schema_text(&self) -> &str;

    /// Returns the message type with all names resolved.
    fn descriptor(&self) -> &MessageDescriptor;

    /// Returns the position of the message in its file, for the record's envelope.
    fn message_indexes(&self) -> &MessageIndexes;

    /// Returns all files that [`file`](Self::file) imports, directly or not, each
    /// after those it imports. Built-in files, which every registry knows, are left
    /// out.
    fn dependencies(&self) -> &[SchemaFile];

    /// Returns the digest by which the serializer recognises the schema.
    fn digest(&self) -> SchemaDigest;

    /// Returns the codec that converts the message between bytes and JSON.
    fn json(&self) -> &JsonCodec;

    /// Appends the message that `json`, a value or text, describes to `buffer`. On
    /// error, `buffer` is unchanged.
    ///
    /// # Errors
    /// [`Error::Json`], which names the field, if `json` does not fit the
    /// message: a field it does not have, a value of another type.
    fn serialize_from(
        &self,
        json: JsonInput<'_>,
        options: JsonOptions,
        buffer: &mut Vec<u8>,
    ) -> Result<(), Error>;

    /// Appends the message that `json` describes to `buffer`. On error, `buffer` is
    /// unchanged.
    ///
    /// # Errors
    /// As [`serialize_from`](Self::serialize_from).
    fn serialize_into(&self, json: &Value, buffer: &mut Vec<u8>) -> Result<(), Error> {
        self.serialize_from(json.into(), JsonOptions::default(), buffer)
    }

    /// Returns the message in `bytes` as JSON.
    ///
    /// # Errors
    /// [`Error::Decode`] if `bytes` is not such a message; [`Error::Print`] if it
    /// contains a value without a JSON form, such as a timestamp in the year 10000.
    fn deserialize_with(&self, bytes: &[u8], options: JsonOptions) -> Result<Value, Error> {
        self.json().print(bytes, options)
    }

    /// Appends the message in `bytes` as JSON text to `text`. On error,
    /// `text` is unchanged.
    ///
    /// # Errors
    /// As [`deserialize_with`](Self::deserialize_with).
    fn deserialize_text(
        &self,
        bytes: &[u8],
        options: JsonOptions,
        text: &mut String,
    ) -> Result<(), Error> {
        self.json().print_text(bytes, options, text)
    }

    /// Returns the bytes of the message that `json` describes.
    ///
    /// # Errors
    /// As [`serialize_from`](Self::serialize_from).
    fn serialize(&self, json: &Value) -> Result<Vec<u8>, Error> {
        // Large enough for most messages.
        let mut buffer = Vec::with_capacity(128);
        self.serialize_into(json, &mut buffer)?;
        Ok(buffer)
    }

    /// Returns the message in `bytes` as JSON, without fields that hold their default.
    ///
    /// # Errors
    /// As [`deserialize_with`](Self::deserialize_with).
    fn deserialize(&self, bytes: &[u8]) -> Result<Value, Error> {
        self.deserialize_with(bytes, JsonOptions::default())
    }

    /// Returns the short name of the message: `MyRecord`.
    fn name(&self) -> &str {
        self.descriptor().name()
    }

    /// Returns the name with package and enclosing messages: `com.acme.MyRecord`.
    fn full_name(&self) -> &str {
        self.descriptor().full_name()
    }

    /// Returns the path by which other files import this one.
    fn file_name(&self) -> &str {
        self.file().name()
    }

    /// Returns the direct imports that are registered as references of this schema:
    /// all but the built-in files.
    fn reference_names(&self) -> Vec<&str> {
        let imports = self.file().imports();
        imports.filter(|import| !is_builtin(import)).collect()
    }

    /// Writes this schema's file and its dependencies below `folder`, each
    /// under its import path, so that `protoc -I folder` finds them. Built-in
    /// files that protoc does not ship are written too. Missing folders are
    /// created. Returns the paths of the files, dependencies first.
    ///
    /// # Errors
    /// [`Error::SaveConflict`] if a file exists with other content
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
