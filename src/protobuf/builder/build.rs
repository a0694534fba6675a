//! Builds a schema from a message or file builder.

use prost_reflect::{FieldDescriptor, FileDescriptor, Kind, MessageDescriptor};
use prost_types::FileDescriptorProto;

use super::file_head::Import;
use super::known_types::KnownTypes;
use super::message::own_file;
use super::problem::{BuildError, Problem, ProblemKind};
use super::{ProtoFile, ProtoMessage, check, emit};
use crate::protobuf::model::names::join;
use crate::protobuf::resolution::descriptors::imported_files;
use crate::protobuf::{DynamicSchema, Error, Form, SchemaFile};

impl ProtoMessage {
    /// Checks the message and builds its schema.
    ///
    /// # Errors
    /// Returns [`Error::Build`] with all problems.
    pub fn build(mut self) -> Result<DynamicSchema, Error> {
        let head = self.file.take().unwrap_or_else(|| own_file(&self.name));
        let name = self.name.clone();
        let file = ProtoFile {
            head,
            messages: vec![self],
            enums: Vec::new(),
        };
        file.build()?.schema(&name)
    }
}

impl ProtoFile {
    /// Checks and builds the file.
    ///
    /// # Errors
    /// Returns [`Error::Build`] with all problems.
    pub fn build(mut self) -> Result<BuiltFile, Error> {
        let mut problems = Vec::new();
        self.gather_dependencies(&mut problems);
        let types = KnownTypes::collect(&self);
        for import in types.implied_imports(&self) {
            self.head.add_import(import, false);
        }
        check::check(&self, &types, &mut problems);
        if problems.is_empty() {
            match sound(emit::emit(&self, &types), &self.head.available) {
                Ok(file) => {
                    return Ok(BuiltFile {
                        dependencies: imported_files(&file, &self.head.available),
                        file,
                    });
                }
                Err(reason) => problems.push(Problem {
                    element: format!("file {:?}", self.head.name),
                    kind: ProblemKind::Unresolved(reason),
                }),
            }
        }
        Err(Error::Build(BuildError {
            file: self.head.name,
            problems,
        }))
    }

    /// Removes duplicates among the available files.
    fn gather_dependencies(&mut self, problems: &mut Vec<Problem>) {
        let mut unique: Vec<SchemaFile> = Vec::with_capacity(self.head.available.len());
        for file in self.head.available.drain(..) {
            match unique.iter().find(|known| known.name() == file.name()) {
                None => unique.push(file),
                Some(known) if *known == file => {}
                Some(_) => problems.push(Problem {
                    element: format!("file {:?}", self.head.name),
                    kind: ProblemKind::TwoFiles(file.name().to_owned()),
                }),
            }
        }
        self.head.available = unique;
    }
}

/// Returns the model that parsing the printed text gives. Fails if the text does not
/// parse, or has another meaning than the built file.
fn sound(proto: FileDescriptorProto, available: &[SchemaFile]) -> Result<SchemaFile, String> {
    let built = SchemaFile::from_descriptor(proto, Form::Text);
    let text = built.to_text();
    let read = SchemaFile::from_text(built.name(), &text).map_err(|error| error.to_string())?;
    let before = built.resolve(available).map_err(|e| e.to_string())?;
    let after = read.resolve(available).map_err(|e| e.to_string())?;
    if read.to_text() != text || !same_messages(&before, &after) {
        return Err("its text has another meaning than the built file".to_owned());
    }
    Ok(read)
}

/// Returns whether both files have the same messages and fields, regardless of
/// the order of fields.
fn same_messages(a: &FileDescriptor, b: &FileDescriptor) -> bool {
    fn same(a: &MessageDescriptor, b: &MessageDescriptor) -> bool {
        a.full_name() == b.full_name()
            && a.fields().len() == b.fields().len()
            && a.fields().all(|field| {
                b.get_field(field.number()).is_some_and(|other| {
                    let kind = |field: &FieldDescriptor| match field.kind() {
                        Kind::Message(message) => message.full_name().to_owned(),
                        Kind::Enum(item) => item.full_name().to_owned(),
                        scalar => format!("{scalar:?}"),
                    };
                    let oneof = |field: &FieldDescriptor| {
                        field.containing_oneof().map(|o| o.full_name().to_owned())
                    };
                    field.name() == other.name()
                        && field.json_name() == other.json_name()
                        && field.cardinality() == other.cardinality()
                        && field.supports_presence() == other.supports_presence()
                        && kind(&field) == kind(&other)
                        && oneof(&field) == oneof(&other)
                })
            })
            && all_same(a.child_messages(), b.child_messages())
    }
    fn all_same(
        a: impl ExactSizeIterator<Item = MessageDescriptor>,
        b: impl ExactSizeIterator<Item = MessageDescriptor>,
    ) -> bool {
        a.len() == b.len() && a.zip(b).all(|(a, b)| same(&a, &b))
    }
    all_same(a.messages(), b.messages())
}

/// A `.proto` file built in code.
#[derive(Clone, Debug)]
pub struct BuiltFile {
    file: SchemaFile,
    dependencies: Vec<SchemaFile>,
}

impl BuiltFile {
    /// Returns the file itself.
    pub fn file(&self) -> &SchemaFile {
        &self.file
    }

    /// Returns the files that it imports, directly or not, except for built-in ones.
    pub fn dependencies(&self) -> &[SchemaFile] {
        &self.dependencies
    }

    /// Returns the schema of one of its messages, `Outer.Inner` for a nested one. The
    /// name may begin with the package.
    ///
    /// # Errors
    /// [`Error::NoMessage`] if there is no such message.
    pub fn schema(&self, message: &str) -> Result<DynamicSchema, Error> {
        let full_name = join(self.file.package(), message);
        match self.file.message_indexes(&full_name) {
            Some(_) => DynamicSchema::new(self.file.clone(), &full_name, &self.dependencies),
            None => DynamicSchema::new(self.file.clone(), message, &self.dependencies),
        }
    }
}

impl Import for BuiltFile {
    fn imported_file(&self) -> &SchemaFile {
        &self.file
    }

    fn imported_dependencies(&self) -> &[SchemaFile] {
        &self.dependencies
    }
}
