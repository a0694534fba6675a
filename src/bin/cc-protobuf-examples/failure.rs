//! A failure for users and scripts: message, causes, hint, exit code.

use std::error::Error;
use std::sync::Arc;

use cc_protobuf_examples::csfle::kms;
use cc_protobuf_examples::kafka;
use cc_protobuf_examples::protobuf;
use cc_protobuf_examples::schema_registry::{self, ErrorKind};
use cc_protobuf_examples::serdes::{self, SchemaName};

use crate::hints;
use crate::settings;
use crate::terminal::stderr;

/// Target of failures. They are printed on stderr; only the log file takes them from here.
pub const FAILURE: &str = "failure";

/// How a process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Every expectation was met.
    Met,
    /// An expectation failed, or a backend refused for another reason.
    Unmet,
    /// Wrong usage or configuration.
    Usage,
    /// A backend was not reached, or is not a registry or broker.
    Unreachable,
    /// A backend refused the credentials or the operation.
    Refused,
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM.
    Terminated,
}

impl Exit {
    /// Returns the process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Met => 0,
            Self::Unmet => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::Refused => 4,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// Returns whether a signal ended the process.
    pub fn is_signal(self) -> bool {
        matches!(self, Self::Interrupted | Self::Terminated)
    }

    /// Combines the results of several parts: the failures' common result, or
    /// [`Exit::Unmet`] if they differ.
    pub fn of_all(parts: impl IntoIterator<Item = Exit>) -> Exit {
        let mut failures = parts.into_iter().filter(|exit| *exit != Exit::Met);
        match failures.next() {
            None => Exit::Met,
            Some(first) if failures.all(|exit| exit == first) => first,
            Some(_) => Exit::Unmet,
        }
    }
}

/// A failure ready to be printed. Any error converts into one with `?`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What failed.
    pub message: String,
    /// The causes, outermost first.
    pub causes: Vec<String>,
    /// What the user can do.
    pub hint: Option<String>,
    /// How the process ends.
    pub exit: Exit,
}

impl Failure {
    /// Creates a failure for an expectation that was not met.
    pub fn expectation(message: impl Into<String>) -> Self {
        Self::new(Exit::Unmet, message)
    }

    /// Creates a failure for wrong usage or configuration.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Creates a failure without causes.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            causes: Vec::new(),
            hint: None,
            exit,
        }
    }

    /// Sets what the user can do.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what the program was doing as the message; the old message becomes a cause.
    pub fn context(mut self, doing: impl Into<String>) -> Self {
        let cause = std::mem::replace(&mut self.message, doing.into());
        self.causes.insert(0, cause);
        self
    }

    /// Prints the failure on stderr: error, causes, hint.
    pub fn print(&self) {
        stderr::message(stderr::ERROR, &self.message);
        for cause in &self.causes {
            stderr::message(stderr::CAUSE, cause);
        }
        let mut line = self.to_string();
        if let Some(hint) = &self.hint {
            stderr::message(stderr::HINT, hint);
            line.push_str(&format!("; hint: {hint}"));
        }
        // Causes may have line breaks, but an entry of the log is one line.
        let words: Vec<&str> = line.lines().map(str::trim).collect();
        tracing::error!(target: FAILURE, "{}", words.join(" "));
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        for cause in &self.causes {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let message = error.to_string();
        let mut causes: Vec<String> = Vec::new();
        let mut exit = None;
        let mut hint = None;
        let mut next: Option<&(dyn Error + 'static)> = Some(&error);
        while let Some(current) = next {
            if let Some((current_exit, current_hint)) = verdict(current) {
                exit = exit.or(Some(current_exit));
                hint = hint.or(current_hint);
            }
            let text = current.to_string();
            let last = causes.last().unwrap_or(&message);
            if !last.contains(&text) {
                causes.push(text);
            }
            next = current.source();
        }
        Self {
            message,
            causes,
            hint,
            exit: exit.unwrap_or(Exit::Unmet),
        }
    }
}

/// Returns exit code and hint for an error of the chain, if it determines them.
fn verdict(error: &(dyn Error + 'static)) -> Option<(Exit, Option<String>)> {
    if let Some(error) = error.downcast_ref::<settings::Error>() {
        return Some((Exit::Usage, Some(error.hint())));
    }
    if let Some(serdes::ErrorKind::UnknownSchema {
        schema: SchemaName::Ref(_),
        source,
    }) = of_type::<serdes::Error>(error).map(serdes::Error::kind)
        // Error code 404 means that the registry does not know the path.
        && source.error_code() != Some(404)
    {
        let hint = "check that this is the registry that the record was written with: each registry has its own ids, and schemas can be deleted permanently";
        return Some((Exit::Unmet, Some(hint.to_owned())));
    }
    if let Some(error) = of_type::<schema_registry::Error>(error) {
        let exit = match error.kind() {
            ErrorKind::Settings => Exit::Usage,
            ErrorKind::Connect
            | ErrorKind::Interrupted
            | ErrorKind::Timeout
            | ErrorKind::Throttled
            | ErrorKind::Server
            | ErrorKind::NotARegistry => Exit::Unreachable,
            ErrorKind::Unauthorized | ErrorKind::Forbidden => Exit::Refused,
            _ => Exit::Unmet,
        };
        return Some((exit, hints::registry(error).map(str::to_owned)));
    }
    if let Some(error) = of_type::<kafka::Error>(error) {
        let exit = if error.is_unreachable() {
            Exit::Unreachable
        } else if error.is_refused() {
            Exit::Refused
        } else {
            Exit::Unmet
        };
        return Some((exit, hints::kafka(error.kind()).map(str::to_owned)));
    }
    if let Some(protobuf::Error::SaveConflict { .. }) = error.downcast_ref() {
        let hint = "move that file away, or give --save-schemas another directory";
        return Some((Exit::Unmet, Some(hint.to_owned())));
    }
    if let Some(error) = of_type::<kms::Error>(error) {
        return Some(kms_verdict(error));
    }
    None
}

fn kms_verdict(error: &kms::Error) -> (Exit, Option<String>) {
    let (exit, hint) = match error.kind() {
        kms::ErrorKind::Denied => (
            Exit::Refused,
            "check the AWS credentials of this shell, and that they may use the key (kms:Encrypt, kms:Decrypt)",
        ),
        kms::ErrorKind::Unreachable => (
            Exit::Unreachable,
            "check the network, and the region in AWS_KMS_KEY_ARN",
        ),
        kms::ErrorKind::NotFound => (Exit::Unmet, "check AWS_KMS_KEY_ARN"),
        kms::ErrorKind::WrongKey => (
            Exit::Unmet,
            "use the LOCAL_SECRET or KMS key of the run that created the key, or another --run-id",
        ),
        kms::ErrorKind::Unconfigured => (Exit::Usage, "set AWS_KMS_KEY_ARN or LOCAL_SECRET"),
        _ => return (Exit::Unmet, None),
    };
    (exit, Some(hint.to_owned()))
}

/// Downcasts an error to `E`, also if it is shared in an `Arc`.
pub fn of_type<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    error
        .downcast_ref::<E>()
        .or_else(|| error.downcast_ref::<Arc<E>>().map(Arc::as_ref))
        .or_else(|| error.downcast_ref::<Box<E>>().map(Box::as_ref))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_ends_with_the_common_code_of_its_failures() {
        use Exit::*;
        assert_eq!(Exit::of_all([Met, Met]), Met);
        assert_eq!(Exit::of_all([Met, Refused, Met, Refused]), Refused);
        assert_eq!(Exit::of_all([Unreachable, Refused]), Unmet);
    }

    #[test]
    fn settings_errors_carry_code_and_hint() {
        let failure = Failure::from(settings::Error::RunId("a b".to_owned()));
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.hint.is_some());
        assert!(failure.causes.is_empty());
    }
}
