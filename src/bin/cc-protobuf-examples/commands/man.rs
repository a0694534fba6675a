//! The command `man`: prints the manual page.

use clap::CommandFactory;

use crate::cli::Cli;
use crate::console::Console;
use crate::failure::{Exit, Failure};

/// Heading of the section with the text that `--help` shows below the flags.
const EXTRA: &str = ".SH EXTRA\n";

/// Prints the manual page of the program, or of one of its commands, in roff.
pub fn man(command: Option<&str>, console: &Console) -> Result<Exit, Failure> {
    let mut program = Cli::command();
    // Passes global flags and names on to the commands.
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
    let page = String::from_utf8_lossy(&page);
    console.data(as_typed(&page).as_bytes());
    Ok(Exit::Met)
}

/// Keeps the line breaks in the last section: it has tables and examples, which
/// roff would merge into paragraphs.
fn as_typed(page: &str) -> String {
    let Some((before, after)) = page.split_once(EXTRA) else {
        return page.to_owned();
    };
    let (text, rest) = match after.find(".SH ") {
        Some(at) => after.split_at(at),
        None => (after, ""),
    };
    format!("{before}{EXTRA}.nf\n{text}.fi\n{rest}")
}
