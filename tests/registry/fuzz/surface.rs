//! No request crashes the registry or causes an unexpected 500, and every answer has the
//! documented form.

use proptest::prelude::*;

use crate::fuzz::http::{Request, Server};
use crate::fuzz::requests;
use crate::support::raw::Answer;

const MEDIA_TYPES: [&str; 3] = [
    "application/vnd.schemaregistry.v1+json",
    "application/vnd.schemaregistry+json",
    "application/json",
];

/// The KMS failed: the only expected 500.
const KMS_FAILURE: u64 = 50070;

fn check(request: &Request, response: &Answer) -> Result<(), TestCaseError> {
    let shown = || {
        let body = String::from_utf8_lossy(&response.body);
        format!("{} {body} on {request:?}", response.status)
    };
    prop_assert!((200..600).contains(&response.status), "{}", shown());
    if response.status == 204 || request.method == "HEAD" {
        prop_assert!(response.body.is_empty(), "{}", shown());
        return Ok(());
    }
    let content_type = response.header("content-type").unwrap_or_default();
    prop_assert!(
        MEDIA_TYPES.contains(&content_type),
        "{content_type}: {}",
        shown()
    );
    if response.status < 400 {
        // Endpoints with this ending return plain text.
        let raw = request.target.split('?').next().unwrap_or_default();
        let raw = raw.trim_end_matches('/').ends_with("/schema");
        prop_assert!(raw || response.json().is_some(), "{}", shown());
        return Ok(());
    }
    let json = response.json().unwrap_or_default();
    let code = json["error_code"].as_u64();
    prop_assert!(code.is_some() && json["message"].is_string(), "{}", shown());
    prop_assert_eq!(
        json.as_object().map(serde_json::Map::len),
        Some(2),
        "{}",
        shown()
    );
    let code = code.unwrap_or_default();
    let status = u64::from(response.status);
    prop_assert!(
        code.to_string().starts_with(&status.to_string()),
        "{}",
        shown()
    );
    prop_assert!(status < 500 || code == KMS_FAILURE, "{}", shown());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 200, ..ProptestConfig::with_cases(60) })]

    /// Sends a sequence of requests to a new registry.
    #[test]
    fn any_requests_get_answers_of_the_promised_shape(
        requests in proptest::collection::vec(requests::request(), 1..60)
    ) {
        let server = Server::start();
        for request in &requests {
            check(request, &server.send(request))?;
        }
        // The registry still answers.
        prop_assert!(server.get("/subjects?deleted=true").is_array());
    }
}
