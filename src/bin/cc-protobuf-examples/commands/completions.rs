//! The command `completions`: prints a script for a shell. The script asks this
//! program at each Tab for the possible words.
//!
//! Static scripts of clap_complete do not work here. In bash they complete nothing
//! after a command, because the program's name has hyphens (clap issue 6421). In
//! fish they offer files for the values of flags, and nothing for positional
//! arguments.

use std::ffi::OsString;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::env::Shells;
use clap_complete::{CompleteEnv, Shell};

use crate::cli::Cli;
use crate::console::Console;
use crate::failure::{Exit, Failure};

/// Environment variable that the shell sets when it asks for completions.
const REQUEST: &str = "_CC_PROTOBUF_EXAMPLES_COMPLETE";

/// Answers a shell's request for completions. Returns false if there is none.
pub fn complete() -> Result<bool, clap::Error> {
    let directory = std::env::current_dir().ok();
    let mut words: Vec<OsString> = std::env::args_os().collect();
    // Bash splits `--example=bas` at the `=` and completes the last of three words.
    // Rewrite it as `--example bas`, with a flag without effect as the third word.
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

/// Prints the completion script for a shell.
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

/// Returns the program that the script calls: the one on PATH, or the running
/// file if it was started by its path.
fn completer(name: &str) -> String {
    let started = std::env::args_os().next().unwrap_or_default();
    let by_path = Path::new(&started).components().count() > 1;
    // Not all shells undo the scripts' quoting of other characters.
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@".contains(c);
    std::env::current_exe()
        .ok()
        .filter(|_| by_path)
        .and_then(|path| path.into_os_string().into_string().ok())
        .filter(|path| path.chars().all(plain))
        .unwrap_or_else(|| name.to_owned())
}
