//! Rewrites paths into the form that the routes match: removes a trailing
//! slash, resolves `/contexts/{context}/…`, and follows aliases of subjects.
//!
//! This works on the encoded path, so that `%2F` stays part of a name.

use std::borrow::Cow;

use axum::extract::{Request, State};
use axum::http::Uri;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::query::Query;
use super::state::SharedState;
use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::store::subject::{
    DEFAULT_CONTEXT, Subject, context_named, context_prefix, is_qualified,
};
use crate::embedded::registry::store::{Data, Scope};

/// Characters to encode in a path segment.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Rewrites the path before it is matched.
pub(crate) async fn rewrite(
    State(state): State<SharedState>,
    mut request: Request,
    next: Next,
) -> Response {
    let rewritten = {
        let data = state.store.read();
        rewritten(request.uri(), &data)
    };
    match rewritten {
        Ok(None) => {}
        Ok(Some(uri)) => *request.uri_mut() = uri,
        Err(error) => return error.into_response(),
    }
    next.run(request).await
}

/// A path and query while they are rewritten.
struct Target<'a> {
    segments: Vec<Cow<'a, str>>,
    /// Parameters that replace others of the same name.
    replaced: Vec<(&'static str, Vec<String>)>,
}

/// Returns the rewritten address; `None` if nothing changes.
fn rewritten(uri: &Uri, data: &Data) -> Result<Option<Uri>, ApiError> {
    let path = uri.path();
    let in_context = path.starts_with("/contexts/");
    let aliases = data.has_aliases();
    if !in_context && !aliases && (path == "/" || !path.ends_with('/')) {
        return Ok(None);
    }
    let mut target = Target {
        segments: path
            .trim_matches('/')
            .split('/')
            .map(Cow::Borrowed)
            .collect(),
        replaced: Vec::new(),
    };
    let query = Query::parse(uri.query().unwrap_or_default());
    if in_context {
        target.enter_context(&query)?;
    }
    if aliases {
        target.follow_aliases(&query, data);
    }
    target.into_uri(uri, &query).map(Some)
}

impl Target<'_> {
    fn is(&self, path: &[&str]) -> bool {
        self.segments
            .iter()
            .map(AsRef::as_ref)
            .eq(path.iter().copied())
    }

    fn starts_with(&self, path: &[&str]) -> bool {
        let segments = self.segments.iter().map(AsRef::as_ref);
        segments.take(path.len()).eq(path.iter().copied())
    }

    /// Removes `contexts/{context}` from the front. Adds the context to the
    /// subject, or to the parameter that selects subjects.
    fn enter_context(&mut self, query: &Query) -> Result<(), ApiError> {
        // `/contexts/{context}` alone is an endpoint.
        if self.segments.len() < 3 {
            return Ok(());
        }
        let context = self.segments.get(1).map(|name| decoded(name));
        let context = context.and_then(|name| context_named(&name));
        let Some(context) = context else {
            return Err(ApiError::malformed_body(
                "Context name cannot contain a colon",
            ));
        };
        self.segments.drain(..2);
        let prefix = context_prefix(&context);
        if context == DEFAULT_CONTEXT {
            return Ok(());
        }
        let qualified = |name: &str| match is_qualified(name) {
            true => name.to_owned(),
            false => format!("{prefix}{name}"),
        };
        if self.is(&["config"]) || self.is(&["mode"]) {
            self.segments.push(Cow::Owned(encoded(&prefix)));
            return Ok(());
        }
        if let Some(subject) = self.subject() {
            self.set_subject(&qualified(&subject));
        }
        if self.starts_with(&["schemas", "ids"]) {
            let subject = query.get("subject").unwrap_or_default();
            self.replaced.push(("subject", vec![qualified(subject)]));
        } else if self.is(&["schemas"])
            || self.is(&["subjects"])
            || self.is(&["dek-registry", "v1", "keks"])
        {
            let mut prefixes: Vec<String> = query.all("subjectPrefix").map(qualified).collect();
            if prefixes.is_empty() {
                prefixes.push(prefix);
            }
            self.replaced.push(("subjectPrefix", prefixes));
        }
        Ok(())
    }

    /// Replaces an alias with its subject, except in requests for configuration
    /// and mode.
    fn follow_aliases(&mut self, query: &Query, data: &Data) {
        let for_deks = self.starts_with(&["dek-registry"]);
        if self.starts_with(&["config"]) || self.starts_with(&["mode"]) {
            return;
        }
        let target = self
            .subject()
            .and_then(|subject| target_of(data, &subject, for_deks));
        if let Some(target) = target {
            self.set_subject(&target);
        }
        if self.starts_with(&["schemas", "ids"]) {
            let given = self.replaced.iter().find(|(name, _)| *name == "subject");
            let given = given.and_then(|(_, values)| values.first().cloned());
            let given = given.or_else(|| query.get("subject").map(str::to_owned));
            if let Some(target) = given.and_then(|given| target_of(data, &given, false)) {
                self.replaced.retain(|(name, _)| *name != "subject");
                self.replaced.push(("subject", vec![target]));
            }
        }
    }

    /// Returns the index of the segment that is a subject, if any.
    fn subject_index(&self) -> Option<usize> {
        let index = if self.starts_with(&["dek-registry", "v1", "keks"]) {
            (self.segments.get(4)? == "deks").then_some(5)?
        } else if self.starts_with(&["compatibility", "subjects"]) {
            2
        } else if ["subjects", "config", "mode"].contains(&self.segments.first()?.as_ref()) {
            1
        } else {
            return None;
        };
        (index < self.segments.len()).then_some(index)
    }

    fn subject(&self) -> Option<String> {
        let segment = self.segments.get(self.subject_index()?)?;
        Some(decoded(segment))
    }

    fn set_subject(&mut self, subject: &str) {
        let index = self.subject_index();
        if let Some(segment) = index.and_then(|index| self.segments.get_mut(index)) {
            *segment = Cow::Owned(encoded(subject));
        }
    }

    fn into_uri(self, uri: &Uri, query: &Query) -> Result<Uri, ApiError> {
        let mut address = format!("/{}", self.segments.join("/"));
        if self.replaced.is_empty() {
            if let Some(unchanged) = uri.query() {
                address.push('?');
                address.push_str(unchanged);
            }
        } else {
            let is_replaced = |name: &str| self.replaced.iter().any(|(other, _)| *other == name);
            let kept = query.pairs().filter(|(name, _)| !is_replaced(name));
            let replaced = self.replaced.iter();
            let replaced = replaced
                .flat_map(|(name, values)| values.iter().map(move |value| (*name, value.as_str())));
            let mut pairs = form_urlencoded::Serializer::new(String::new());
            pairs.extend_pairs(kept.chain(replaced));
            address.push('?');
            address.push_str(&pairs.finish());
        }
        address.parse().map_err(|_| ApiError::not_found())
    }
}

/// Returns the subject behind an alias.
fn target_of(data: &Data, alias: &str, for_deks: bool) -> Option<String> {
    let alias = Subject::parse(alias);
    let config = data.config(&Scope::Subject(alias.clone()))?;
    let named = |name: &Option<String>| name.clone().filter(|name| !name.is_empty());
    let target = Some(&config.alias_for_deks)
        .filter(|_| for_deks)
        .and_then(named)
        .or_else(|| named(&config.alias))?;
    Some(alias.sibling(&target).to_string())
}

fn decoded(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::registry::rules::config;
    use serde_json::json;

    fn path_and_query(address: &str, data: &Data) -> String {
        let uri: Uri = address.parse().unwrap();
        match rewritten(&uri, data) {
            Ok(uri) => uri.map_or(address.to_owned(), |uri| uri.to_string()),
            Err(error) => error.code.to_string(),
        }
    }

    #[test]
    fn contexts_go_in_front_of_subjects() {
        let data = Data::default();
        for (address, expected) in [
            ("/subjects/a%2Fb/versions", "/subjects/a%2Fb/versions"),
            ("/subjects/a%2Fb/versions/", "/subjects/a%2Fb/versions"),
            ("/subjects/?deleted=true", "/subjects?deleted=true"),
            ("/", "/"),
            (
                "/contexts/.s/subjects/a%2Fb/versions/1",
                "/subjects/%3A.s%3Aa%2Fb/versions/1",
            ),
            ("/contexts/s/subjects/:.t:a", "/subjects/%3A.t%3Aa"),
            ("/contexts/:.s:/config/a", "/config/%3A.s%3Aa"),
            ("/contexts/.s/config", "/config/%3A.s%3A"),
            ("/contexts/.s/mode/", "/mode/%3A.s%3A"),
            ("/contexts/./subjects/a", "/subjects/a"),
            (
                "/contexts/.s/compatibility/subjects/a/versions/1?verbose=true",
                "/compatibility/subjects/%3A.s%3Aa/versions/1?verbose=true",
            ),
            (
                "/contexts/.s/schemas/ids/1",
                "/schemas/ids/1?subject=%3A.s%3A",
            ),
            (
                "/contexts/.s/schemas/ids/1?format=x&subject=a",
                "/schemas/ids/1?format=x&subject=%3A.s%3Aa",
            ),
            ("/contexts/.s/subjects", "/subjects?subjectPrefix=%3A.s%3A"),
            (
                "/contexts/.s/schemas?subjectPrefix=a",
                "/schemas?subjectPrefix=%3A.s%3Aa",
            ),
            (
                "/contexts/.s/dek-registry/v1/keks/k/deks/a",
                "/dek-registry/v1/keks/k/deks/%3A.s%3Aa",
            ),
            ("/contexts/.s", "/contexts/.s"),
            ("/contexts/a:b/subjects", "400"),
        ] {
            assert_eq!(path_and_query(address, &data), expected, "{address}");
        }
    }

    #[test]
    fn aliases_are_followed_but_not_for_settings() {
        let mut data = Data::default();
        for (alias, settings) in [
            ("old", json!({"alias": "new/name"})),
            ("keys", json!({"alias": "a", "aliasForDeks": "b"})),
        ] {
            let settings = settings.as_object().unwrap();
            config::update(&mut data, Scope::parse(alias), settings).unwrap();
        }
        for (address, expected) in [
            (
                "/subjects/old/versions/1",
                "/subjects/new%2Fname/versions/1",
            ),
            (
                "/compatibility/subjects/old/versions",
                "/compatibility/subjects/new%2Fname/versions",
            ),
            ("/config/old", "/config/old"),
            ("/mode/old", "/mode/old"),
            (
                "/schemas/ids/1?subject=old",
                "/schemas/ids/1?subject=new%2Fname",
            ),
            ("/schemas/ids/1", "/schemas/ids/1"),
            (
                "/dek-registry/v1/keks/k/deks/keys",
                "/dek-registry/v1/keks/k/deks/b",
            ),
            ("/subjects/keys", "/subjects/a"),
            ("/subjects/other", "/subjects/other"),
        ] {
            assert_eq!(path_and_query(address, &data), expected, "{address}");
        }
    }
}
