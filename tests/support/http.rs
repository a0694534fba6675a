//! A plain HTTP client, for requests that the registry client does not send.

use rustls::crypto::{CryptoProvider, ring};

/// Returns a client that uses no proxy.
pub fn client() -> reqwest::Client {
    if CryptoProvider::get_default().is_none() {
        let _ = ring::default_provider().install_default();
    }
    reqwest::Client::builder().no_proxy().build().unwrap()
}
