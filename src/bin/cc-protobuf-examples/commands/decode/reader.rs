//! From bytes to a message: first as it is on the wire, then as the rules of its
//! schema leave it.

use std::collections::HashMap;

use prost_reflect::{DynamicMessage, MessageDescriptor};
use serde_json::Value;

use cc_protobuf_examples::csfle::Csfle;
use cc_protobuf_examples::protobuf::{JsonOptions, to_json};
use cc_protobuf_examples::schema_registry::Client;
use cc_protobuf_examples::schema_registry::entities::RuleSet;
use cc_protobuf_examples::serdes::{
    Deserializer, DeserializerOptions, Inspection, Record, RecordPlace, RegisteredSchema,
    SubjectNameStrategy,
};
use cc_protobuf_examples::wire_format::{SchemaId, SchemaRef};

use crate::backends::KmsKey;
use crate::failure::Failure;

/// How many of a schema's subjects are tried for one that has the record's key.
const MOST_SUBJECTS: usize = 20;

/// Why rules that need a key cannot be run.
const NO_SUBJECT: &str = "the registry names no subject of the schema, and keys belong to one";

/// Reads records of which only the bytes are known.
pub struct Reader {
    client: Client,
    wire: Deserializer,
    rules: Deserializer,
    /// Subjects of schemas with rules, that of the last record first.
    subjects: HashMap<SchemaRef, Vec<String>>,
}

/// What is known of a record behind its envelope.
pub struct Reading {
    /// The type of its message, if its schema was found.
    pub descriptor: Option<MessageDescriptor>,
    /// The message as JSON.
    pub message: Result<Value, Failure>,
    /// Why it is shown as it is on the wire, if its schema has rules.
    pub note: Option<String>,
}

impl Reader {
    /// A reader of this registry's records, with what keys there are.
    pub fn new(client: Client, kms: &KmsKey) -> Result<Self, Failure> {
        // No topic is known. In its place goes the subject, where one is.
        let subject = |place: &RecordPlace<'_>| Some(place.topic.to_owned());
        let options =
            DeserializerOptions::new().subject_name_strategy(SubjectNameStrategy::custom(subject));
        let csfle = Csfle::builder(client.clone()).kms(kms.drivers()).build();
        Ok(Self {
            wire: Deserializer::new(client.clone(), options.clone().run_rules(false))?,
            rules: Deserializer::new(client.clone(), options.csfle(csfle))?,
            client,
            subjects: HashMap::new(),
        })
    }

    /// Reads a record as far as it can be read.
    pub async fn read(&mut self, headers: &[(String, Option<Vec<u8>>)], record: &[u8]) -> Reading {
        let bytes = Record::value("", record).headers(headers);
        let found = match self.wire.inspect(bytes).await {
            Ok(found) => found,
            Err(error) => {
                return Reading {
                    descriptor: None,
                    message: Err(error.into()),
                    note: None,
                };
            }
        };
        let (message, note) = match self.by_the_rules(&found, headers, record).await {
            Ok(Some(message)) => (Ok(message), None),
            Ok(None) => (found.message.map_err(Failure::from), None),
            Err(failure) => match found.message {
                Ok(message) => (Ok(message), Some(note(&found.writer, &failure))),
                // Without its rules the payload may be no message at all.
                Err(_) => (Err(failure), None),
            },
        };
        let json = message.and_then(|message| Ok(to_json(&message, JsonOptions::default())?));
        Reading {
            descriptor: Some(found.descriptor),
            message: json,
            note,
        }
    }

    /// The message as the rules of its schema leave it; `None` without rules.
    async fn by_the_rules(
        &mut self,
        found: &Inspection,
        headers: &[(String, Option<Vec<u8>>)],
        record: &[u8],
    ) -> Result<Option<DynamicMessage>, Failure> {
        if !found.writer.rule_set().is_some_and(has_rules) {
            return Ok(None);
        }
        if !self.subjects.contains_key(&found.schema) {
            let subjects = self.subjects_of(&found.writer).await;
            let subjects = subjects.map_err(|why| why.context(NO_SUBJECT))?;
            self.subjects.insert(found.schema, subjects);
        }
        let Some(subjects) = self.subjects.get_mut(&found.schema) else {
            return Ok(None);
        };
        let mut unchanged = None;
        let mut failed = None;
        for at in 0..subjects.len() {
            let Some(subject) = subjects.get(at) else {
                break;
            };
            let record = Record::value(subject, record).headers(headers);
            match self.rules.deserialize_dynamic(record).await {
                Ok(Some(message)) if found.message.as_ref().ok() != Some(&message) => {
                    subjects.swap(0, at);
                    return Ok(Some(message));
                }
                // Nothing to do, or a rule that may fail did.
                Ok(message) => unchanged = unchanged.or(message),
                Err(error) => failed = failed.or_else(|| Some(Failure::from(error))),
            }
        }
        match (unchanged, failed) {
            (Some(message), _) => Ok(Some(message)),
            (None, Some(failure)) => Err(failure),
            (None, None) => Err(Failure::expectation(NO_SUBJECT)),
        }
    }

    /// The subjects under which a schema is registered: keys belong to one.
    async fn subjects_of(&self, schema: &RegisteredSchema) -> Result<Vec<String>, Failure> {
        let id = match (schema.id(), schema.guid()) {
            (None, Some(guid)) => {
                let places = self.client.ids_for_guid(&guid).await?;
                let place = places.iter().find(|place| place.context == ".");
                let id = place.and_then(|place| u32::try_from(place.id).ok());
                id.map(SchemaId)
            }
            (id, _) => id,
        };
        let mut subjects = match id {
            Some(id) => self.client.subjects_for_schema(id, true).await?,
            None => Vec::new(),
        };
        subjects.truncate(MOST_SUBJECTS);
        Ok(subjects)
    }
}

fn has_rules(rules: &RuleSet) -> bool {
    !rules.domain_rules.is_empty() || !rules.encoding_rules.is_empty()
}

/// That the message is not what its rules make of it, and why.
fn note(schema: &RegisteredSchema, failure: &Failure) -> String {
    let rules = schema.rule_set().into_iter();
    let rules = rules.flat_map(|rules| rules.domain_rules.iter().chain(&rules.encoding_rules));
    let names: Vec<_> = rules.map(|rule| format!("{:?}", rule.name)).collect();
    let why = failure.causes.last().unwrap_or(&failure.message);
    let hint = failure.hint.as_ref().map(|hint| format!("; {hint}"));
    format!(
        "shown as on the wire, without rule {}: {why}{}",
        names.join(", "),
        hint.unwrap_or_default()
    )
}
