//! Message types as a library user derives them, with the schemas in `schemas/`.
#![allow(dead_code)]

use std::sync::{Arc, OnceLock};

use cc_protobuf_examples::protobuf::{CompiledMessage, CompiledSchema, Error, SchemaFile};
use prost::{Message, Name};

/// Implements a type's name and schema.
macro_rules! message {
    ($type:ident in $package:literal of $file:literal $(importing $import:literal)?) => {
        impl Name for $type {
            const NAME: &'static str = stringify!($type);
            const PACKAGE: &'static str = $package;
        }

        impl CompiledMessage for $type {
            fn schema() -> Result<Arc<CompiledSchema<Self>>, Error> {
                static SCHEMA: OnceLock<Arc<CompiledSchema<$type>>> = OnceLock::new();
                let text = include_str!(concat!("../../schemas/", $file));
                let imports = [$((
                    $import,
                    include_str!(concat!("../../schemas/", $import)),
                ))?];
                let imports: [(&str, &str); _] = imports;
                let imports = imports.map(|(name, text)| SchemaFile::from_text(name, text).unwrap());
                let schema = CompiledSchema::from_text($file, text, &imports)?;
                Ok(SCHEMA.get_or_init(|| Arc::new(schema)).clone())
            }
        }
    };
}

#[derive(Clone, Copy, PartialEq, Message)]
pub struct OtherRecord {
    #[prost(int32, tag = "1")]
    pub other_id: i32,
}
message!(OtherRecord in "com.acme" of "other.proto");

#[derive(Clone, PartialEq, Message)]
pub struct MyRecord {
    #[prost(string, tag = "1")]
    pub f1: String,
    #[prost(message, optional, tag = "2")]
    pub f2: Option<OtherRecord>,
}
message!(MyRecord in "com.acme" of "MyRecord.proto" importing "other.proto");

#[derive(Clone, PartialEq, Message)]
pub struct SensitiveRecord {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(string, tag = "3")]
    pub ssn: String,
    #[prost(string, tag = "4")]
    pub email: String,
    #[prost(float, tag = "5")]
    pub amount: f32,
}
message!(SensitiveRecord in "" of "SensitiveRecord.proto");

/// A message before a field is added.
pub mod v1 {
    use super::*;

    #[derive(Clone, PartialEq, Message)]
    pub struct MyRecord {
        #[prost(string, tag = "1")]
        pub id: String,
        #[prost(float, tag = "2")]
        pub amount: f32,
    }
    message!(MyRecord in "" of "evolution/MyRecord_v1.proto");
}

/// The same message with the added field.
pub mod v2 {
    use super::*;

    #[derive(Clone, PartialEq, Message)]
    pub struct MyRecord {
        #[prost(string, tag = "1")]
        pub id: String,
        #[prost(float, tag = "2")]
        pub amount: f32,
        #[prost(string, tag = "3")]
        pub customer_id: String,
    }
    message!(MyRecord in "" of "evolution/MyRecord_v2.proto");
}
