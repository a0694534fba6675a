//! The program as its users meet it: arguments and environment in, output and
//! exit code out. Every run starts in an empty directory with an empty
//! environment, so that no `.env` and no exported credential can lead it to
//! somebody's cluster.
#![cfg(feature = "cli")]

#[path = "cli/bad_input.rs"]
mod bad_input;
#[path = "cli/changes.rs"]
mod changes;
#[path = "cli/cleanup.rs"]
mod cleanup;
#[path = "cli/commands.rs"]
mod commands;
#[path = "cli/decode.rs"]
mod decode;
#[path = "cli/dialects.rs"]
mod dialects;
#[path = "cli/examples.rs"]
mod examples;
#[path = "support/http.rs"]
mod http;
#[path = "cli/kafka.rs"]
mod kafka;
#[path = "cli/output.rs"]
mod output;
#[path = "kafka/peers.rs"]
mod peers;
#[path = "cli/program.rs"]
mod program;
#[path = "cli/registry.rs"]
mod registry;
#[path = "cli/schema.rs"]
mod schema;
#[path = "cli/serve.rs"]
mod serve;
#[path = "cli/settings.rs"]
mod settings;
#[path = "cli/streams.rs"]
mod streams;
