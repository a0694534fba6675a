//! Writes log events to stderr at the requested level, and to the log file of a
//! run.
//!
//! A line of the file is `YYYY-MM-DD HH:MM:SS - LEVEL - function_name - message` in
//! local time. The function name is the innermost span's, or else the module's.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Mutex;

use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterExt, filter_fn};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use cc_protobuf_examples::printable::escape;

use crate::failure::FAILURE;
use crate::terminal::layout::stderr_width;
use crate::terminal::stderr;

/// Target of narration. The console prints it; only the log file takes it from here.
pub const NARRATION: &str = "narration";

/// The log file of a run.
#[derive(Clone, Copy, Debug)]
pub enum LogFile<'a> {
    /// No log file.
    Off,
    /// This file, which is overwritten.
    At(&'a Path),
}

/// Starts logging. Reports on stderr if the log file cannot be written, and
/// continues without it.
pub fn start_logging(verbose: u8, quiet: bool, file: LogFile<'_>) {
    let wanted = std::env::var("RUST_LOG").unwrap_or_default();
    let level = match (quiet, verbose) {
        (true, _) => "error",
        // The failure that follows a warning of aws_config says more.
        (_, 0) => "warn,aws_config=error",
        (_, 1) => "warn,aws_config=error,cc_protobuf_examples=debug",
        (_, 2) => "info,cc_protobuf_examples=debug",
        _ => "debug,cc_protobuf_examples=trace",
    };
    let filter = |base: &str| EnvFilter::builder().parse_lossy(format!("{base},{wanted}"));
    let shown_elsewhere =
        filter_fn(|event| event.target() != NARRATION && event.target() != FAILURE);
    let console = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(io::stderr)
        .event_format(ConsoleLine)
        .with_filter(filter(level).and(shown_elsewhere));
    let (file_layer, problem) = match file {
        LogFile::Off => (None, None),
        LogFile::At(path) => match create(path) {
            Ok(file) => {
                let base = "warn,cc_protobuf_examples=debug,librdkafka=debug,narration=debug,failure=debug";
                let layer = tracing_subscriber::fmt::layer()
                    .with_ansi(false)
                    .with_writer(Mutex::new(file))
                    .event_format(FileLine)
                    .with_filter(filter(base));
                (Some(layer), None)
            }
            Err(error) => (None, Some((path, error))),
        },
    };
    let subscriber = tracing_subscriber::registry()
        .with(console)
        .with(file_layer);
    // In tests, a second call keeps the first subscriber.
    let _ = tracing::subscriber::set_global_default(subscriber);
    if let Some((path, error)) = problem {
        tracing::warn!("no log file: cannot write {}: {error}", path.display());
    }
}

/// Creates the log file, or truncates an existing one. Only the user may read it.
/// An existing file must be a regular file of the user without other links, so
/// that nobody can make the log overwrite another file.
#[cfg(unix)]
fn create(path: &Path) -> io::Result<File> {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};

    use rustix::fs::OFlags;

    // Without NONBLOCK, opening a named pipe would wait for a reader.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let opened = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(flags.cast_signed())
        .open(path);
    let file = opened.map_err(|error| match path.is_symlink() {
        true => io::Error::other("it is a symbolic link"),
        false => error,
    })?;
    let found = file.metadata()?;
    let refusal = if !found.is_file() {
        Some("it is not a regular file")
    } else if found.uid() != rustix::process::geteuid().as_raw() {
        Some("it belongs to another user")
    } else if found.nlink() > 1 {
        Some("it has another name (a hard link)")
    } else {
        None
    };
    if let Some(refusal) = refusal {
        return Err(io::Error::other(refusal));
    }
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.set_len(0)?;
    Ok(file)
}

#[cfg(not(unix))]
fn create(path: &Path) -> io::Result<File> {
    File::create(path)
}

/// Formats an event as `warning: message`, like other messages on stderr.
struct ConsoleLine;

impl<S, N> FormatEvent<S, N> for ConsoleLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let level = match *event.metadata().level() {
            tracing::Level::ERROR => "error",
            tracing::Level::WARN => "warning",
            tracing::Level::INFO => "info",
            tracing::Level::DEBUG => "debug",
            tracing::Level::TRACE => "trace",
        };
        let mut text = String::new();
        context.format_fields(Writer::new(&mut text), event)?;
        for line in stderr::lines(0, &format!("{level}:"), &text, stderr_width()) {
            writeln!(writer, "{line}")?;
        }
        Ok(())
    }
}

/// Formats an event for the log file.
struct FileLine;

impl<S, N> FormatEvent<S, N> for FileLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        let time = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S").to_string();
        let span = context.lookup_current();
        let function = match &span {
            Some(span) => span.name(),
            None => {
                let module = metadata.module_path().unwrap_or(metadata.target());
                module.rsplit("::").next().unwrap_or(module)
            }
        };
        let mut text = String::new();
        context.format_fields(Writer::new(&mut text), event)?;
        let (level, text) = (metadata.level(), escape(&text));
        writeln!(writer, "{time} - {level} - {function} - {text}")
    }
}
