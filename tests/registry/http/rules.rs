//! The rules of the registry, one file of scenarios per topic.

use std::collections::BTreeSet;
use std::path::Path;

use crate::http::runner::{Scenario, replay_all};

async fn replay(topic: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/registry/http/rules")
        .join(topic);
    let json = std::fs::read_to_string(&file).unwrap();
    let scenarios: Vec<Scenario> =
        serde_json::from_str(&json).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    replay_all(&scenarios, &[]).await;
}

macro_rules! topics {
    ($($topic:ident)*) => {
        #[test]
        fn every_file_is_replayed() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/registry/http/rules");
            let files = std::fs::read_dir(folder).unwrap();
            let found: BTreeSet<_> = files.map(|file| file.unwrap().file_name()).collect();
            let replayed = [$(concat!(stringify!($topic), ".json")),*];
            assert_eq!(found, replayed.into_iter().map(Into::into).collect());
        }
    $(
        #[tokio::test]
        async fn $topic() {
            replay(concat!(stringify!($topic), ".json")).await;
        }
    )*};
}

topics! {
    service
    schemas
    reading
    registering
    ids_and_versions
    references
    lookup
    deletion
    compatibility
    configuration
    modes
    contexts
    forms
    metadata_and_rules
}
