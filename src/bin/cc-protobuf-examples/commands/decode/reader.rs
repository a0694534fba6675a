//! Deserializes a record from its bytes, first without and then with the rules of
//! its schema.

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

/// Maximum number of a schema's subjects that are tried to find the record's key.
const MOST_SUBJECTS: usize = 20;

/// Why rules that need a key cannot run.
const NO_SUBJECT: &str =
    "the registry lists no subject for the schema, and a key belongs to a subject";

/// Reads records when only their bytes are known.
pub struct Reader {
    client: Client,
    wire: Deserializer,
    rules: Deserializer,
    /// Subjects of schemas with rules; the last record's subject comes first.
    subjects: HashMap<SchemaRef, Vec<String>>,
}

/// The result of reading a record.
pub struct Reading {
    /// The type of its message, if its schema was found.
    pub descriptor: Option<MessageDescriptor>,
    /// The message as JSON.
    pub message: Result<Value, Failure>,
    /// Why the rules of the schema were not applied, if it has any.
    pub note: Option<String>,
}

impl Reader {
    /// Creates a reader for the records of a registry, with the available keys.
    pub fn new(client: Client, kms: &KmsKey) -> Result<Self, Failure> {
        // The topic is unknown, so pass the subject in its place.
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

    /// Reads as much of a record as possible.
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
                // Without its rules, the payload may not be Protobuf at all.
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

    /// Returns the message after the rules of its schema; `None` without rules.
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
                // The rules changed nothing, or one failed that may fail.
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

    /// Returns the subjects of a schema, because a key belongs to a subject.
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

/// Explains that the rules were not applied, and why.
fn note(schema: &RegisteredSchema, failure: &Failure) -> String {
    let rules = schema.rule_set().into_iter();
    let rules = rules.flat_map(|rules| rules.domain_rules.iter().chain(&rules.encoding_rules));
    let names: Vec<_> = rules.map(|rule| format!("{:?}", rule.name)).collect();
    let why = failure.causes.last().unwrap_or(&failure.message);
    let hint = failure.hint.as_ref().map(|hint| format!("; {hint}"));
    format!(
        "shown as on the wire, without applying rule {}: {why}{}",
        names.join(", "),
        hint.unwrap_or_default()
    )
}
