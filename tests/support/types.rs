//! Message types as a library user derives them, with the schemas in `schemas/`.
#![allow(dead_code)]

use cc_protobuf_examples::protobuf::{CompiledSchema, Error, Schemas};
use prost::{Message, Name};

/// The files of `schemas/` that the types below are written after.
pub fn schemas() -> Result<Schemas, Error> {
    Schemas::from_texts([
        (
            "MyRecord.proto",
            include_str!("../../schemas/MyRecord.proto"),
        ),
        ("other.proto", include_str!("../../schemas/other.proto")),
    ])
}

/// A type with the schema that a test uses for it.
pub trait HasSchema: Message + Name + Default {
    fn schema() -> Result<CompiledSchema<Self>, Error>;
}

/// Gives a type its name and its schema.
macro_rules! message {
    ($type:ident in $package:literal of $($file:literal)+) => {
        impl Name for $type {
            const NAME: &'static str = stringify!($type);
            const PACKAGE: &'static str = $package;
        }

        impl HasSchema for $type {
            fn schema() -> Result<CompiledSchema<Self>, Error> {
                Schemas::from_texts([
                    $(($file, include_str!(concat!("../../schemas/", $file)))),+
                ])?
                .compiled()
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
message!(MyRecord in "com.acme" of "MyRecord.proto" "other.proto");

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
