//! The ten examples: one file each, to be read from top to bottom like a page
//! of a book. [`Context`] gives them what they need; `runner` runs them.

mod changes;
mod context;
mod interrupt;
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
pub use context::{Context, Message, Saved, Schema};
pub use interrupt::StopSignal;
pub use runner::{refuse, run};

use crate::cli::Selection;
use crate::failure::Failure;
use crate::naming::topic;

/// What an example does, as a future.
type Running<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>>;

/// One example.
pub struct Example {
    /// Number, 1 to 10.
    pub number: u8,
    /// Name, as `--example` takes it.
    pub name: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// Its value of `--example`.
    pub selection: Selection,
    /// Topics that it sends records to, without the run id.
    pub topics: &'static [&'static str],
    /// What `--set` may change.
    changes: &'static [Change],
    /// Runs it.
    pub run: for<'a> fn(&'a Context<'a>) -> Running<'a>,
}

/// All examples, in order.
pub static ALL: [Example; 10] = [
    Example {
        number: 1,
        name: "basic",
        title: "serializer, deserializer, wire format",
        selection: Selection::Basic,
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
        selection: Selection::Delete,
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
        selection: Selection::Evolution,
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
        selection: Selection::Oneof,
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
        selection: Selection::Null,
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
        selection: Selection::Compat,
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
        selection: Selection::Types,
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
        selection: Selection::Strategies,
        topics: &[topic::STRATEGIES],
        changes: &[],
        run: |context| Box::pin(strategies::example_strategies(context)),
    },
    Example {
        number: 9,
        name: "csfle",
        title: "client-side field-level encryption",
        selection: Selection::Csfle,
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
        selection: Selection::NoAutoRegister,
        topics: &[topic::NO_AUTO_REGISTER],
        changes: &[Change {
            key: "no-auto-register.auto",
            takes: "true or false",
            accepts: |value| one_of(value, ["true", "false"]),
        }],
        run: |context| Box::pin(no_auto_register::example_no_auto_register(context)),
    },
];
