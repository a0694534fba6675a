//! Starts the program in an empty directory with an empty environment, and keeps
//! what it prints.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// An empty directory for one or more runs.
pub struct Place {
    directory: TempDir,
    environment: Vec<(String, String)>,
}

impl Place {
    pub fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            environment: Vec::new(),
        }
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn join(&self, path: &str) -> PathBuf {
        self.path().join(path)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cc-protobuf-examples"));
        command
            .args(arguments)
            .env_clear()
            .envs(self.environment.iter().cloned())
            .current_dir(self.path())
            .stdin(Stdio::null());
        command
    }

    /// Sends a run a signal once its log file contains `text`.
    pub fn signal_at(&self, child: Child, signal: &str, text: &str) -> Output {
        let log = self.join("cc-protobuf-examples.log");
        let deadline = Instant::now() + Duration::from_secs(120);
        while !std::fs::read_to_string(&log).is_ok_and(|log| log.contains(text)) {
            assert!(Instant::now() < deadline, "the log never says {text:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        let id = child.id().to_string();
        let kill = Command::new("kill").args([signal, &id]).status();
        assert!(kill.unwrap().success());
        child.wait_with_output().unwrap()
    }

    /// Runs the program; it must end within two minutes.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = assert_cmd::Command::from_std(self.command(arguments));
        Ran::of(command.timeout(Duration::from_secs(120)).output().unwrap())
    }

    /// Runs the program with arguments that may be other than UTF-8.
    pub fn run_os(&self, arguments: &[OsString]) -> Ran {
        let mut command = assert_cmd::Command::from_std(self.command(&[]));
        let command = command.args(arguments).timeout(Duration::from_secs(120));
        Ran::of(command.output().unwrap())
    }

    /// Runs the program with this stdout, for at most two minutes.
    pub fn run_into(&self, arguments: &[&str], stdout: Stdio) -> Ran {
        let mut command = self.command(arguments);
        let command = command.stdout(stdout).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(120);
        while child.try_wait().unwrap().is_none() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = child.kill();
        Ran::of(child.wait_with_output().unwrap())
    }

    /// Runs the program with these bytes on stdin.
    pub fn run_with(&self, arguments: &[&str], input: &[u8]) -> Ran {
        let mut command = assert_cmd::Command::from_std(self.command(arguments));
        let command = command.timeout(Duration::from_secs(120)).write_stdin(input);
        Ran::of(command.output().unwrap())
    }

    pub fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }
}

/// The result of a run.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        let Self { stdout, stderr, .. } = &self;
        assert_eq!(
            self.code, code,
            "\n--- stdout\n{stdout}\n--- stderr\n{stderr}"
        );
        self
    }

    #[track_caller]
    pub fn says(self, needle: &str) -> Self {
        assert!(
            self.stdout.contains(needle),
            "{needle:?} is not in\n{}",
            self.stdout
        );
        self
    }

    #[track_caller]
    pub fn complains(self, needle: &str) -> Self {
        assert!(
            self.stderr.contains(needle),
            "{needle:?} is not in\n{}",
            self.stderr
        );
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}\n{}", self.stdout))
    }
}
