//! The command `decode`: shows what framed messages contain.

mod input;
mod reader;
mod text;

use prost_reflect::MessageDescriptor;
use serde_json::{Map, Value, json};

use cc_protobuf_examples::printable::escape_json;
use cc_protobuf_examples::wire_format::{self, Envelope, SchemaRef, VALUE_SCHEMA_ID_HEADER};

use self::input::Input;
use self::reader::{Reader, Reading};
use self::text::Header;
use crate::backends::{self, KmsKey};
use crate::cli::DecodeArgs;
use crate::console::{
    Console, DIM, ErrorReport, Output, TITLE, annotate, annotate_header, annotate_payload, counted,
    hex, parts_to_json, parts_to_lines,
};
use crate::failure::{Exit, Failure};
use crate::settings::{Settings, names};

/// Lines of hex shown per part of a message.
const HEX_LINES: usize = 8;

/// Decodes messages with the schemas of the configured registry, each as soon as
/// it is complete.
pub async fn decode(
    arguments: &DecodeArgs,
    settings: &Settings,
    console: &Console,
) -> Result<Exit, Failure> {
    let registry = settings.registry.as_ref().ok_or_else(|| {
        Failure::usage("decode needs a Schema Registry to ask for schemas").hint(format!(
            "set {}, or give --schema-registry-url",
            names::SCHEMA_REGISTRY_URL.key
        ))
    })?;
    let header = arguments.header_guid.as_deref().map(Header::parse);
    let header = header.transpose()?;
    let client = backends::client(registry)?;
    let reader = Reader::new(client, &KmsKey::decide(settings)?)?;
    let mut decoder = Decoder {
        headers: header
            .iter()
            .map(|header| {
                let value = header.bytes().to_vec();
                (VALUE_SCHEMA_ID_HEADER.to_owned(), Some(value))
            })
            .collect(),
        header,
        reader,
        console,
        noted: None,
    };
    // Opening already waits for input, to detect its form from the first bytes.
    let mut input = tokio::task::block_in_place(|| Input::open(arguments))?;
    let mut exit = Exit::Met;
    let mut number = 0;
    while let Some(message) = tokio::task::block_in_place(|| input.next()) {
        number += 1;
        if let Err(failure) = decoder.show(number, message).await {
            exit = Exit::of_all([exit, failure.exit]);
            let doing = format!("cannot decode message {number}");
            failure.context(doing).print();
        }
        if console.is_closed() {
            break;
        }
    }
    match number {
        0 => Err(Failure::usage("the input contains no message")
            .hint("`decode --help` shows the forms of input")),
        _ => Ok(exit),
    }
}

/// Shows messages on the console.
struct Decoder<'a> {
    /// The header with the schema id of every message, if given.
    header: Option<Header>,
    /// The same header as part of a record.
    headers: Vec<(String, Option<Vec<u8>>)>,
    reader: Reader,
    console: &'a Console,
    /// The last printed note, which is not repeated.
    noted: Option<String>,
}

impl Decoder<'_> {
    /// Shows one message, or what is known about it and why it failed.
    async fn show(
        &mut self,
        number: usize,
        message: Result<Option<Vec<u8>>, Failure>,
    ) -> Result<(), Failure> {
        let mut entry = Map::from_iter([("number".to_owned(), json!(number))]);
        let shown = match message {
            Ok(Some(bytes)) => self.record(number, &bytes, &mut entry).await,
            Ok(None) => {
                self.console
                    .result(&format!("message {number}: null (a tombstone)"));
                entry.insert("message".to_owned(), Value::Null);
                Ok(())
            }
            Err(failure) => Err(failure),
        };
        if let Err(failure) = &shown {
            let report = serde_json::to_value(ErrorReport::from(failure))?;
            entry.insert("error".to_owned(), report);
        }
        if self.console.output() == Output::Json {
            self.console.document_line("message", &entry)?;
        }
        shown
    }

    async fn record(
        &mut self,
        number: usize,
        bytes: &[u8],
        entry: &mut Map<String, Value>,
    ) -> Result<(), Failure> {
        entry.insert("hex".to_owned(), json!(hex(bytes, "")));
        let envelope = match &self.header {
            None => wire_format::decode(bytes)?,
            Some(header) => header.envelope(bytes)?,
        };
        let Reading {
            descriptor,
            message,
            note,
        } = self.reader.read(&self.headers, bytes).await;
        let type_name = descriptor.as_ref().map(MessageDescriptor::full_name);
        self.console.result(&format!(
            "{TITLE}message {number}: {}{TITLE:#} {DIM}(schema {}, {}){DIM:#}",
            type_name.unwrap_or("of unknown type"),
            envelope.schema,
            counted(bytes.len(), "byte"),
        ));
        let (schema_id, schema_guid) = match envelope.schema {
            SchemaRef::Id(id) => (Some(id.0), None),
            SchemaRef::Guid(guid) => (None, Some(guid.to_string())),
        };
        entry.extend(
            [
                ("schema_id", json!(schema_id)),
                ("schema_guid", json!(schema_guid)),
                ("message_indexes", json!(envelope.indexes.as_slice())),
                ("type", json!(type_name)),
                ("payload_length", json!(envelope.payload.len())),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        self.parts(bytes, &envelope, descriptor.as_ref(), entry);
        let message = message?;
        let pretty = serde_json::to_string_pretty(&message)?;
        for line in escape_json(&pretty).lines() {
            self.console.result(line);
        }
        entry.insert("message".to_owned(), message);
        if let Some(note) = note {
            if self.noted.as_ref() != Some(&note) {
                self.console.note(&note);
            }
            entry.insert("note".to_owned(), json!(note));
            self.noted = Some(note);
        }
        Ok(())
    }

    /// Returns the annotated bytes of the header, if there is one, and of the value.
    fn parts(
        &self,
        bytes: &[u8],
        envelope: &Envelope<'_>,
        descriptor: Option<&MessageDescriptor>,
        entry: &mut Map<String, Value>,
    ) {
        let lines = |parts: &[_]| {
            for line in parts_to_lines(parts, 2, self.console.width(), HEX_LINES) {
                self.console.line(&line);
            }
        };
        let parts = match &self.header {
            None => annotate(bytes, envelope, descriptor),
            Some(header) => {
                let parts = annotate_header(header.bytes(), envelope, descriptor);
                self.console.line("  header");
                lines(&parts);
                self.console.line("  payload");
                let header =
                    json!({"hex": hex(header.bytes(), ""), "parts": parts_to_json(&parts)});
                entry.insert("header".to_owned(), header);
                annotate_payload(bytes, 0, descriptor)
            }
        };
        lines(&parts);
        entry.insert("parts".to_owned(), parts_to_json(&parts));
    }
}
