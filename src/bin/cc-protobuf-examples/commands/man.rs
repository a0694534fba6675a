//! `man`: the manual page.

use clap::CommandFactory;

use crate::cli::Cli;
use crate::console::Console;
use crate::failure::{Exit, Failure};

/// Heading of the section with the texts below the flags of `--help`.
const EXTRA: &str = ".SH EXTRA\n";

/// Prints the manual page of the program, or of one of its commands, in roff.
pub fn man(command: Option<&str>, console: &Console) -> Result<Exit, Failure> {
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
    let page = String::from_utf8_lossy(&page);
    console.data(as_typed(&page).as_bytes());
    Ok(Exit::Met)
}

/// The page with its last texts line by line as they were typed: they hold tables
/// and examples, which roff would fill into paragraphs.
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
