//! Registries to point the program at: an embedded one behind a proxy that
//! changes what it says, and servers that answer anything.

use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
use reqwest::Method;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::support::stub::{Answer, Request, Stub};

/// An embedded registry behind a proxy that imitates another vendor.
pub struct Dialect {
    pub url: String,
    pub direct: String,
    pub proxy: Stub,
    _registry: EmbeddedRegistry,
}

impl Dialect {
    /// The registry as it is.
    pub fn plain() -> Self {
        Self::answering(|_| None)
    }

    /// Refuses the requests for which `when` holds.
    pub fn refusing(
        status: u16,
        code: u32,
        when: impl Fn(&Request) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self::answering(move |asked| when(asked).then(|| Answer::error(status, code)))
    }

    /// Answers some requests itself; the others reach the registry.
    pub fn answering(before: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static) -> Self {
        Self::start(before, |_, _| ())
    }

    /// Changes what the registry answers.
    pub fn changing(after: impl Fn(&Request, &mut Value) + Send + Sync + 'static) -> Self {
        Self::start(|_| None, after)
    }

    fn start(
        before: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static,
        after: impl Fn(&Request, &mut Value) + Send + Sync + 'static,
    ) -> Self {
        let runtime = Runtime::new().unwrap();
        let registry = runtime.block_on(EmbeddedRegistry::start()).unwrap();
        let direct = registry.url().to_owned();
        let client = crate::support::http::client();
        let target = direct.clone();
        let proxy = Stub::new(move |asked| {
            if let Some(answer) = before(asked) {
                return answer.with("retry-after", 0);
            }
            let method = Method::from_bytes(asked.method.as_bytes()).unwrap();
            let request = client
                .request(method, format!("{target}{}", asked.target))
                .header("content-type", "application/json")
                .body(asked.text.clone());
            let (status, mut text) = runtime.block_on(async {
                let reply = request.send().await.unwrap();
                (reply.status().as_u16(), reply.text().await.unwrap())
            });
            if let Ok(mut value) = serde_json::from_str(&text) {
                after(asked, &mut value);
                text = value.to_string();
            }
            let content_type = "application/vnd.schemaregistry.v1+json";
            Answer::raw(status, content_type, &text).with("retry-after", 0)
        });
        Self {
            url: proxy.url.clone(),
            direct,
            proxy,
            _registry: registry,
        }
    }
}

/// A server that answers every request like this; its URL. It runs until the
/// tests end.
pub fn server(answer: Answer) -> String {
    let stub = Box::leak(Box::new(Stub::always(answer)));
    stub.url.clone()
}
