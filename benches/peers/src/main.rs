//! Compares our serdes with other clients: the same message in interleaved rounds of one
//! process. Each client has its best configuration. The registry is asked before the
//! measurement and not during it, which is checked.

mod encryption;
#[path = "../../serdes/order.rs"]
mod order;
#[path = "../../serdes/rounds.rs"]
mod rounds;

use std::hint::black_box;
use std::time::{Duration, Instant};

use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
use cc_protobuf_examples::protobuf::{
    CompiledSchema, JsonOptions, ProtoSchema, SchemaFile, to_json,
};
use cc_protobuf_examples::schema_registry::entities::{PROTOBUF, SchemaRequest};
use cc_protobuf_examples::schema_registry::{Client, Normalization};
use cc_protobuf_examples::serdes::{
    Deserializer, DeserializerOptions, Destination, Record, Serializer, SerializerOptions,
};
use order::Order;
use prost::Message;
use prost_reflect::DynamicMessage;
use rounds::{Contender, measure};
use schema_registry_converter::async_impl::proto_decoder::ProtoDecoder;
use schema_registry_converter::async_impl::proto_encoder::ProtoEncoder;
use schema_registry_converter::async_impl::proto_raw::{ProtoRawDecoder, ProtoRawEncoder};
use schema_registry_converter::async_impl::schema_registry::SrSettings;
use schema_registry_converter::schema_registry_common::SubjectNameStrategy;

/// An asynchronous operation, repeated within one task.
macro_rules! contender {
    ($runtime:expr, $name:literal, $work:expr) => {
        Contender::new($name, |iterations| -> Duration {
            $runtime.block_on(async {
                let start = Instant::now();
                for _ in 0..iterations {
                    black_box($work.await);
                }
                start.elapsed()
            })
        })
    };
}
pub(crate) use contender;

const NAME: &str = "shop.bench.Order";

struct Ours {
    serializer: Serializer,
    deserializer: Deserializer,
    schema: CompiledSchema<order::Order>,
}

/// The client schema_registry_converter.
struct Converter {
    raw_encoder: ProtoRawEncoder,
    raw_decoder: ProtoRawDecoder,
    encoder: ProtoEncoder,
    decoder: ProtoDecoder,
    strategy: SubjectNameStrategy,
}

impl Converter {
    fn new(url: &str) -> Self {
        let settings = || SrSettings::new(url.to_owned());
        Self {
            raw_encoder: ProtoRawEncoder::new(settings()),
            raw_decoder: ProtoRawDecoder::new(settings()),
            encoder: ProtoEncoder::new(settings()),
            decoder: ProtoDecoder::new(settings()),
            strategy: SubjectNameStrategy::TopicNameStrategy("orders".to_owned(), false),
        }
    }

    async fn serialize(&self, order: &Order) -> Vec<u8> {
        let payload = order.encode_to_vec();
        let strategy = self.strategy.clone();
        self.raw_encoder
            .encode(&payload, NAME, strategy)
            .await
            .unwrap()
    }

    async fn deserialize(&self, record: &[u8]) -> Order {
        let raw = self
            .raw_decoder
            .decode(Some(record))
            .await
            .unwrap()
            .unwrap();
        Order::decode(&raw.bytes[..]).unwrap()
    }

    async fn deserialize_dynamic(&self, record: &[u8]) -> DynamicMessage {
        self.decoder
            .decode_with_context(Some(record))
            .await
            .unwrap()
            .unwrap()
            .value
    }

    async fn serialize_json(&self, value: &serde_json::Value) -> Vec<u8> {
        self.encoder
            .encode_json(value, NAME, &self.strategy)
            .await
            .unwrap()
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let server = EmbeddedRegistry::builder().record_requests().start();
    let server = runtime.block_on(server).unwrap();
    let registry = Client::builder(server.url()).build().unwrap();
    let ours = Ours {
        serializer: Serializer::new(registry.clone(), SerializerOptions::new()).unwrap(),
        deserializer: Deserializer::new(registry.clone(), DeserializerOptions::new()).unwrap(),
        schema: order::schema(),
    };
    let (order, json) = (order::order(), order::json());
    let to = || Destination::value("orders");
    // Registers the schema for the other clients.
    let record = runtime
        .block_on(ours.serializer.serialize_with(&ours.schema, to(), &order))
        .unwrap();

    let file = ours.schema.descriptor().parent_file();
    let files = [file.file_descriptor_proto().encode_to_vec()];
    // The other client writes full type names, which is another schema for a
    // registry, so that one is registered too.
    let request = SchemaRequest {
        schema_type: Some(PROTOBUF.to_owned()),
        schema: SchemaFile::from_bytes("order.proto", &files[0])
            .unwrap()
            .to_base64(),
        ..SchemaRequest::default()
    };
    runtime
        .block_on(registry.register("orders-value", &request, Normalization::AsSent))
        .unwrap();
    let converter = Converter::new(server.url());
    let client = client_0_4::Serdes::new(server.url(), "orders", NAME, &files);
    let client_order: client_0_4::Order = runtime.block_on(client.deserialize(&record));

    // All clients write the same message and read the same values.
    runtime.block_on(async {
        assert_eq!(converter.serialize(&order).await[5..], record[5..]);
        assert_eq!(client.serialize(&client_order).await[5..], record[5..]);
        assert_eq!(converter.serialize_json(&json).await[5..], record[5..]);
        assert_eq!(converter.deserialize(&record).await, order);
        let dynamic = converter.deserialize_dynamic(&record).await;
        assert_eq!(to_json(&dynamic, JsonOptions::default()).unwrap(), json);
        let read: Option<Order> = ours
            .deserializer
            .deserialize(Record::value("orders", &record))
            .await
            .unwrap();
        assert_eq!(read.as_ref(), Some(&order));
    });
    let requests = server.requests().unwrap();
    requests.reset();

    println!("message of {} bytes\n", record.len() - 6);
    let writing = measure(vec![
        contender!(runtime, "ours", async {
            ours.serializer
                .serialize_with(&ours.schema, to(), black_box(&order))
                .await
                .unwrap()
        }),
        contender!(
            runtime,
            "schema_registry_converter 6.0.0, raw",
            converter.serialize(black_box(&order))
        ),
        contender!(
            runtime,
            "schema-registry-client 0.4.2",
            client.serialize(black_box(&client_order))
        ),
        contender!(runtime, "control of ours", async {
            ours.serializer
                .serialize_with(&ours.schema, to(), black_box(&order))
                .await
                .unwrap()
        }),
    ]);
    println!("serialize a prost message");
    writing.print();
    writing.ratio("control of ours", "ours", None);
    writing.ratio("schema_registry_converter 6.0.0, raw", "ours", None);
    writing.ratio("schema-registry-client 0.4.2", "ours", None);

    let reading = measure(vec![
        contender!(runtime, "ours", async {
            let record = black_box(&record);
            ours.deserializer
                .deserialize::<Order>(Record::value("orders", record))
                .await
                .unwrap()
        }),
        contender!(
            runtime,
            "schema_registry_converter 6.0.0, raw",
            converter.deserialize(black_box(&record))
        ),
        contender!(
            runtime,
            "schema-registry-client 0.4.2",
            client.deserialize::<client_0_4::Order>(black_box(&record))
        ),
    ]);
    println!("\ndeserialize a prost message");
    reading.print();
    reading.ratio("schema_registry_converter 6.0.0, raw", "ours", None);
    reading.ratio("schema-registry-client 0.4.2", "ours", None);

    let dynamic = measure(vec![
        contender!(runtime, "ours", async {
            let record = black_box(&record);
            ours.deserializer
                .deserialize_dynamic(Record::value("orders", record))
                .await
                .unwrap()
        }),
        contender!(
            runtime,
            "schema_registry_converter 6.0.0",
            converter.deserialize_dynamic(black_box(&record))
        ),
    ]);
    println!("\ndeserialize a dynamic message");
    dynamic.print();
    dynamic.ratio("schema_registry_converter 6.0.0", "ours", None);

    let from_json = measure(vec![
        contender!(runtime, "ours", async {
            let json = black_box(&json);
            ours.serializer
                .serialize_json(&ours.schema, to(), json)
                .await
                .unwrap()
        }),
        contender!(
            runtime,
            "schema_registry_converter 6.0.0",
            converter.serialize_json(black_box(&json))
        ),
    ]);
    println!("\nserialize JSON");
    from_json.print();
    from_json.ratio("schema_registry_converter 6.0.0", "ours", None);

    let asked = requests.entries();
    println!("\nrequests during the measurements: {asked:?}\n");

    encryption::compare(&runtime, &server);
}
