//! Plain HTTP, for what the registry client would not send.

use rustls::crypto::{CryptoProvider, ring};

/// A client that goes through no proxy.
pub fn client() -> reqwest::Client {
    if CryptoProvider::get_default().is_none() {
        let _ = ring::default_provider().install_default();
    }
    reqwest::Client::builder().no_proxy().build().unwrap()
}
