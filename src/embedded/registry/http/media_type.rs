//! The media types of answers and request bodies.

use axum::http::{HeaderMap, HeaderValue, header};

/// Media type of answers unless the client asks for another.
pub(crate) const V1_JSON: &str = "application/vnd.schemaregistry.v1+json";
const DEFAULT_JSON: &str = "application/vnd.schemaregistry+json";
const JSON: &str = "application/json";
const OCTET_STREAM: &str = "application/octet-stream";

/// Media types of answers, preferred first.
const PRODUCED: [&str; 3] = [V1_JSON, DEFAULT_JSON, JSON];

/// Returns whether a request body of this type is parsed as JSON.
pub(crate) fn is_accepted_body(content_type: &HeaderValue) -> bool {
    let Ok(content_type) = content_type.to_str() else {
        return false;
    };
    let essence = essence(content_type);
    [V1_JSON, DEFAULT_JSON, JSON, OCTET_STREAM]
        .iter()
        .any(|accepted| essence.eq_ignore_ascii_case(accepted))
}

/// Returns a media type or range without its parameters.
fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// Returns the media type for the answer that the `Accept` headers ask for.
pub(crate) fn choose(headers: &HeaderMap) -> Option<&'static str> {
    let mut ranges = Vec::new();
    for value in headers.get_all(header::ACCEPT) {
        let Ok(value) = value.to_str() else { continue };
        ranges.extend(value.split(',').filter(|range| !essence(range).is_empty()));
    }
    if ranges.is_empty() {
        return Some(V1_JSON);
    }
    // The first of equal ones wins: our own order of preference.
    let mut best: Option<(&'static str, f32)> = None;
    for produced in PRODUCED {
        let quality = quality_of(produced, &ranges);
        if quality > best.map_or(0.0, |(_, quality)| quality) {
            best = Some((produced, quality));
        }
    }
    best.map(|(produced, _)| produced)
}

/// Returns the quality of the most specific range that covers `media_type`; 0
/// if none does.
fn quality_of(media_type: &str, ranges: &[&str]) -> f32 {
    let mut best = (0, 0.0);
    for range in ranges {
        let specificity = match essence(range) {
            exact if exact.eq_ignore_ascii_case(media_type) => 3,
            "application/*" => 2,
            // Java's URLConnection sends a single star.
            "*/*" | "*" => 1,
            _ => continue,
        };
        if specificity > best.0 {
            best = (specificity, quality(range));
        }
    }
    best.1
}

/// Returns the `q` parameter of a media range: 1 if absent, 0 if it is not a
/// number.
fn quality(range: &str) -> f32 {
    let given = range.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    match given {
        None => 1.0,
        Some(value) => value.parse().unwrap_or(0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_in_the_type_the_client_prefers() {
        for (accept, expected) in [
            ("", Some(V1_JSON)),
            ("*/*", Some(V1_JSON)),
            ("application/*", Some(V1_JSON)),
            ("text/html, image/gif, *; q=.2, */*; q=.2", Some(V1_JSON)),
            ("application/json", Some(JSON)),
            ("Application/JSON; charset=utf-8", Some(JSON)),
            ("application/vnd.schemaregistry+json", Some(DEFAULT_JSON)),
            (
                "application/vnd.schemaregistry.v1+json, application/vnd.schemaregistry+json, application/json",
                Some(V1_JSON),
            ),
            (
                "application/json, application/vnd.schemaregistry.v1+json;q=0.5",
                Some(JSON),
            ),
            ("application/json;q=0.1, */*;q=0.9", Some(V1_JSON)),
            ("application/json;q=0, text/html", None),
            ("text/html", None),
            ("nonsense", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(choose(&headers), expected, "{accept}");
        }
        assert_eq!(choose(&HeaderMap::new()), Some(V1_JSON));
    }

    #[test]
    fn reads_bodies_of_the_registrys_types_only() {
        for (content_type, accepted) in [
            ("application/json", true),
            ("application/json; charset=utf-8", true),
            ("application/vnd.schemaregistry.v1+json", true),
            ("application/octet-stream", true),
            ("", false),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
            ("multipart/form-data; boundary=x", false),
            ("application/xml", false),
        ] {
            assert_eq!(
                is_accepted_body(&HeaderValue::from_static(content_type)),
                accepted,
                "{content_type}"
            );
        }
    }
}
