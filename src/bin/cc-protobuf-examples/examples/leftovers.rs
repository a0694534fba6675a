//! Reports what a run left on the backends, and how to remove it.

use std::collections::HashSet;

use super::plan::RunPlan;
use crate::backends::Backends;
use crate::console::{Console, Report};

/// What a run left on the backends, as far as known.
pub(super) struct Made {
    subjects: Vec<String>,
    keks: Vec<String>,
    topics: Vec<String>,
}

impl Made {
    /// Returns every name that the run has used.
    pub(super) fn of_run(plan: &RunPlan<'_>) -> Self {
        let created = plan.names.created();
        Self {
            subjects: created.subjects,
            keks: created.keks,
            topics: plan.topics().unwrap_or_default(),
        }
    }

    /// Removes subjects and keys that do not exist, here and in the report. Keeps all
    /// if the registry does not answer.
    pub(super) async fn look(&mut self, backends: &Backends, report: &mut Report) {
        let client = &backends.registry.client;
        if let Ok(there) = client.subjects().await {
            let there: HashSet<String> = there.into_iter().collect();
            self.subjects.retain(|subject| there.contains(subject));
            for example in &mut report.examples {
                example.subjects.retain(|subject| there.contains(subject));
            }
        }
        let mut keks = Vec::new();
        for kek in std::mem::take(&mut self.keks) {
            if client.kek(&kek, false).await.is_ok() {
                keks.push(kek);
            }
        }
        for example in &mut report.examples {
            example.keks.retain(|kek| keks.contains(kek));
        }
        self.keks = keks;
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.subjects.is_empty() && self.keks.is_empty() && self.topics.is_empty()
    }
}

/// Prints what stays on the user's backends, and how to remove it. Lists everything
/// if no summary was printed.
pub(super) fn leftovers(plan: &RunPlan<'_>, made: &Made, listed: bool, console: &Console) {
    let id = plan.names.id().as_str();
    if listed {
        console.result("The run may have created:");
        let kinds = [
            ("subject", &made.subjects),
            ("KEK", &made.keks),
            ("topic", &made.topics),
        ];
        for (kind, names) in kinds {
            for name in names {
                console.result(&format!("  {kind} {name}"));
            }
        }
        if !made.topics.is_empty() {
            console.result(&format!("  consumer group {}", plan.names.group()));
        }
    }
    console.hint(&format!(
        "remove what the run created with: cc-protobuf-examples clean --run-id {id}"
    ));
}
