//! What the README says is so: its excerpts, commands, messages and lists.

mod commands;
mod dependencies;
mod excerpts;
mod files;
mod names;
mod troubleshooting;
