//! The ten examples, one file each, which can be read from top to bottom. [`Context`]
//! provides what they need; `runner` runs them.

mod changes;
mod context;
mod leftovers;
mod plan;
mod runner;
mod summary;
mod third_party;

mod basic;
mod compat;
mod csfle;
mod delete;
mod evolution;
mod no_auto_register;
mod null;
mod oneof;
mod strategies;
mod types;

use std::future::Future;
use std::pin::Pin;

use cc_protobuf_examples::csfle::{Algorithm, DEK_ALGORITHM, DEK_EXPIRY_DAYS, KMS_KEY_ID};
use cc_protobuf_examples::schema_registry::CompatibilityLevel;

use changes::{Change, one_of, parses, parses_or_empty, text};
pub use context::{Context, RecordValue, Saved, SharedSchema};
pub use runner::{refuse, run};

use crate::cli::Selection;
use crate::failure::Failure;
use crate::naming::topic;

/// A running example, as a future.
type Running<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>>;

/// One example.
pub struct Example {
    /// Number, 1 to 10.
    pub number: u8,
    /// Name, as in `--example`.
    pub name: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// What a reader learns from it.
    pub teaches: &'static str,
    /// Its value in `--example`.
    pub selection: Selection,
    /// The headings of its steps.
    pub steps: &'static [&'static str],
    /// Subjects that it registers, with `{run_id}` for the run id.
    pub subjects: &'static [&'static str],
    /// Topics that it sends records to, without the run id.
    pub topics: &'static [&'static str],
    /// The changes that `--set` can make.
    changes: &'static [Change],
    /// Runs the example.
    pub run: for<'a> fn(&'a Context<'a>) -> Running<'a>,
}

impl Example {
    /// Returns the names of its topics, with `{run_id}` for the run id.
    pub fn topic_names(&self) -> impl Iterator<Item = String> {
        self.topics
            .iter()
            .map(|topic| format!("{topic}-{{run_id}}"))
    }

    /// Returns the keys that `--set` can change, with their valid values.
    pub fn changes(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.changes.iter().map(|change| (change.key, change.takes))
    }

    /// Returns the chapter of the README about it.
    pub fn chapter(&self) -> String {
        format!(
            "README.md, example {} (--example {})",
            self.number, self.name
        )
    }

    /// Returns its source file.
    pub fn source(&self) -> String {
        let file = self.name.replace('-', "_");
        format!("src/bin/cc-protobuf-examples/examples/{file}.rs")
    }
}

/// All examples, in order.
pub static ALL: [Example; 10] = [
    Example {
        number: 1,
        name: "basic",
        title: "serializer, deserializer, wire format",
        teaches: "How a message becomes a record and how it is read back: the serializer \
                  registers a schema and the import that it needs, the record carries the \
                  schema's id, and a reader needs nothing but the bytes and the registry.",
        selection: Selection::Basic,
        steps: &[
            "Register the imported schema first, then the one that imports it",
            "Serialize a message",
            "The same record, byte by byte",
            "Read it back, with nothing but the bytes and the registry",
            "What the registry holds now",
        ],
        subjects: &["other-{run_id}.proto", "testproto-{run_id}-value"],
        topics: &[topic::BASIC],
        changes: &[Change {
            key: "basic.f1",
            takes: "any text",
            accepts: text,
        }],
        run: |context| Box::pin(basic::example_basic(context)),
    },
    Example {
        number: 2,
        name: "delete",
        title: "a referenced schema cannot be deleted",
        teaches: "Why the registry refuses to delete a schema that another one references, in \
                  which order the two can be deleted, and what a soft delete leaves.",
        selection: Selection::Delete,
        steps: &[
            "Register two schemas, one referencing the other",
            "Ask who references it",
            "Delete the referenced subject first: the wrong order",
            "Delete the referencing subject first: the right order",
            "Delete both for good, the referenced one last",
        ],
        subjects: &["delete-other-{run_id}.proto", "delete-proto-{run_id}-value"],
        topics: &[],
        changes: &[Change {
            key: "delete.permanent",
            takes: "yes or no",
            accepts: |value| one_of(value, ["yes", "no"]),
        }],
        run: |context| Box::pin(delete::example_delete(context)),
    },
    Example {
        number: 3,
        name: "evolution",
        title: "change a schema, keep old and new programs",
        teaches: "How a schema changes while old and new programs run: which change \
                  BACKWARD_TRANSITIVE accepts and which it refuses, and what a reader of either \
                  version makes of the other's records.",
        selection: Selection::Evolution,
        steps: &[
            "Register v1 and set the subject's compatibility level",
            "v2 adds customer_id: ask first, then register",
            "v3 makes amount a string: the registry says why not",
            "An old and a new producer write to the same topic",
            "Each reader reads the other's record",
        ],
        subjects: &["transactions-proto-{run_id}-value"],
        topics: &[topic::EVOLUTION],
        changes: &[Change {
            key: "evolution.level",
            takes: "NONE, or BACKWARD, FORWARD or FULL, also with _TRANSITIVE",
            accepts: parses::<CompatibilityLevel>,
        }],
        run: |context| Box::pin(evolution::example_evolution(context)),
    },
    Example {
        number: 4,
        name: "oneof",
        title: "several event types in one topic",
        teaches: "How several kinds of events share one topic and keep their order: a wrapper \
                  message with a oneof, one schema id for all, and a consumer that routes by the \
                  case that is set.",
        selection: Selection::Oneof,
        steps: &[
            "Register the events, then the wrapper that references them",
            "Serialize events of different kinds for one topic",
            "Consume them and route each by the case that is set",
        ],
        subjects: &[
            "Customer-{run_id}.proto",
            "Product-{run_id}.proto",
            "Order-{run_id}.proto",
            "all-events-{run_id}-value",
        ],
        topics: &[topic::ONEOF],
        changes: &[Change {
            key: "oneof.events",
            takes: "customer, product and order, separated by commas",
            accepts: |value| value.split(',').all(|kind| oneof::event(kind).is_some()),
        }],
        run: |context| Box::pin(oneof::example_oneof(context)),
    },
    Example {
        number: 5,
        name: "null",
        title: "absent, present, default, tombstone",
        teaches: "How absent, present and default values differ on the wire, what a tombstone \
                  is, and the older way to write a value that may be absent: wrapper messages.",
        selection: Selection::Null,
        steps: &[
            "Four values: some fields, all fields, defaults set on purpose, none at all",
            "And a tombstone: a record without any value",
            "Read them back",
            "The older way: wrapper messages",
        ],
        subjects: &[
            "nullables-{run_id}-value",
            "wrapped-nullables-{run_id}-value",
        ],
        topics: &[topic::NULL],
        changes: &[Change {
            key: "null.age",
            takes: "a whole number of 32 bits",
            accepts: parses::<i32>,
        }],
        run: |context| Box::pin(null::example_null(context)),
    },
    Example {
        number: 6,
        name: "compat",
        title: "the seven compatibility levels, tried out",
        teaches: "Which changes of a schema each of the seven compatibility levels accepts. The \
                  registry answers for each pair, and the answers are compared with Confluent's \
                  rules.",
        selection: Selection::Compat,
        steps: &[
            "Which level applies where no subject has one of its own?",
            "Register two versions to compare with",
            "Try changes under every level",
            "Compare with the rules",
        ],
        subjects: &["compat-proto-{run_id}-value"],
        topics: &[],
        changes: &[Change {
            key: "compat.note",
            takes: "the type of a field, such as int32 or string",
            accepts: |value| compat::with_note(value).is_ok(),
        }],
        run: |context| Box::pin(compat::example_compat(context)),
    },
    Example {
        number: 7,
        name: "types",
        title: "typed, dynamic and JSON views of a record",
        teaches: "How a reader chooses what it gets from the same bytes: a typed message, a \
                  dynamic message or JSON; and what the Java client's settings are in Rust.",
        selection: Selection::Types,
        steps: &[
            "Which schema types does the registry know?",
            "Serialize a Customer",
            "Read the same bytes three ways",
            "Read them as another type",
            "Choose the type by the name of the writer's message",
            "How the Java client's settings are said here",
        ],
        subjects: &["types-proto-{run_id}-value"],
        topics: &[],
        changes: &[Change {
            key: "types.customer_id",
            takes: "a whole number of 64 bits",
            accepts: parses::<i64>,
        }],
        run: |context| Box::pin(types::example_types(context)),
    },
    Example {
        number: 8,
        name: "strategies",
        title: "subject and reference name strategies",
        teaches: "How the subject name strategies name subjects and references, and why a reader \
                  needs none of them.",
        selection: Selection::Strategies,
        steps: &[
            "Serialize the same payment under each subject name strategy",
            "Read them back: the id is enough, no strategy is needed",
            "A record with an import, under both reference name strategies",
        ],
        subjects: &[
            "payments-{run_id}-value",
            "r_{run_id}.Payment",
            "payments-{run_id}-r_{run_id}.Payment",
            "referencing-payments-{run_id}-value",
            "r_{run_id}/other.proto",
            "r_{run_id}.other",
        ],
        topics: &[topic::STRATEGIES],
        changes: &[],
        run: |context| Box::pin(strategies::example_strategies(context)),
    },
    Example {
        number: 9,
        name: "csfle",
        title: "client-side field-level encryption",
        teaches: "How fields with a tag are encrypted in the producer by a rule that is stored \
                  with the schema, what readers with and without the key see, and how a data \
                  encryption key rotates.",
        selection: Selection::Csfle,
        steps: &[
            "A schema with tagged fields, and the rule that encrypts them",
            "Define the tag, and the key encryption key (KEK) in the DEK Registry",
            "Register the schema together with its rule, and read both back",
            "Serialize: the serializer finds the rule and encrypts",
            "Read it: with the key, and without",
            "Rotate the data encryption key",
        ],
        subjects: &["csfle-{run_id}-value"],
        topics: &[topic::CSFLE],
        changes: &[
            Change {
                key: DEK_ALGORITHM,
                takes: "AES128_GCM, AES256_GCM or AES256_SIV; empty is as without --set",
                accepts: parses_or_empty::<Algorithm>,
            },
            Change {
                key: DEK_EXPIRY_DAYS,
                takes: "a number of days, 0 for never; empty is as without --set",
                accepts: parses_or_empty::<u32>,
            },
            Change {
                key: KMS_KEY_ID,
                takes: "the id of a KMS key; empty is as without --set",
                accepts: text,
            },
        ],
        run: |context| Box::pin(csfle::example_csfle(context)),
    },
    Example {
        number: 10,
        name: "no-auto-register",
        title: "schemas registered by hand only",
        teaches: "How a producer works that may use schemas but not register them, and what it \
                  answers where no schema is registered.",
        selection: Selection::NoAutoRegister,
        steps: &[
            "The pipeline registers the schema",
            "The producer looks it up and uses it",
            "The same producer, on a topic whose schema nobody registered",
        ],
        subjects: &["invoices-{run_id}-value"],
        topics: &[topic::NO_AUTO_REGISTER],
        changes: &[Change {
            key: "no-auto-register.auto",
            takes: "true or false",
            accepts: |value| one_of(value, ["true", "false"]),
        }],
        run: |context| Box::pin(no_auto_register::example_no_auto_register(context)),
    },
];
