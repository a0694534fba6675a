//! The JSON documents of a run and their parts.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::failure::{Exit, Failure};

/// Version of the documents' format, which docs/output.schema.json describes. It
/// is increased when a member is removed or changes its meaning, but not for new
/// members.
const SCHEMA_VERSION: u32 = 1;

/// The members that all JSON documents on stdout share.
#[derive(Clone, Debug, Serialize)]
pub struct Document<'a, T> {
    schema_version: u32,
    document: &'static str,
    #[serde(flatten)]
    body: &'a T,
}

impl<'a, T: Serialize> Document<'a, T> {
    /// Creates a document of this kind with the members of `body`.
    pub fn new(kind: &'static str, body: &'a T) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            document: kind,
            body,
        }
    }
}

/// The document of an example run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Version of this program.
    pub version: &'static str,
    /// Run id.
    pub run_id: String,
    /// `schema-only` or `full`.
    pub mode: String,
    /// `dynamic` or `precompiled`.
    pub schemas: String,
    /// The backends, as announced in the banner.
    pub backends: Map<String, Value>,
    /// One entry per example.
    pub examples: Vec<ExampleReport>,
    /// The consumer group; `None` in schema-only mode.
    pub consumer_group: Option<String>,
    /// Names that `--cleanup` removed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
    /// Errors of names that `--cleanup` could not remove.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cleanup_errors: Vec<ErrorReport>,
    /// The failure that stopped the whole run.
    pub error: Option<ErrorReport>,
    /// The process's exit code.
    pub exit_code: u8,
    /// Duration in milliseconds.
    pub duration_ms: u64,
}

impl Report {
    /// Creates an empty report.
    pub fn new(run_id: String, mode: &str, schemas: &str) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            run_id,
            mode: mode.to_owned(),
            schemas: schemas.to_owned(),
            backends: Map::new(),
            examples: Vec::new(),
            consumer_group: None,
            removed: Vec::new(),
            cleanup_errors: Vec::new(),
            error: None,
            exit_code: 0,
            duration_ms: 0,
        }
    }
}

/// How an example ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ExampleResult {
    /// Every expectation was met.
    Passed,
    /// An expectation failed.
    Failed,
    /// The user stopped it.
    Interrupted,
    /// It did not run, because the run was stopped.
    Skipped,
}

/// One example in the document.
#[derive(Clone, Debug, Serialize)]
pub struct ExampleReport {
    /// Number, 1 to 10.
    pub number: u8,
    /// Name, as in `--example`.
    pub name: String,
    /// The title that the narration shows.
    pub title: String,
    /// How it ended.
    pub result: ExampleResult,
    /// Duration in milliseconds.
    pub duration_ms: u64,
    /// Subjects that exist in the registry now.
    pub subjects: Vec<String>,
    /// Topics used.
    pub topics: Vec<String>,
    /// Key encryption keys used.
    pub keks: Vec<String>,
    /// The steps, in order.
    pub steps: Vec<StepReport>,
    /// The failure that ended it.
    pub error: Option<ErrorReport>,
}

/// One step of an example.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StepReport {
    /// What the step does.
    pub title: String,
    /// Checked claims.
    pub checks: Vec<CheckReport>,
    /// Named values: schema ids, versions, messages.
    pub facts: Map<String, Value>,
    /// Registered schemas.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub registered: Vec<RegisteredReport>,
    /// Annotated records.
    pub records: Vec<RecordReport>,
    /// Tables.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<Value>,
}

/// A checked claim.
#[derive(Clone, Debug, Serialize)]
pub struct CheckReport {
    /// Whether it holds.
    pub ok: bool,
    /// The claim.
    pub claim: String,
    /// The expected value, if the claim compares two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// The actual value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
}

/// A registered schema.
#[derive(Clone, Debug, Serialize)]
pub struct RegisteredReport {
    /// Subject.
    pub subject: String,
    /// Version within the subject.
    pub version: i32,
    /// Schema id.
    pub id: i32,
}

/// A framed record.
#[derive(Clone, Debug, Serialize)]
pub struct RecordReport {
    /// Schema id, if the record carries one.
    pub schema_id: Option<u32>,
    /// Schema GUID, if the record carries one.
    pub schema_guid: Option<String>,
    /// Message indexes.
    pub message_indexes: Vec<u32>,
    /// Length of the Protobuf payload in bytes.
    pub payload_length: usize,
    /// All bytes of the value.
    pub hex: String,
    /// The header with the schema GUID, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// The annotated bytes.
    pub parts: Value,
}

/// A failure in the document.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorReport {
    /// What failed.
    pub message: String,
    /// The causes, outermost first.
    pub causes: Vec<String>,
    /// What the user can do.
    pub hint: Option<String>,
    /// The exit code for this failure.
    #[serde(rename = "exit_code", serialize_with = "code")]
    pub exit: Exit,
}

fn code<S: serde::Serializer>(exit: &Exit, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(exit.code())
}

impl From<&Failure> for ErrorReport {
    fn from(failure: &Failure) -> Self {
        Self {
            message: failure.message.clone(),
            causes: failure.causes.clone(),
            hint: failure.hint.clone(),
            exit: failure.exit,
        }
    }
}
