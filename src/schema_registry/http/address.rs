//! Checks URLs of servers, and formats them without secrets.

use std::net::IpAddr;

use percent_encoding::percent_decode_str;
use reqwest::Url;

use crate::schema_registry::error::Error;
use crate::schema_registry::secret::Secret;

pub(in crate::schema_registry) fn absolute_url(text: &str) -> Result<Url, Error> {
    let shown = presentable(text);
    let url = Url::parse(text).map_err(|e| Error::Settings {
        reason: format!("{shown:?} is not a URL"),
        source: Some(Box::new(e)),
    });
    match url {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        Err(error) if text.contains("://") => Err(error),
        _ => Err(Error::settings(format!(
            "{shown:?} does not begin with http:// or https://"
        ))),
    }
}

pub(in crate::schema_registry) fn base_url(text: &str) -> Result<Url, Error> {
    let url = absolute_url(text)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Error::settings(format!(
            "the URL {:?} has a query or a fragment, which a base URL cannot have",
            presentable(text)
        )));
    }
    Ok(url)
}

/// Returns a URL, well-formed or not, without the parts that may be secret.
fn presentable(text: &str) -> String {
    let host_on = text.rsplit_once('@').map_or(text, |(_, rest)| rest);
    let end = host_on.find(['?', '#']).unwrap_or(host_on.len());
    host_on.get(..end).unwrap_or_default().to_owned()
}

/// Returns scheme, host and port.
pub(in crate::schema_registry) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Removes and returns the user information of a URL.
pub(in crate::schema_registry) fn user_info(
    url: &mut Url,
) -> Result<Option<(String, Secret)>, Error> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    let decoded = |text: &str| {
        percent_decode_str(text)
            .decode_utf8()
            .map(|text| text.into_owned())
            .map_err(|_| Error::settings("the user information of the URL is not UTF-8"))
    };
    let user = decoded(url.username())?;
    let password = Secret::new(decoded(url.password().unwrap_or_default())?);
    let cleared = url.set_username("").and_then(|()| url.set_password(None));
    cleared.map_err(|()| Error::settings("the URL cannot have user information"))?;
    Ok(Some((user, password)))
}

/// Returns whether the host always is this machine.
pub(in crate::schema_registry) fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    let name = host.trim_end_matches('.');
    if name == "localhost" || name.ends_with(".localhost") {
        return true;
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.parse()
        .is_ok_and(|ip: IpAddr| ip.to_canonical().is_loopback() || ip.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_recognised_in_every_notation() {
        for (url, expected) in [
            ("http://localhost:8081", true),
            ("http://LOCALHOST.", true),
            ("http://sr.localhost", true),
            ("http://127.0.0.1", true),
            ("http://127.1", true),
            ("http://0x7f000001", true),
            ("https://[::1]:8081", true),
            ("http://[::ffff:127.0.0.1]", true),
            ("http://0.0.0.0:8081", true),
            ("http://localhost.example.com", false),
            ("http://notlocalhost", false),
            ("http://10.0.0.1", false),
            ("http://[2001:db8::1]", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
