//! Query parameters, parsed as Confluent's registry parses them.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::embedded::registry::api_error::ApiError;

/// The decoded query string.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

/// A page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    offset: usize,
    limit: usize,
}

impl Query {
    pub(crate) fn parse(query: &str) -> Self {
        Self(
            form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// Returns the first value, even if it is empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Returns all values, in order.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let pairs = self.0.iter().filter(move |(given, _)| given == name);
        pairs.map(|(_, value)| value.as_str())
    }

    /// Returns all names with their values, in order.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.0.iter();
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns whether the value is `true`, in upper or lower case. Everything
    /// else is false, a name without a value too.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Returns the page that `offset` and `limit` select. A limit that is not
    /// positive or is above the cap means the cap. A value that is not an
    /// integer is answered 404.
    pub(crate) fn page(&self, cap: usize) -> Result<Page, ApiError> {
        let offset = self.integer("offset")?.unwrap_or(0);
        let limit = self.integer("limit")?.unwrap_or(-1);
        let limit = usize::try_from(limit).ok().filter(|limit| *limit > 0);
        Ok(Page {
            offset: usize::try_from(offset).unwrap_or(0),
            limit: limit.unwrap_or(cap).min(cap),
        })
    }

    /// Returns an integer parameter; `None` if it is absent or empty.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<i32>, ApiError> {
        match self.get(name) {
            None | Some("") => Ok(None),
            Some(value) => value.parse().map(Some).map_err(|_| ApiError::not_found()),
        }
    }
}

impl Page {
    /// Returns the items of the page.
    pub(crate) fn of<T>(self, items: impl IntoIterator<Item = T>) -> Vec<T> {
        let items = items.into_iter().skip(self.offset);
        items.take(self.limit).collect()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_are_true_in_any_case_and_only_then() {
        for (query, expected) in [
            ("deleted=true", true),
            ("deleted=TRUE", true),
            ("deleted=True", true),
            ("deleted=false", false),
            ("deleted=1", false),
            ("deleted", false),
            ("deleted=", false),
            ("", false),
            ("other=true", false),
        ] {
            assert_eq!(Query::parse(query).flag("deleted"), expected, "{query}");
        }
    }

    #[test]
    fn values_are_decoded_once() {
        let query = Query::parse("subject=a%2Fb+c%2Bd&key=k1&key=k%252F2");
        assert_eq!(query.get("subject"), Some("a/b c+d"));
        assert_eq!(query.all("key").collect::<Vec<_>>(), ["k1", "k%2F2"]);
    }

    #[test]
    fn pages_are_windows_capped() {
        for (query, expected) in [
            ("", vec![0, 1, 2, 3]),
            ("offset=1", vec![1, 2, 3, 4]),
            ("limit=2", vec![0, 1]),
            ("offset=4&limit=2", vec![4, 5]),
            ("offset=5&limit=9", vec![5]),
            ("offset=9", vec![]),
            ("limit=0", vec![0, 1, 2, 3]),
            ("limit=-1&offset=-3", vec![0, 1, 2, 3]),
            ("limit=100", vec![0, 1, 2, 3]),
        ] {
            let page = Query::parse(query).page(4).unwrap();
            assert_eq!(page.of(0..6), expected, "{query}");
        }
        assert_eq!(Query::parse("offset=x").page(4), Err(ApiError::not_found()));
    }
}
