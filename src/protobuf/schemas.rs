//! The set of schemas that a program was built with.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use prost::Name;
use prost_reflect::DescriptorPool;
use prost_types::FileDescriptorProto;

use super::model::elements::{Element, elements};
use super::serialized::descriptor_set;
use super::{CompiledSchema, DynamicSchema, Error, SchemaFile};

/// A set of `.proto` files, in which message types are found by name. Clones share
/// the files.
///
/// A set has one file per import path and one definition per full name. Two versions of
/// a message need two sets.
///
/// ```
/// use cc_protobuf_examples::protobuf::{ProtoSchema, Schemas};
///
/// let schemas = Schemas::from_texts([
///     ("shop/order.proto", r#"
///         syntax = "proto3";
///         package shop;
///         import "shop/money.proto";
///         message Order { shop.Money price = 1; }
///     "#),
///     ("shop/money.proto", r#"
///         syntax = "proto3";
///         package shop;
///         message Money { int64 cents = 1; }
///     "#),
/// ])?;
/// let order = schemas.dynamic("shop.Order")?;
/// assert_eq!(order.reference_names(), ["shop/money.proto"]);
/// # Ok::<(), cc_protobuf_examples::protobuf::Error>(())
/// ```
///
/// A program whose build script compiles its files can embed their descriptors:
///
/// ```text
/// Schemas::from_descriptor_set(include_bytes!(concat!(env!("OUT_DIR"), "/schemas.bin")))?
/// ```
#[derive(Clone)]
pub struct Schemas {
    inner: Arc<Inner>,
}

struct Inner {
    files: Vec<SchemaFile>,
    /// Full name of each definition → position of its file in `files`.
    defined_in: HashMap<String, usize>,
    /// The descriptors, if the set was created from them. Otherwise each message
    /// resolves its own file.
    pool: Option<DescriptorPool>,
}

impl Schemas {
    /// Creates a set from a serialized `google.protobuf.FileDescriptorSet`, as protox,
    /// buf or `protoc --include_imports -o` writes it. It must contain all imports
    /// except built-in files. Pass the compiler's bytes unchanged: if `prost-types`
    /// decodes and encodes a set, custom options, including field tags, are lost.
    ///
    /// # Errors
    /// [`Error::Resolve`] if the set is damaged, lacks an import, or lost its custom
    /// options; [`Error::DuplicateFile`] or [`Error::DuplicateName`] if two files
    /// contradict each other.
    pub fn from_descriptor_set(set: &[u8]) -> Result<Self, Error> {
        // Checked first, because the pool's errors about duplicates name only one file.
        defined_in(descriptor_set::protos(set)?.iter())?;
        let pool = descriptor_set::pool(set)?;
        Self::new(descriptor_set::files(&pool)?, Some(pool))
    }

    /// Creates a set from pairs of import path and `.proto` source. Built-in files may
    /// be omitted.
    ///
    /// # Errors
    /// [`Error::Parse`] and those of [`from_files`](Self::from_files).
    pub fn from_texts<N, T>(files: impl IntoIterator<Item = (N, T)>) -> Result<Self, Error>
    where
        N: AsRef<str>,
        T: AsRef<str>,
    {
        let files = files
            .into_iter()
            .map(|(name, text)| SchemaFile::from_text(name.as_ref(), text.as_ref()));
        Self::from_files(files.collect::<Result<_, _>>()?)
    }

    /// Creates a set from files. Built-in files may be omitted.
    ///
    /// # Errors
    /// Those of [`SchemaFile::resolve`]; [`Error::DuplicateFile`] or
    /// [`Error::DuplicateName`] if two files contradict each other.
    pub fn from_files(files: Vec<SchemaFile>) -> Result<Self, Error> {
        let schemas = Self::new(files, None)?;
        let files = &schemas.inner.files;
        files
            .iter()
            .try_for_each(|file| file.resolve(files).map(drop))?;
        Ok(schemas)
    }

    fn new(files: Vec<SchemaFile>, pool: Option<DescriptorPool>) -> Result<Self, Error> {
        let defined_in = defined_in(files.iter().map(SchemaFile::proto))?;
        let inner = Inner {
            files,
            defined_in,
            pool,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Returns the schema of prost type `M`, found by its
    /// [`full_name`](prost::Name::full_name).
    ///
    /// # Errors
    /// [`Error::NoMessage`] if no file of the set declares the message.
    pub fn compiled<M: Name>(&self) -> Result<CompiledSchema<M>, Error> {
        self.dynamic(&M::full_name()).map(CompiledSchema::of)
    }

    /// Returns the schema of the message with this full name.
    ///
    /// # Errors
    /// [`Error::NoMessage`] if no file of the set declares the message.
    pub fn dynamic(&self, full_name: &str) -> Result<DynamicSchema, Error> {
        let Inner {
            files,
            defined_in,
            pool,
        } = &*self.inner;
        let file = defined_in.get(full_name).and_then(|at| files.get(*at));
        let Some(file) = file.cloned() else {
            let names: Vec<_> = files.iter().map(SchemaFile::name).collect();
            return Err(Error::NoMessage {
                file: format!("the set of schemas ({})", names.join(", ")),
                message: full_name.to_owned(),
            });
        };
        match pool {
            Some(pool) => {
                let descriptor = pool.get_message_by_name(full_name);
                DynamicSchema::with_descriptor(file, full_name, files, descriptor)
            }
            None => DynamicSchema::new(file, full_name, files),
        }
    }

    /// Returns the files.
    pub fn files(&self) -> &[SchemaFile] {
        &self.inner.files
    }
}

/// Returns which file defines each message, enum and service.
fn defined_in<'a>(
    files: impl Iterator<Item = &'a FileDescriptorProto>,
) -> Result<HashMap<String, usize>, Error> {
    let mut paths = Vec::new();
    let mut defined_in: HashMap<String, usize> = HashMap::new();
    for (at, file) in files.enumerate() {
        if paths.contains(&file.name()) {
            return Err(Error::DuplicateFile {
                file: file.name().to_owned(),
            });
        }
        paths.push(file.name());
        for (name, element) in elements(file) {
            if !matches!(
                element,
                Element::Message(_) | Element::Enum(_) | Element::Service(_)
            ) {
                continue;
            }
            let first = defined_in.insert(name.to_string(), at);
            // The compiler or the parser has checked duplicates within a file.
            if let Some(first) = first.filter(|first| *first != at) {
                return Err(Error::DuplicateName {
                    name: name.to_string(),
                    first: paths.get(first).copied().unwrap_or_default().to_owned(),
                    second: file.name().to_owned(),
                });
            }
        }
    }
    Ok(defined_in)
}

impl fmt::Debug for Schemas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.inner.files.iter().map(SchemaFile::name);
        f.write_str("Schemas ")?;
        f.debug_list().entries(names).finish()
    }
}
