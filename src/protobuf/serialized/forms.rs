//! Parses and returns the two forms of a schema: text, and a descriptor in base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost::Message;
use prost_types::FileDescriptorProto;
use prost_types::field_descriptor_proto::Type;

use super::opaque;
use crate::protobuf::compatibility::{Candidate, Declaration, Dependency, Types};
use crate::protobuf::model::elements::{edit_fields, edit_options};
use crate::protobuf::model::limits;
use crate::protobuf::options::{Target, encode};
use crate::protobuf::{Error, SchemaFile, builtin};

impl SchemaFile {
    /// Parses a schema in either form: `.proto` source, or base64 of a descriptor.
    /// `name` is the path by which other files import this one.
    ///
    /// # Errors
    /// Those of [`from_text`](Self::from_text) or [`from_base64`](Self::from_base64),
    /// depending on the form.
    pub fn parse(name: &str, schema: &str) -> Result<Self, Error> {
        Self::parse_with(name, schema, &[])
    }

    /// Like [`parse`](Self::parse), for a schema whose serialized form may have
    /// options defined in `dependencies`. Options that neither the schema, nor
    /// these, nor the built-in files define are dropped, as in Confluent's
    /// registry.
    ///
    /// # Errors
    /// Those of [`parse`](Self::parse).
    pub fn parse_with(name: &str, schema: &str, dependencies: &[Self]) -> Result<Self, Error> {
        if looks_like_base64(schema) {
            Self::from_base64_with(name, schema, dependencies)
        } else {
            Self::from_text(name, schema)
        }
    }

    /// Decodes base64 (standard alphabet, padded) of a `FileDescriptorProto`.
    ///
    /// # Errors
    /// [`Error::Parse`], [`Error::Edition`] or [`Error::TooLarge`].
    pub fn from_base64(name: &str, base64: &str) -> Result<Self, Error> {
        Self::from_base64_with(name, base64, &[])
    }

    fn from_base64_with(name: &str, base64: &str, dependencies: &[Self]) -> Result<Self, Error> {
        limits::check_len(name, base64.len())?;
        let bytes = STANDARD
            .decode(base64.trim_ascii())
            .map_err(|e| Error::Parse {
                file: name.to_owned(),
                position: None,
                reason: format!("not base64: {e}"),
            })?;
        Self::from_bytes_with(name, &bytes, dependencies)
    }

    /// Decodes a serialized `FileDescriptorProto`.
    ///
    /// # Errors
    /// [`Error::Parse`], [`Error::Edition`] or [`Error::TooLarge`].
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, Error> {
        Self::from_bytes_with(name, bytes, &[])
    }

    fn from_bytes_with(name: &str, bytes: &[u8], dependencies: &[Self]) -> Result<Self, Error> {
        let (file, has_unknown) = Self::decode(name, bytes, builtin::pool())?;
        if !has_unknown {
            return Ok(file);
        }
        let mut definitions = file.clone();
        edit_options(&mut definitions.proto, &mut |_, _, options| options.clear());
        match definitions.extended_pool(dependencies) {
            Some(pool) => Ok(Self::decode(name, bytes, &pool)?.0),
            None => Ok(file),
        }
    }

    /// Returns the serialized descriptor in base64, as registries do for
    /// `format=serialized`: file name `default`, type names as written. Fields have
    /// their type (message or enum) and options are encoded, as far as the schema
    /// itself and the built-in files define them;
    /// [`to_base64_with`](Self::to_base64_with) takes more files.
    pub fn to_base64(&self) -> String {
        self.to_base64_with(&[])
    }

    /// Like [`to_base64`](Self::to_base64), with the types and options that
    /// `dependencies` define.
    pub fn to_base64_with(&self, dependencies: &[Self]) -> String {
        let types = Types::new(&Candidate {
            dependencies: (dependencies.iter())
                .map(|file| Dependency {
                    name: file.name(),
                    file,
                })
                .collect(),
            ..Candidate::new(self)
        });
        let mut proto = self.proto.clone();
        set_types(&mut proto, &types);
        let pool = self.option_pool(dependencies);
        let encode = |target: Target, scope: &str, options: &[_]| {
            encode::encode(target, scope, options, &pool)
        };
        let mut file = opaque::File::write(&proto, "", &encode);
        file.name = Some("default".to_owned());
        STANDARD.encode(file.encode_to_vec())
    }
}

/// Sets the type of fields that name a message or an enum that `types` knows. Clients
/// that do not resolve names themselves read a field without a type as a `double`.
fn set_types(file: &mut FileDescriptorProto, types: &Types<'_>) {
    edit_fields(file, &mut |scope, field| {
        if let (None, Some(name)) = (field.r#type, &field.type_name)
            && let Some(found) = types.resolve(scope.to_owned(), name)
        {
            let declared = match found.info.declaration {
                Declaration::Enum => Type::Enum,
                Declaration::Message(_) | Declaration::MapEntry(_) => Type::Message,
            };
            field.r#type = Some(declared as i32);
        }
    });
}

/// Returns whether the schema, apart from white space at its ends, has only
/// base64 characters. Source text never does: its shortest statement has a `;` or
/// a space.
fn looks_like_base64(schema: &str) -> bool {
    let schema = schema.trim_ascii();
    !schema.is_empty()
        && schema
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))
}
