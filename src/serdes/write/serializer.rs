//! The serializer.

use std::any::TypeId;
use std::sync::Arc;

use prost::{Message, Name};
use prost_reflect::DynamicMessage;

use super::bound::Bound;
use super::planner::{MessageKey, WritePlanner, type_with};
use crate::protobuf::{CompiledSchema, JsonInput, ProtoSchema};
use crate::schema_registry::Client;
use crate::serdes::destination::Destination;
use crate::serdes::error::{Error, ErrorKind};
use crate::serdes::now_or_later::now_or_later;
use crate::serdes::options::{SchemaIdIn, SerializerOptions};

/// Turns values into records that every Confluent deserializer can read.
///
/// [`serialize`](Self::serialize) takes a prost type and finds its schema in
/// [`SerializerOptions::schemas`]. Every other call brings the schema of its value:
/// a prost type, a [`DynamicMessage`], JSON, or an encoded message. Clones share
/// plans and caches.
///
/// The schema id stands in front of the payload. To send it in a record header, use
/// a [`RecordSerializer`](super::record_serializer::RecordSerializer).
///
/// ```
/// # #[cfg(feature = "embedded")]
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use cc_protobuf_examples::protobuf::Schemas;
/// use cc_protobuf_examples::schema_registry::Client;
/// use cc_protobuf_examples::serdes::{Destination, Serializer, SerializerOptions};
///
/// #[derive(Clone, PartialEq, prost::Message)]
/// struct Order {
///     #[prost(string, tag = "1")]
///     id: String,
/// }
/// impl prost::Name for Order {
///     const PACKAGE: &'static str = "shop";
///     const NAME: &'static str = "Order";
/// }
///
/// # let server = cc_protobuf_examples::embedded::registry::EmbeddedRegistry::start().await?;
/// # let url = server.url();
/// let text = r#"syntax = "proto3"; package shop; message Order { string id = 1; }"#;
/// let schemas = Schemas::from_texts([("order.proto", text)])?;
/// let registry = Client::builder(url).build()?;
/// let serializer = Serializer::new(registry, SerializerOptions::new().schemas(schemas))?;
///
/// let order = Order { id: "o-1".to_owned() };
/// let value = serializer.serialize("orders", &order).await?;
/// let key = serializer.serialize(Destination::key("orders"), &order).await?;
/// assert_eq!(value, key);
///
/// // For many messages, prepare once.
/// let orders = serializer.bind::<Order>("orders").await?;
/// assert_eq!(orders.serialize(&order).await?, value);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "embedded"))]
/// # fn main() {}
/// ```
#[derive(Clone)]
pub struct Serializer {
    inner: Arc<WritePlanner>,
}

impl std::fmt::Debug for Serializer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Serializer")
            .field("options", &self.inner.preparer.options)
            .finish_non_exhaustive()
    }
}

impl Serializer {
    /// Creates a serializer for the schemas of a registry.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Options`](crate::serdes::ErrorKind::Options) if the options contradict each other, or demand the schema
    /// id in a record header.
    pub fn new(registry: Client, options: SerializerOptions) -> Result<Self, Error> {
        if options.schema_id_in == SchemaIdIn::Header {
            return Err(Error::from(ErrorKind::Options(
                "schema_id_in sends the schema id in a record header, and a Serializer returns no headers: use a RecordSerializer",
            )));
        }
        options.validate()?;
        Ok(Self {
            inner: Arc::new(WritePlanner::new(registry, options)),
        })
    }

    /// Returns the record of a prost message, whose schema is in
    /// [`SerializerOptions::schemas`].
    ///
    /// The schema is found by the name of the type. Whether the type was generated
    /// from the same version of the file cannot be seen, so generate both in one
    /// run of the compiler.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoSchemas`](crate::serdes::ErrorKind::NoSchemas), [`ErrorKind::NotInSchemas`](crate::serdes::ErrorKind::NotInSchemas) or [`ErrorKind::WellKnownType`](crate::serdes::ErrorKind::WellKnownType) if
    /// there is no schema for `M`; any error of the registry at first use.
    #[inline]
    pub fn serialize<'a, M>(
        &'a self,
        to: impl Into<Destination<'a>>,
        message: &'a M,
    ) -> impl Future<Output = Result<Vec<u8>, Error>> + Send
    where
        M: Message + Name + 'static,
    {
        let to = to.into();
        let planner = &*self.inner;
        now_or_later(
            // The key is made here: to capture it would cost more than the lookup.
            move || planner.now(to, MessageKey::Type(TypeId::of::<M>()), message),
            move || planner.ask(to, None, message),
        )
    }

    /// Returns the record of a prost message with the schema given. It makes two
    /// versions of one message possible in one program.
    ///
    /// # Errors
    ///
    /// Any error of the registry at first use.
    #[inline]
    pub fn serialize_with<'a, M>(
        &'a self,
        schema: &'a CompiledSchema<M>,
        to: impl Into<Destination<'a>>,
        message: &'a M,
    ) -> impl Future<Output = Result<Vec<u8>, Error>> + Send
    where
        M: Message + Name + 'static,
    {
        let to = to.into();
        let planner = &*self.inner;
        now_or_later(
            move || planner.now(to, type_with(schema), message),
            move || planner.ask(to, Some(schema), message),
        )
    }

    /// Returns the record of a dynamic message.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WrongType`](crate::serdes::ErrorKind::WrongType) if the message is not the one of `schema`; any error of
    /// the registry at first use.
    pub async fn serialize_dynamic<'a>(
        &self,
        schema: &dyn ProtoSchema,
        to: impl Into<Destination<'a>>,
        message: &DynamicMessage,
    ) -> Result<Vec<u8>, Error> {
        let written = self.inner.dynamic(to.into(), schema, message).await;
        written.map(|(_, record)| record)
    }

    /// Returns the record of a message given as JSON, a value or text, in Protobuf's
    /// canonical mapping. Fields may have their `.proto` names or camel-case names.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Json`](crate::serdes::ErrorKind::Json) if the JSON does not fit the message; any error of the
    /// registry at first use.
    pub async fn serialize_json<'a>(
        &self,
        schema: &dyn ProtoSchema,
        to: impl Into<Destination<'a>>,
        json: impl Into<JsonInput<'_>>,
    ) -> Result<Vec<u8>, Error> {
        let written = self.inner.json(to.into(), schema, json.into()).await;
        written.map(|(_, record)| record)
    }

    /// Returns the record of an encoded message. Does not check that `message` is a
    /// message of `schema`.
    ///
    /// # Errors
    ///
    /// Any error of the registry at first use.
    pub async fn serialize_encoded<'a>(
        &self,
        schema: &dyn ProtoSchema,
        to: impl Into<Destination<'a>>,
        message: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let written = self.inner.encoded(to.into(), schema, message).await;
        written.map(|(_, record)| record)
    }

    /// Prepares everything for messages of one type and destination. Use it where
    /// many messages go to one topic. The type's schema is in
    /// [`SerializerOptions::schemas`].
    ///
    /// # Errors
    ///
    /// As [`Serializer::serialize`].
    pub async fn bind<'a, M>(&self, to: impl Into<Destination<'a>>) -> Result<Bound<M>, Error>
    where
        M: Message + Name + 'static,
    {
        Bound::new(Arc::clone(&self.inner), to.into(), None).await
    }

    /// Prepares everything for messages of one type and destination, with the schema
    /// given.
    ///
    /// # Errors
    ///
    /// As [`Serializer::serialize_with`].
    pub async fn bind_with<'a, M>(
        &self,
        schema: &CompiledSchema<M>,
        to: impl Into<Destination<'a>>,
    ) -> Result<Bound<M>, Error>
    where
        M: Message + Name + 'static,
    {
        Bound::new(Arc::clone(&self.inner), to.into(), Some(schema.clone())).await
    }
}
