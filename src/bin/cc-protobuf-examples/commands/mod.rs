//! The subcommands, one file each.

mod clean;
mod completions;
mod decode;
mod doctor;
mod list;
mod man;
mod serve;
mod usage;

pub use clean::clean;
pub use completions::{complete, completions};
pub use decode::decode;
pub use doctor::{doctor, show_configuration};
pub use list::{explain, list};
pub use man::man;
pub use serve::serve;
pub use usage::{usage, wanted_output};
