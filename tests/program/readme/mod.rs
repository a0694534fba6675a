//! What the README says is so: its excerpts, commands, messages and lists.

mod commands;
mod dependencies;
mod excerpts;
mod names;
mod place;
mod troubleshooting;
