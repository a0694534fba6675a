//! A registered schema is found again and returned unchanged.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fuzz::http::{Request, Server};
use crate::fuzz::schemas;

fn body(schema: &str) -> Value {
    json!({"schemaType": "PROTOBUF", "schema": schema})
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 200, ..ProptestConfig::with_cases(60) })]

    #[test]
    fn register_look_up_and_get_agree(sources in proptest::collection::vec(schemas::valid(), 1..5)) {
        let server = Server::start();
        server.send(&Request::json("PUT", "/config", &json!({"compatibility": "NONE"})));
        for source in &sources {
            let registered = server.post("/subjects/s/versions", &body(source));
            let (id, version) = (&registered["id"], &registered["version"]);
            let text = registered["schema"].as_str().unwrap_or_default().to_owned();

            // By lookup, version, id and GUID, and as text.
            let found = server.post("/subjects/s", &body(source));
            prop_assert_eq!(&found["id"], id);
            prop_assert_eq!(&found["version"], version);
            prop_assert_eq!(&found["schema"], &text);
            let by_version = server.get(&format!("/subjects/s/versions/{version}"));
            prop_assert_eq!(&by_version["id"], id);
            prop_assert_eq!(&by_version["schema"], &text);
            prop_assert_eq!(&by_version["guid"], &registered["guid"]);
            let by_id = server.get(&format!("/schemas/ids/{id}"));
            prop_assert_eq!(&by_id["schema"], &text);
            let guid = registered["guid"].as_str().unwrap_or_default();
            let by_guid = server.get(&format!("/schemas/guids/{guid}"));
            prop_assert_eq!(&by_guid["schema"], &text);
            let bare = server.send(&Request::new("GET", &format!("/schemas/ids/{id}/schema")));
            prop_assert_eq!(String::from_utf8_lossy(&bare.body), text.as_str());

            // Registering it again, as sent or as printed, adds nothing.
            for again in [source, &text] {
                let repeated = server.post("/subjects/s/versions", &body(again));
                prop_assert_eq!(&repeated["id"], id);
                prop_assert_eq!(&repeated["version"], version);
                prop_assert_eq!(&repeated["schema"], &text);
            }
            // Under another subject it has the same id, and every level accepts it.
            let elsewhere = server.post("/subjects/t/versions", &body(&text));
            prop_assert_eq!(&elsewhere["id"], id);
            for level in ["BACKWARD", "FORWARD", "FULL", "FULL_TRANSITIVE"] {
                server.send(&Request::json("PUT", "/config/t", &json!({"compatibility": level})));
                let path = format!("/compatibility/subjects/t/versions/{}?verbose=true", elsewhere["version"]);
                let verdict = server.post(&path, &body(source));
                prop_assert_eq!(verdict, json!({"is_compatible": true, "messages": []}));
            }
            server.send(&Request::json("PUT", "/config/t", &json!({"compatibility": "NONE"})));
        }
        let subjects = server.get("/subjects");
        prop_assert_eq!(subjects, json!(["s", "t"]));
    }

    /// Normalising twice changes nothing, and a normalised schema is found by its
    /// original.
    #[test]
    fn normalised_text_is_a_fixed_point(source in schemas::valid()) {
        let server = Server::start();
        let once = server.post("/subjects/s/versions?normalize=true", &body(&source));
        let text = once["schema"].as_str().unwrap_or_default().to_owned();
        let twice = server.post("/subjects/s/versions?normalize=true", &body(&text));
        prop_assert_eq!(&twice["id"], &once["id"]);
        prop_assert_eq!(&twice["schema"], &text);
        let found = server.post("/subjects/s?normalize=true", &body(&source));
        prop_assert_eq!(&found["id"], &once["id"]);
    }

    /// The registry accepts the descriptors that it returns.
    #[test]
    fn the_serialized_form_is_taken_back(source in schemas::valid()) {
        let server = Server::start();
        let registered = server.post("/subjects/s/versions", &body(&source));
        let path = format!("/schemas/ids/{}?format=serialized", registered["id"]);
        let serialized = server.get(&path)["schema"].clone();
        let serialized = serialized.as_str().unwrap_or_default();
        let again = server.post("/subjects/t/versions", &body(serialized));
        let path = format!("/schemas/ids/{}?format=serialized", again["id"]);
        prop_assert_eq!(&server.get(&path)["schema"], serialized);
        // The descriptor is compatible in both directions.
        server.send(&Request::json("PUT", "/config/s", &json!({"compatibility": "FULL"})));
        let verdict = server.post(
            "/compatibility/subjects/s/versions/latest?verbose=true",
            &body(serialized),
        );
        prop_assert_eq!(verdict, json!({"is_compatible": true, "messages": []}));
    }
}
