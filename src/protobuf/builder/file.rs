use prost_reflect::{FieldDescriptor, FileDescriptor, Kind, MessageDescriptor};
use prost_types::FileDescriptorProto;

use super::problem::{BuildError, Problem, ProblemKind};
use super::types::Types;
use super::{ProtoEnum, ProtoMessage, check, emit};
use crate::protobuf::message_schema::closure;
use crate::protobuf::{DynamicSchema, Error, Form, ProtoSchema, SchemaFile};

/// What a file can import.
pub trait Import {
    /// The file to import.
    fn imported_file(&self) -> &SchemaFile;

    /// The files it needs itself, directly or not; built-in ones left out.
    fn imported_dependencies(&self) -> &[SchemaFile];
}

impl<S: ProtoSchema + ?Sized> Import for S {
    fn imported_file(&self) -> &SchemaFile {
        self.file()
    }

    fn imported_dependencies(&self) -> &[SchemaFile] {
        self.dependencies()
    }
}

/// A file that imports nothing but built-in files.
impl Import for SchemaFile {
    fn imported_file(&self) -> &SchemaFile {
        self
    }

    fn imported_dependencies(&self) -> &[SchemaFile] {
        &[]
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

/// A `.proto` file in the making, with any number of messages and enums.
///
/// ```
/// use cc_protobuf_examples::protobuf::{ProtoEnum, ProtoField, ProtoFile, ProtoMessage};
///
/// let shop = ProtoFile::new("shop/order.proto")
///     .package("shop")
///     .enumeration(ProtoEnum::new("State").value("OPEN", 0).value("SENT", 1))
///     .message(
///         ProtoMessage::new("Order")
///             .field(ProtoField::enumeration("state", "State", 1))
///             .field(ProtoField::message("placed", "google.protobuf.Timestamp", 2))
///             .field(ProtoField::message("lines", "Line", 3).repeated())
///             .message(ProtoMessage::new("Line").field(ProtoField::string("sku", 1))),
///     )
///     .build()?;
/// let order = shop.schema("Order")?;
/// let line = shop.schema("Order.Line")?;
/// # Ok::<(), cc_protobuf_examples::protobuf::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ProtoFile {
    pub(super) name: String,
    pub(super) package: String,
    pub(super) imports: Vec<ImportLine>,
    /// The files imported and what they need.
    pub(super) available: Vec<SchemaFile>,
    pub(super) messages: Vec<ProtoMessage>,
    pub(super) enums: Vec<ProtoEnum>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct ImportLine {
    pub(super) path: String,
    pub(super) public: bool,
}

impl ProtoFile {
    /// An empty file that others import as `name`: `shop/order.proto`.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            package: String::new(),
            imports: Vec::new(),
            available: Vec::new(),
            messages: Vec::new(),
            enums: Vec::new(),
        }
    }

    /// Package of all names in the file.
    #[must_use]
    pub fn package(mut self, package: impl Into<String>) -> Self {
        self.package = package.into();
        self
    }

    /// Imports another file. What it imports itself comes along.
    #[must_use]
    pub fn import(self, file: &(impl Import + ?Sized)) -> Self {
        self.add_import(file, false)
    }

    /// Imports another file; whoever imports this one sees its names, too.
    #[must_use]
    pub fn import_public(self, file: &(impl Import + ?Sized)) -> Self {
        self.add_import(file, true)
    }

    fn add_import(mut self, file: &(impl Import + ?Sized), public: bool) -> Self {
        let imported = file.imported_file();
        self.imports.push(ImportLine {
            path: imported.name().to_owned(),
            public,
        });
        self.available
            .extend_from_slice(file.imported_dependencies());
        self.available.push(imported.clone());
        self
    }

    /// Imports a built-in file, such as `google/protobuf/timestamp.proto`. Not
    /// needed for fields that give a built-in type by its full name: those
    /// import its file by themselves.
    #[must_use]
    pub fn import_builtin(mut self, path: impl Into<String>) -> Self {
        self.imports.push(ImportLine {
            path: path.into(),
            public: false,
        });
        self
    }

    /// Adds a message.
    #[must_use]
    pub fn message(mut self, message: ProtoMessage) -> Self {
        self.messages.push(message);
        self
    }

    /// Adds an enum.
    #[must_use]
    pub fn enumeration(mut self, enumeration: ProtoEnum) -> Self {
        self.enums.push(enumeration);
        self
    }

    /// Checks the file and makes it.
    ///
    /// # Errors
    /// [`Error::Build`] with everything that is wrong.
    pub fn build(mut self) -> Result<BuiltFile, Error> {
        let mut problems = Vec::new();
        self.gather_dependencies(&mut problems);
        let types = Types::collect(&self);
        for import in types.implied_imports(&self) {
            self.imports.push(ImportLine {
                path: import,
                public: false,
            });
        }
        check::check(&self, &types, &mut problems);
        if problems.is_empty() {
            match sound(emit::emit(&self, &types), &self.available) {
                Ok(file) => {
                    return Ok(BuiltFile {
                        dependencies: closure(&file, &self.available),
                        file,
                    });
                }
                Err(reason) => problems.push(Problem {
                    element: format!("file {:?}", self.name),
                    kind: ProblemKind::Unresolved(reason),
                }),
            }
        }
        Err(Error::Build(BuildError {
            file: self.name,
            problems,
        }))
    }

    /// Leaves each file once among those available.
    fn gather_dependencies(&mut self, problems: &mut Vec<Problem>) {
        let mut unique: Vec<SchemaFile> = Vec::with_capacity(self.available.len());
        for file in self.available.drain(..) {
            match unique.iter().find(|known| known.name() == file.name()) {
                None => unique.push(file),
                Some(known) if *known == file => {}
                Some(_) => problems.push(Problem {
                    element: format!("file {:?}", self.name),
                    kind: ProblemKind::TwoFiles(file.name().to_owned()),
                }),
            }
        }
        self.available = unique;
    }
}

/// The model of what was built, as everyone gets it who reads its text; or why
/// the text does not mean what was built, or means nothing.
fn sound(proto: FileDescriptorProto, available: &[SchemaFile]) -> Result<SchemaFile, String> {
    let built = SchemaFile::from_descriptor(proto, Form::Text);
    let text = built.to_text();
    let read = SchemaFile::from_text(built.name(), &text).map_err(|error| error.to_string())?;
    let before = built.resolve(available).map_err(|e| e.to_string())?;
    let after = read.resolve(available).map_err(|e| e.to_string())?;
    if read.to_text() != text || !same_messages(&before, &after) {
        return Err("its text means something else than what was built".to_owned());
    }
    Ok(read)
}

/// Whether both files have the same messages and fields, in whatever order.
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
    /// The file itself.
    pub fn file(&self) -> &SchemaFile {
        &self.file
    }

    /// The files it imports, directly or not; built-in ones left out.
    pub fn dependencies(&self) -> &[SchemaFile] {
        &self.dependencies
    }

    /// The schema of one of its messages, `Outer.Inner` for a nested one. The
    /// name may have the package in front.
    ///
    /// # Errors
    /// [`Error::NoMessage`] if there is no such message.
    pub fn schema(&self, message: &str) -> Result<DynamicSchema, Error> {
        let package = self.file.proto().package();
        let full_name = format!(
            "{package}{}{message}",
            if package.is_empty() { "" } else { "." }
        );
        match self.file.message_indexes(&full_name) {
            Some(_) => DynamicSchema::new(self.file.clone(), &full_name, &self.dependencies),
            None => DynamicSchema::new(self.file.clone(), message, &self.dependencies),
        }
    }
}
