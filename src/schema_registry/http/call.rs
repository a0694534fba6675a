//! A request before a server is chosen for it.

use bytes::Bytes;
use reqwest::Method;
use serde::Serialize;

use super::path::encode;
use crate::schema_registry::error::Error;

/// The part of a registry's API that a call uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::schema_registry) enum Api {
    /// The API that every registry has.
    Schemas,
    /// `/associations`.
    Associations,
    /// `/dek-registry/v1`.
    DekRegistry,
    /// `/catalog/v1`.
    Catalog,
}

impl Api {
    fn of(path: &str) -> Self {
        match path.split('/').nth(1) {
            Some("associations") => Self::Associations,
            Some("dek-registry") => Self::DekRegistry,
            Some("catalog") => Self::Catalog,
            _ => Self::Schemas,
        }
    }

    /// Returns the name of an API that a registry may lack.
    pub(in crate::schema_registry) fn optional(self) -> Option<&'static str> {
        match self {
            Self::Schemas => None,
            Self::Associations => Some("associations"),
            Self::DekRegistry => Some("DEK Registry"),
            Self::Catalog => Some("catalog"),
        }
    }

    pub(in crate::schema_registry) fn accept(self) -> &'static str {
        match self {
            Self::Catalog => "application/json",
            _ => {
                "application/vnd.schemaregistry.v1+json, application/vnd.schemaregistry+json, application/json"
            }
        }
    }

    pub(in crate::schema_registry) fn content_type(self) -> &'static str {
        match self {
            Self::Catalog => "application/json",
            _ => "application/vnd.schemaregistry.v1+json",
        }
    }
}

#[derive(Debug)]
pub(in crate::schema_registry) struct Call {
    pub(in crate::schema_registry) method: Method,
    pub(in crate::schema_registry) path: String,
    /// Percent-encoded, without the question mark.
    pub(in crate::schema_registry) query: String,
    pub(in crate::schema_registry) body: Option<Bytes>,
    pub(in crate::schema_registry) api: Api,
    /// A retry could create a second thing, so there is none once it was sent.
    pub(in crate::schema_registry) creates: bool,
}

impl Call {
    fn new(method: Method, path: impl Into<String>) -> Self {
        let path = path.into();
        Self {
            method,
            api: Api::of(&path),
            path,
            query: String::new(),
            body: None,
            creates: false,
        }
    }

    /// Creates a GET; `path` begins with a slash and is percent-encoded.
    pub(in crate::schema_registry) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(in crate::schema_registry) fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    pub(in crate::schema_registry) fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    pub(in crate::schema_registry) fn put(path: impl Into<String>) -> Self {
        Self::new(Method::PUT, path)
    }

    pub(in crate::schema_registry) fn json(mut self, body: &impl Serialize) -> Result<Self, Error> {
        let bytes = serde_json::to_vec(body).map_err(|e| Error::Settings {
            reason: format!(
                "the body of {} {} cannot be written as JSON",
                self.method, self.path
            ),
            source: Some(Box::new(e)),
        })?;
        self.body = Some(bytes.into());
        Ok(self)
    }

    pub(in crate::schema_registry) fn creating(mut self) -> Self {
        self.creates = true;
        self
    }

    pub(in crate::schema_registry) fn query(mut self, name: &str, value: &str) -> Self {
        if !self.query.is_empty() {
            self.query.push('&');
        }
        self.query.push_str(name);
        self.query.push('=');
        self.query.push_str(&encode(value));
        self
    }

    pub(in crate::schema_registry) fn maybe(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Adds a parameter that is off by default.
    pub(in crate::schema_registry) fn flag(self, name: &str, on: bool) -> Self {
        if on { self.query(name, "true") } else { self }
    }

    pub(in crate::schema_registry) fn page(self, offset: Option<u32>, limit: Option<u32>) -> Self {
        let offset = offset.map(|n| n.to_string());
        let limit = limit.map(|n| n.to_string());
        self.maybe("offset", offset.as_deref())
            .maybe("limit", limit.as_deref())
    }
}
