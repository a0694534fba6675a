//! The builder of files.

use super::file_head::{FileHead, Import};
use super::{ProtoEnum, ProtoMessage};

/// A `.proto` file built in code, with any number of messages and enums.
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
    pub(super) head: FileHead,
    pub(super) messages: Vec<ProtoMessage>,
    pub(super) enums: Vec<ProtoEnum>,
}

impl ProtoFile {
    /// Starts an empty file that others import as `name`: `shop/order.proto`.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            head: FileHead::new(name),
            messages: Vec::new(),
            enums: Vec::new(),
        }
    }

    /// Sets the package of all names in the file.
    #[must_use]
    pub fn package(mut self, package: impl Into<String>) -> Self {
        self.head.package = package.into();
        self
    }

    /// Imports another file together with the files that it needs.
    #[must_use]
    pub fn import(mut self, file: &(impl Import + ?Sized)) -> Self {
        self.head.import(file, false);
        self
    }

    /// Imports another file publicly: files that import this one see its names too.
    #[must_use]
    pub fn import_public(mut self, file: &(impl Import + ?Sized)) -> Self {
        self.head.import(file, true);
        self
    }

    /// Imports a built-in file, such as `google/protobuf/timestamp.proto`. A field that
    /// gives a built-in type by its full name imports that file automatically.
    #[must_use]
    pub fn import_builtin(mut self, path: impl Into<String>) -> Self {
        self.head.add_import(path, false);
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
}
