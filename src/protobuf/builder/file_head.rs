//! Name, package and imports of a file builder.

use crate::protobuf::{ProtoSchema, SchemaFile};

/// Something that a file can import.
pub trait Import {
    /// Returns the file to import.
    fn imported_file(&self) -> &SchemaFile;

    /// Returns the files that it needs itself, directly or not, except for built-in
    /// ones.
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

/// The properties of a file besides its messages and enums.
#[derive(Clone, Debug)]
pub(super) struct FileHead {
    pub(super) name: String,
    pub(super) package: String,
    pub(super) imports: Vec<ImportLine>,
    /// The imported files and those that they need.
    pub(super) available: Vec<SchemaFile>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct ImportLine {
    pub(super) path: String,
    pub(super) public: bool,
}

impl FileHead {
    pub(super) fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            package: String::new(),
            imports: Vec::new(),
            available: Vec::new(),
        }
    }

    /// Imports another file and the files that it imports.
    pub(super) fn import(&mut self, file: &(impl Import + ?Sized), public: bool) {
        let imported = file.imported_file();
        self.add_import(imported.name(), public);
        self.available
            .extend_from_slice(file.imported_dependencies());
        self.available.push(imported.clone());
    }

    pub(super) fn add_import(&mut self, path: impl Into<String>, public: bool) {
        self.imports.push(ImportLine {
            path: path.into(),
            public,
        });
    }
}
