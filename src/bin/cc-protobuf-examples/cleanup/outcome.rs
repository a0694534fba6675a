//! The result of a clean-up.

use cc_protobuf_examples::kafka::{self, Deleted};
use cc_protobuf_examples::schema_registry::Error;

use crate::console::{ErrorReport, counted};
use crate::failure::{Exit, Failure};

/// The result of a clean-up so far.
#[derive(Debug, Default)]
pub struct Cleaned {
    /// Things that were removed, or would be in a dry run.
    pub removed: Vec<String>,
    /// Things that were not removed.
    pub(super) left: Vec<Left>,
    /// Failures to find out what the run left.
    pub(super) unknown: Vec<Failure>,
    /// Set when the registry refuses the credentials, as it will each time.
    pub(super) refused: Option<Failure>,
}

/// A thing that was not removed.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) what: String,
    pub(super) why: Failure,
    /// The command with which the user can remove it.
    pub(super) by_hand: String,
}

impl Left {
    fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "name": self.what,
            "reason": self.why.to_string(),
            "by_hand": self.by_hand,
        })
    }
}

impl Cleaned {
    /// Returns what was not removed, for a JSON document.
    pub fn left_to_json(&self) -> Vec<serde_json::Value> {
        self.left.iter().map(Left::to_json).collect()
    }

    /// Counts what was removed by kind: `2 subjects, 1 KEK`; `None` for nothing.
    pub(super) fn count(&self) -> Option<String> {
        count(&self.removed)
    }

    /// Returns the exit code of the whole clean-up.
    pub fn exit(&self) -> Exit {
        Exit::of_all(self.each().map(|failure| failure.exit))
    }

    /// Returns the failures, for a JSON document.
    pub fn errors(&self) -> Vec<ErrorReport> {
        self.each().map(|failure| (&failure).into()).collect()
    }

    /// Returns the failures to print. Things with the same remedy are combined
    /// into one failure, with the first one's reason.
    pub fn failures(&self) -> Vec<Failure> {
        let mut reasons: Vec<(&Failure, Vec<&str>)> = Vec::new();
        for Left { what, why, .. } in &self.left {
            match reasons.iter_mut().find(|(known, _)| alike(known, why)) {
                Some((_, things)) => things.push(what),
                None => reasons.push((why, vec![what])),
            }
        }
        let merged = reasons.into_iter().map(|(why, things)| {
            why.clone()
                .context(format!("cannot remove {}", things.join(", ")))
        });
        self.unknown.iter().cloned().chain(merged).collect()
    }

    fn each(&self) -> impl Iterator<Item = Failure> + '_ {
        let left = self
            .left
            .iter()
            .map(|Left { what, why, .. }| why.clone().context(format!("cannot remove {what}")));
        self.unknown.iter().cloned().chain(left)
    }

    /// Converts the error, and remembers if the registry refuses the credentials.
    pub(super) fn judge(&mut self, done: Result<(), Error>) -> Result<(), Failure> {
        done.map_err(|error| {
            let unauthorized = error.is_unauthorized();
            let failure = Failure::from(error);
            if unauthorized {
                self.refused = Some(failure.clone());
            }
            failure
        })
    }

    /// Records the result for one thing.
    pub(super) fn note(&mut self, what: String, by_hand: String, done: Result<(), Failure>) {
        match done {
            Ok(()) => self.removed.push(what),
            Err(why) => self.left.push(Left { what, why, by_hand }),
        }
    }

    /// Records the result for topics or groups; `names` are the requested ones.
    pub(super) fn note_all(
        &mut self,
        kind: &str,
        names: &[&str],
        by_hand: impl Fn(&str) -> String,
        done: Result<Deleted, kafka::Error>,
    ) {
        let left: Vec<(String, Failure)> = match done {
            Ok(Deleted { gone, left }) => {
                let gone = gone.into_iter().map(|name| format!("{kind} {name}"));
                self.removed.extend(gone);
                left.into_iter()
                    .map(|(name, error)| (name, error.into()))
                    .collect()
            }
            Err(error) => {
                let why = Failure::from(error);
                names
                    .iter()
                    .map(|name| ((*name).to_owned(), why.clone()))
                    .collect()
            }
        };
        for (name, why) in left {
            let by_hand = by_hand(&name);
            self.note(format!("{kind} {name}"), by_hand, Err(why));
        }
    }
}

/// Returns whether two failures can be reported as one.
fn alike(one: &Failure, other: &Failure) -> bool {
    let same_remedy = one.hint.is_some() && one.hint == other.hint && one.exit == other.exit;
    same_remedy || one == other
}

fn count(removed: &[String]) -> Option<String> {
    let kinds = ["subject", "KEK", "topic", "consumer group"].map(|kind| {
        let of_kind = |thing: &&String| thing.starts_with(&format!("{kind} "));
        let number = removed.iter().filter(of_kind).count();
        (number > 0).then(|| counted(number, kind))
    });
    let kinds: Vec<String> = kinds.into_iter().flatten().collect();
    (!kinds.is_empty()).then(|| kinds.join(", "))
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn what_was_removed_is_counted_by_kind() {
        assert_eq!(count(&[]), None);
        let removed = ["subject a", "subject b", "KEK c and its DEKs"].map(str::to_owned);
        assert_eq!(count(&removed).unwrap(), "2 subjects, 1 KEK");
    }
}
