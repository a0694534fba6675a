//! `completions`: the script that a shell evaluates at its start. With it the
//! shell asks this program at each Tab which words may stand there.
//!
//! clap_complete can also write scripts that ask nobody. They do not work here: in
//! bash nothing is completed behind a command, because the program's name has
//! hyphens (clap issue 6421); fish offers files for the values of flags, and nothing
//! for positional arguments.

use std::ffi::OsString;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::env::Shells;
use clap_complete::{CompleteEnv, Shell};

use crate::cli::Cli;
use crate::console::Console;
use crate::failure::{Exit, Failure};

/// Set by the shell when it asks for completions.
const REQUEST: &str = "_CC_PROTOBUF_EXAMPLES_COMPLETE";

/// Answers a shell's request for completions. Returns false if there is none.
pub fn complete() -> Result<bool, clap::Error> {
    let directory = std::env::current_dir().ok();
    let mut words: Vec<OsString> = std::env::args_os().collect();
    // Bash splits `--example=bas` at the `=` and completes the last of three words.
    // `--example bas` means the same; a flag without effect keeps the count of words.
    let mut rest = words.as_mut_slice();
    while let [option, equals, ..] = rest {
        if equals == "=" {
            *equals = std::mem::replace(option, "-v".into());
        }
        rest = rest.get_mut(1..).unwrap_or_default();
    }
    CompleteEnv::with_factory(Cli::command)
        .var(REQUEST)
        .try_complete(words, directory.as_deref())
}

/// Prints the completion script for `shell`.
pub fn completions(shell: Shell, console: &Console) -> Result<Exit, Failure> {
    let shells = Shells::builtins();
    let shell = shells
        .completer(&shell.to_string())
        .ok_or_else(|| Failure::usage(format!("there are no completions for {shell}")))?;
    let program = Cli::command();
    let name = program.get_name();
    let mut script = Vec::new();
    shell.write_registration(REQUEST, name, name, &completer(name), &mut script)?;
    console.data(&script);
    Ok(Exit::Met)
}

/// The program that the shell asks: the one on PATH, or the very file that runs
/// now if it was started by its path.
fn completer(name: &str) -> String {
    let started = std::env::args_os().next().unwrap_or_default();
    let by_path = Path::new(&started).components().count() > 1;
    // The scripts quote no other characters in a way that all shells undo.
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@".contains(c);
    std::env::current_exe()
        .ok()
        .filter(|_| by_path)
        .and_then(|path| path.into_os_string().into_string().ok())
        .filter(|path| path.chars().all(plain))
        .unwrap_or_else(|| name.to_owned())
}
