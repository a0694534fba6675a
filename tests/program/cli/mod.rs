//! The program as its users meet it: arguments and environment in, output and
//! exit code out. Every run starts in an empty directory with an empty
//! environment, so that no `.env` and no exported credential can lead it to
//! somebody's cluster.

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
