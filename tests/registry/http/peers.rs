//! Scenarios of a public registry's test suite.
//!
//! They are not part of this package: the environment variable `PEER_CASES_DIR`
//! names the folder that holds `registry-scenarios.json`. Where it is set,
//! `.ci/run` runs this test; elsewhere the runner shows it as ignored.

use std::path::PathBuf;

use crate::http::runner::{Scenario, replay_all};

/// Scenarios believed to be wrong, with the reason.
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
