//! Scenarios of a public registry's test suite.
//!
//! They are not part of this package: the folder that holds
//! `registry-scenarios.json` is named by the environment variable
//! `PEER_CASES_DIR`, and without it nothing is run.

use std::path::PathBuf;

use crate::runner::{Scenario, replay_all};

/// Scenarios believed to be wrong, with the reason.
const BELIEVED_WRONG: &[(&str, &str)] = &[];

#[tokio::test]
async fn scenarios_of_another_registry() {
    let Some(folder) = std::env::var_os("PEER_CASES_DIR").filter(|folder| !folder.is_empty())
    else {
        eprintln!("SKIPPED: PEER_CASES_DIR is not set, registry-scenarios.json was not replayed");
        return;
    };
    let file = PathBuf::from(folder).join("registry-scenarios.json");
    let json = std::fs::read_to_string(&file).unwrap();
    let scenarios: Vec<Scenario> = serde_json::from_str(&json).unwrap();
    replay_all(&scenarios, BELIEVED_WRONG).await;
}
