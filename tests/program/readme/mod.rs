//! The README's excerpts, commands, messages and lists are correct.

mod commands;
mod dependencies;
mod excerpts;
mod files;
mod names;
mod troubleshooting;
