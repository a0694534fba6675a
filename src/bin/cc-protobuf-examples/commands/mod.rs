//! The subcommands, one file each.

mod by_hand;
mod clean;
mod completions;
mod decode;
mod doctor;
mod man;
mod serve;
mod usage;

pub use clean::{Cleaned, clean, remove_run};
pub use completions::completions;
pub use decode::decode;
pub use doctor::{doctor, show_configuration};
pub use man::man;
pub use serve::serve;
pub use usage::usage;
