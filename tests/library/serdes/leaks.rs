//! For any two versions of a schema and any record: no value of a field that is tagged in
//! either version appears in the written record.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::atomic::{AtomicU32, Ordering};

use cc_protobuf_examples::csfle::Csfle;
use cc_protobuf_examples::protobuf::{DynamicSchema, ProtoSchema};
use cc_protobuf_examples::serdes::{Destination, SerializerOptions};
use cc_protobuf_examples::wire_format::SchemaId;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use prost::Message;
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value,
};

use crate::serdes::encryption::{csfle, field_rules, hides};
use crate::serdes::hostile::fuzz;
use crate::serdes::registry::{Registry, schema};

/// The type of a field.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Text,
    Bytes,
    OptionalText,
    Texts,
    Number,
    /// A member of the oneof.
    Choice,
    /// One of the three message types.
    Message(usize),
    Messages(usize),
    Map(usize),
    TextMap,
    Wrapper,
}

/// A field in both versions; its number is its position.
#[derive(Clone, Copy, Debug)]
struct Slot {
    old: Option<(Shape, bool)>,
    new: Option<(Shape, bool)>,
}

/// Fields by message type. The first type is the record's.
type Types = Vec<Vec<Slot>>;

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        4 => Just(Shape::Text),
        1 => Just(Shape::Bytes),
        1 => Just(Shape::OptionalText),
        1 => Just(Shape::Texts),
        1 => Just(Shape::Number),
        2 => Just(Shape::Choice),
        2 => (0..3usize).prop_map(Shape::Message),
        1 => (0..3usize).prop_map(Shape::Messages),
        1 => (0..3usize).prop_map(Shape::Map),
        1 => Just(Shape::TextMap),
        1 => Just(Shape::Wrapper),
    ]
}

fn slot() -> impl Strategy<Value = Slot> {
    // Types that cannot be encrypted are seldom tagged; otherwise hardly any record would
    // be written, and the test would show nothing.
    let field = || {
        (shape(), 0..6u8).prop_map(|(shape, tag)| {
            let can = matches!(
                shape,
                Shape::Text | Shape::Bytes | Shape::OptionalText | Shape::Texts | Shape::Choice
            );
            (shape, tag < if can { 3 } else { 1 } && (can || tag == 0))
        })
    };
    prop_oneof![
        6 => field().prop_map(|field| Slot { old: Some(field), new: Some(field) }),
        1 => field().prop_map(|field| Slot { old: None, new: Some(field) }),
        1 => field().prop_map(|field| Slot { old: Some(field), new: None }),
        1 => (field(), field()).prop_map(|(old, new)| Slot { old: Some(old), new: Some(new) }),
    ]
}

fn types() -> impl Strategy<Value = Types> {
    prop::collection::vec(prop::collection::vec(slot(), 0..5), 3)
}

fn text(types: &Types, field: impl Fn(&Slot) -> Option<(Shape, bool)>) -> String {
    let mut text = "syntax = \"proto3\"; package t; import \"confluent/meta.proto\"; \
                    import \"google/protobuf/wrappers.proto\";\n"
        .to_owned();
    for (index, slots) in types.iter().enumerate() {
        writeln!(text, "message M{index} {{").unwrap();
        let mut choices = String::new();
        for (place, slot) in slots.iter().enumerate() {
            let Some((shape, tagged)) = field(slot) else {
                continue;
            };
            let field_type = match shape {
                Shape::Text | Shape::Choice => "string".to_owned(),
                Shape::Bytes => "bytes".to_owned(),
                Shape::OptionalText => "optional string".to_owned(),
                Shape::Texts => "repeated string".to_owned(),
                Shape::Number => "int64".to_owned(),
                Shape::Message(of) => format!("M{of}"),
                Shape::Messages(of) => format!("repeated M{of}"),
                Shape::Map(of) => format!("map<string, M{of}>"),
                Shape::TextMap => "map<int32, string>".to_owned(),
                Shape::Wrapper => "google.protobuf.StringValue".to_owned(),
            };
            let tag = if tagged {
                " [(confluent.field_meta).tags = \"PII\"]"
            } else {
                ""
            };
            let number = place + 1;
            let line = format!("  {field_type} f{number} = {number}{tag};\n");
            match shape {
                Shape::Choice => choices.push_str(&line),
                _ => text.push_str(&line),
            }
        }
        if !choices.is_empty() {
            write!(text, "  oneof choice {{\n{choices}  }}\n").unwrap();
        }
        text.push_str("}\n");
    }
    text
}

/// A version of the schema: its message types, and the fields that it tags.
struct Version {
    schema: DynamicSchema,
    tagged: HashSet<String>,
}

impl Version {
    fn new(types: &Types, field: impl Fn(&Slot) -> Option<(Shape, bool)>) -> Self {
        let mut tagged = HashSet::new();
        for (index, slots) in types.iter().enumerate() {
            for (place, slot) in slots.iter().enumerate() {
                if field(slot).is_some_and(|(_, tagged)| tagged) {
                    tagged.insert(format!("t.M{index}.f{}", place + 1));
                }
            }
        }
        let schema = schema(&text(types, field), "t.M0", &[]);
        Self { schema, tagged }
    }
}

/// Returns a message type in a version, if it exists there.
#[derive(Clone)]
struct Seen<'a> {
    message: Option<MessageDescriptor>,
    tagged: &'a HashSet<String>,
}

impl<'a> Seen<'a> {
    fn new(version: &'a Version) -> Self {
        Self {
            message: Some(version.schema.descriptor().clone()),
            tagged: &version.tagged,
        }
    }

    fn field(&self, number: u32) -> Option<FieldDescriptor> {
        self.message.as_ref()?.get_field(number)
    }

    fn tags(&self, number: u32) -> bool {
        let field = self.field(number);
        field.is_some_and(|field| self.tagged.contains(field.full_name()))
    }

    fn child(&self, number: u32) -> Self {
        let field = self.field(number);
        Self {
            message: field.and_then(|field| field.kind().as_message().cloned()),
            tagged: self.tagged,
        }
    }
}

/// Fills a message with markers, and collects those that must not appear.
struct Filler {
    next: u32,
    secrets: Vec<String>,
}

impl Filler {
    fn marker(&mut self, secret: bool) -> String {
        self.next += 1;
        let marker = format!("marker-{:06}", self.next);
        assert!(marker.len() >= 12);
        if secret {
            self.secrets.push(marker.clone());
        }
        marker
    }

    /// `made` is the schema of the value. `known` are the schemas known when writing: the
    /// registered one, the given one, and a dynamic message's own. A field is secret if
    /// one of them tags it, or if none of them has it.
    fn message(
        &mut self,
        made: &Seen<'_>,
        known: &[Seen<'_>],
        above: bool,
        depth: usize,
    ) -> DynamicMessage {
        let message = made.message.clone().expect("it is being made");
        let mut filled = DynamicMessage::new(message.clone());
        for field in message.fields() {
            let number = field.number();
            // Text and bytes have no fields inside.
            let opaque = known.iter().all(|seen| seen.message.is_none());
            let unknown = !opaque && known.iter().all(|seen| seen.field(number).is_none());
            let secret = above || unknown || known.iter().any(|seen| seen.tags(number));
            let child = made.child(number);
            let known: Vec<_> = known.iter().map(|seen| seen.child(number)).collect();
            if let Some(value) = self.field(&field, &child, &known, secret, depth) {
                filled.set_field(&field, value);
            }
        }
        filled
    }

    fn field(
        &mut self,
        field: &FieldDescriptor,
        child: &Seen<'_>,
        known: &[Seen<'_>],
        secret: bool,
        depth: usize,
    ) -> Option<Value> {
        let count = if field.is_list() { 2 } else { 1 };
        let mut values: Vec<_> = (0..count)
            .filter_map(|_| match field.kind() {
                Kind::String => Some(Value::String(self.marker(secret))),
                Kind::Bytes => Some(Value::Bytes(self.marker(secret).into_bytes().into())),
                Kind::Int64 => Some(Value::I64(i64::from(self.next))),
                Kind::Int32 => Some(Value::I32(7)),
                Kind::Message(_) if depth < 6 => {
                    let message = self.message(child, known, secret, depth + 1);
                    Some(Value::Message(message))
                }
                _ => None,
            })
            .collect();
        if !field.is_map() {
            return match field.is_list() {
                true => Some(Value::List(values)),
                false => values.pop(),
            };
        }
        let Some(Value::Message(entry)) = values.pop() else {
            return None;
        };
        // The author of the schema does not define the key as a field.
        let key = match entry.descriptor().map_entry_key_field().kind() {
            Kind::String => MapKey::String("key".to_owned()),
            _ => MapKey::I32(7),
        };
        let value = entry.get_field(&entry.descriptor().map_entry_value_field());
        Some(Value::Map([(key, value.into_owned())].into()))
    }
}

/// One registry and its keys for all cases.
struct World {
    registry: Registry,
    csfle: Csfle,
    cases: AtomicU32,
    written: AtomicU32,
}

async fn check(world: &World, types: &Types) -> Result<(), TestCaseError> {
    let old = Version::new(types, |slot| slot.old);
    let new = Version::new(types, |slot| slot.new);
    let case = world.cases.fetch_add(1, Ordering::Relaxed);
    let topic = format!("t{case}");
    let subject = format!("{topic}-value");
    let registered = world.registry.register_with(
        &subject,
        old.schema.schema_text(),
        &[],
        None,
        Some(field_rules()),
    );
    let id = SchemaId(registered.await.id.unwrap() as u32);
    let found = || {
        SerializerOptions::new()
            .auto_register_schemas(false)
            .latest_compatibility_strict(false)
            .id_compatibility_strict(false)
            .csfle(world.csfle.clone())
    };
    let ways = [
        found().use_latest_version(true),
        found().use_schema_id(id),
        found(),
    ];
    for options in ways {
        let serializer = world.registry.serializer(options);
        // The record's given schema, and the schema of its value.
        for (given, made) in [(&new, &new), (&old, &old), (&old, &new), (&new, &old)] {
            let to = || Destination::value(&topic);
            for how in ["encoded", "json", "dynamic"] {
                let mut known = vec![Seen::new(&old), Seen::new(given)];
                known.extend((how == "dynamic").then(|| Seen::new(made)));
                let mut filler = Filler {
                    next: 0,
                    secrets: Vec::new(),
                };
                let value = filler.message(&Seen::new(made), &known, false, 0);
                let encoded = value.encode_to_vec();
                let json = made.schema.deserialize(&encoded).unwrap();
                let given = &given.schema;
                let record = match how {
                    "encoded" => serializer.serialize_encoded(given, to(), &encoded).await,
                    "json" => serializer.serialize_json(given, to(), &json).await,
                    _ => serializer.serialize_dynamic(given, to(), &value).await,
                };
                let Ok(record) = record else { continue };
                world.written.fetch_add(1, Ordering::Relaxed);
                for secret in &filler.secrets {
                    prop_assert!(
                        hides(&record, secret),
                        "{how}: {secret} is in the record\nold: {}\nnew: {}\ngiven: {}\n{json}",
                        old.schema.schema_text(),
                        new.schema.schema_text(),
                        given.schema_text(),
                    );
                }
            }
        }
    }
    Ok(())
}

#[test]
fn fuzz_no_tagged_value_of_either_version_is_in_a_record() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = runtime.block_on(async {
        let registry = Registry::start().await;
        let csfle = csfle(&registry);
        World {
            registry,
            csfle,
            cases: AtomicU32::new(0),
            written: AtomicU32::new(0),
        }
    });
    fuzz(40, 100, &types(), async |types| check(&world, &types).await);
    // A test in which everything is refused would show nothing.
    let (cases, written) = (world.cases.into_inner(), world.written.into_inner());
    assert!(written > cases, "{written} records in {cases} cases");
}
