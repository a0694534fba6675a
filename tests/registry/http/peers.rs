//! Scenarios of a public registry's test suite.
//!
//! They are not part of this package. `PEER_CASES_DIR` is the folder with
//! `registry-scenarios.json`; if it is set, `.ci/run` runs this test.

use std::path::PathBuf;

use crate::http::runner::{Scenario, replay_all};

/// Scenarios that are probably wrong, with the reason.
const BELIEVED_WRONG: &[(&str, &str)] = &[];

#[tokio::test]
#[ignore = "needs PEER_CASES_DIR, a folder with registry-scenarios.json"]
async fn scenarios_of_another_registry() {
    let folder = std::env::var_os("PEER_CASES_DIR").expect("PEER_CASES_DIR names the folder");
    let file = PathBuf::from(folder).join("registry-scenarios.json");
    let json = std::fs::read_to_string(&file).unwrap();
    let scenarios: Vec<Scenario> = serde_json::from_str(&json).unwrap();
    replay_all(&scenarios, BELIEVED_WRONG).await;
}
