//! One request, before a server is chosen for it.

use bytes::Bytes;
use reqwest::Method;
use serde::Serialize;

use super::error::Error;
use super::path::encode;

/// Which part of a registry is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    /// What every registry has.
    Schemas,
    /// `/associations`.
    Associations,
    /// `/dek-registry/v1`.
    DekRegistry,
    /// `/catalog/v1`.
    Catalog,
}

impl Api {
    /// What the catalog is called in messages.
    pub(super) const CATALOG: &str = "catalog";

    /// The name of an API that a registry may lack.
    pub(super) fn optional(self) -> Option<&'static str> {
        match self {
            Self::Schemas => None,
            Self::Associations => Some("associations"),
            Self::DekRegistry => Some("DEK Registry"),
            Self::Catalog => Some(Self::CATALOG),
        }
    }

    pub(super) fn accept(self) -> &'static str {
        match self {
            Self::Catalog => "application/json",
            _ => {
                "application/vnd.schemaregistry.v1+json, application/vnd.schemaregistry+json, application/json"
            }
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Catalog => "application/json",
            _ => "application/vnd.schemaregistry.v1+json",
        }
    }
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    /// Encoded, without the question mark.
    pub(super) query: String,
    pub(super) body: Option<Bytes>,
    pub(super) api: Api,
    /// Repeating it could make a second thing: no retries once it was sent.
    pub(super) creates: bool,
}

impl Call {
    fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            query: String::new(),
            body: None,
            api: Api::Schemas,
            creates: false,
        }
    }

    /// `path` begins with a slash and is encoded.
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(super) fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    pub(super) fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    pub(super) fn put(path: impl Into<String>) -> Self {
        Self::new(Method::PUT, path)
    }

    pub(super) fn json(mut self, body: &impl Serialize) -> Result<Self, Error> {
        let bytes = serde_json::to_vec(body).map_err(|e| Error::Settings {
            reason: format!("the body of {} {} is no JSON", self.method, self.path),
            source: Some(Box::new(e)),
        })?;
        self.body = Some(bytes.into());
        Ok(self)
    }

    pub(super) fn to(mut self, api: Api) -> Self {
        self.api = api;
        self
    }

    pub(super) fn creating(mut self) -> Self {
        self.creates = true;
        self
    }

    pub(super) fn query(mut self, name: &str, value: &str) -> Self {
        if !self.query.is_empty() {
            self.query.push('&');
        }
        self.query.push_str(name);
        self.query.push('=');
        self.query.push_str(&encode(value));
        self
    }

    pub(super) fn maybe(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// A switch whose default is off.
    pub(super) fn flag(self, name: &str, on: bool) -> Self {
        if on { self.query(name, "true") } else { self }
    }

    pub(super) fn page(self, offset: Option<u32>, limit: Option<u32>) -> Self {
        let offset = offset.map(|n| n.to_string());
        let limit = limit.map(|n| n.to_string());
        self.maybe("offset", offset.as_deref())
            .maybe("limit", limit.as_deref())
    }
}
