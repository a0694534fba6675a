//! The program as users run it: arguments and environment in, output and exit code out.
//! Every run has an empty directory and an empty environment, so that no `.env` or
//! exported credential can select a real cluster.

mod bad_input;
mod changes;
mod cleanup;
mod commands;
mod decode;
mod dialects;
mod examples;
mod kafka;
mod output;
mod registry;
mod schema;
mod serve;
mod settings;
mod streams;
