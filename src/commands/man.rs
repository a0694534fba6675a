//! `man`: the manual page.

use std::io::{ErrorKind, Write};

use clap::CommandFactory;

use crate::cli::Cli;
use crate::failure::{Exit, Failure};

/// Prints the manual page in roff.
pub fn man() -> Result<Exit, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    print(&page)
}

/// Writes generated text to stdout; a reader that went away is no failure.
pub(super) fn print(text: &[u8]) -> Result<Exit, Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(Exit::Met),
    }
}
