//! Requests as data, however odd, and a registry to send them to.

use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
use serde_json::Value;

use crate::support::raw::{self, Answer};

const V1_JSON: &str = "application/vnd.schemaregistry.v1+json";

#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// Path and query, encoded as sent.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub fn json(method: &str, target: &str, body: &Value) -> Self {
        Self {
            headers: vec![("Content-Type".to_owned(), V1_JSON.to_owned())],
            body: body.to_string().into_bytes(),
            ..Self::new(method, target)
        }
    }
}

/// A running registry, stopped when dropped.
pub struct Server {
    registry: EmbeddedRegistry,
}

impl Server {
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let builder = EmbeddedRegistry::builder().local_kms_secret("a secret for tests");
        Self {
            registry: runtime.block_on(builder.start()).unwrap(),
        }
    }

    pub fn send(&self, request: &Request) -> Answer {
        let headers = request.headers.iter();
        let headers: Vec<_> = headers.map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let (method, target) = (&request.method, &request.target);
        let address = self.registry.address();
        raw::send(address, method, target, &headers, &request.body)
    }

    pub fn get(&self, target: &str) -> Value {
        self.expect_ok(&Request::new("GET", target))
    }

    pub fn post(&self, target: &str, body: &Value) -> Value {
        self.expect_ok(&Request::json("POST", target, body))
    }

    fn expect_ok(&self, request: &Request) -> Value {
        let answer = self.send(request);
        let json = answer.json();
        assert_eq!(answer.status, 200, "{json:?} on {request:?}");
        json.unwrap()
    }
}
