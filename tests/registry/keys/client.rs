//! A plain HTTP client for requests about keys.

use cc_protobuf_examples::embedded::registry::{Builder, EmbeddedRegistry};
use reqwest::Method;
use serde_json::{Value, json};

const V1_JSON: &str = "application/vnd.schemaregistry.v1+json";

/// A registry and a client for it.
pub struct Server {
    registry: EmbeddedRegistry,
    http: reqwest::Client,
    base: &'static str,
}

/// An answer: status, and the JSON body or null.
#[derive(Debug, PartialEq)]
pub struct Answer(pub u16, pub Value);

impl Server {
    pub async fn start(base: &'static str) -> Self {
        Self::start_with(base, EmbeddedRegistry::builder()).await
    }

    pub async fn start_with(base: &'static str, builder: Builder) -> Self {
        Self {
            registry: builder.start().await.unwrap(),
            http: crate::support::http::client(),
            base,
        }
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<&str>) -> Answer {
        let url = format!("{}{}{path}", self.registry.url(), self.base);
        let mut request = self.http.request(method, url);
        if let Some(body) = body {
            request = request
                .header("Content-Type", V1_JSON)
                .body(body.to_owned());
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let body = response.bytes().await.unwrap();
        let json = if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&body).unwrap()
        };
        Answer(status, json)
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(&body.to_string())).await
    }

    /// Sends a POST without a body.
    pub async fn poke(&self, path: &str) -> Answer {
        self.send(Method::POST, path, None).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(&body.to_string())).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }
}

impl Answer {
    /// Returns the body of a success.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.0, 200, "{}", self.1);
        self.1
    }

    /// Checks for a success without a body.
    #[track_caller]
    pub fn no_content(self) {
        assert_eq!(self, Self(204, Value::Null));
    }

    /// Checks for an error with this exact text.
    #[track_caller]
    pub fn error(self, code: u32, message: &str) {
        let status = u16::try_from(code.to_string()[..3].parse::<u32>().unwrap()).unwrap();
        let expected = json!({"error_code": code, "message": message});
        assert_eq!(self, Self(status, expected));
    }

    /// Checks for an error whose text may vary.
    #[track_caller]
    pub fn error_code(self, code: u32) -> String {
        assert_eq!(self.1["error_code"], code, "{}", self.1);
        assert_eq!(self.0.to_string(), code.to_string()[..3]);
        self.1["message"].as_str().unwrap().to_owned()
    }
}
