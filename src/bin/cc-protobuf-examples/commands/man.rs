//! `man`: the manual page.

use std::io::{ErrorKind, Write};

use clap::CommandFactory;

use crate::cli::Cli;
use crate::failure::{Exit, Failure};

/// Prints the manual page of the program, or of one of its commands, in roff.
pub fn man(command: Option<&str>) -> Result<Exit, Failure> {
    let mut program = Cli::command();
    // Gives commands the flags and the names they inherit.
    program.build();
    let of = match command {
        None => &program,
        Some(name) => program.find_subcommand(name).ok_or_else(|| {
            Failure::usage(format!("no command is named {name:?}"))
                .hint("`--help` lists the commands")
        })?,
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(of.clone()).render(&mut page)?;
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
