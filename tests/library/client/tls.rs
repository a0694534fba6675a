//! TLS: the certificates of registry, authority and client.

use std::sync::Arc;

use cc_protobuf_examples::schema_registry::Kind;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::client::stub::{everything, impatient};

/// A certificate authority.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    fn issue(&self, usage: ExtendedKeyUsagePurpose) -> (rcgen::Certificate, KeyPair) {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate, key)
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        roots
    }
}

/// Starts an empty registry with TLS; returns its URL. With `clients`, it requires client
/// certificates of that authority.
async fn tls_registry(authority: &Authority, clients: Option<&Authority>) -> String {
    let provider = Arc::new(default_provider());
    let config = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap();
    let config = match clients {
        None => config.with_no_client_auth(),
        Some(clients) => config.with_client_cert_verifier(
            WebPkiClientVerifier::builder_with_provider(Arc::new(clients.roots()), provider)
                .build()
                .unwrap(),
        ),
    };
    let (certificate, key) = authority.issue(ExtendedKeyUsagePurpose::ServerAuth);
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = config
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]";
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        }
    });
    format!("https://localhost:{port}")
}

#[tokio::test]
async fn an_extra_authority_is_trusted() {
    let authority = Authority::new();
    let url = tls_registry(&authority, None).await;
    let client = impatient(&url)
        .ca_certificates_pem(authority.0.pem())
        .build()
        .unwrap();
    assert!(client.subjects().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_unknown_authority_is_not() {
    let url = tls_registry(&Authority::new(), None).await;
    let client = impatient(&url)
        .ca_certificates_pem(Authority::new().0.pem())
        .build()
        .unwrap();
    let error = client.subjects().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Connect, "{}", everything(&error));
    assert!(
        everything(&error).contains("InvalidCertificate"),
        "{error:?}"
    );
    assert_eq!(error.exchange().unwrap().requests, 1, "{error}");
    assert!(error.is_tls());
}

#[tokio::test]
async fn a_client_certificate_opens_the_door() {
    let authority = Authority::new();
    let clients = Authority::new();
    let url = tls_registry(&authority, Some(&clients)).await;
    let (certificate, key) = clients.issue(ExtendedKeyUsagePurpose::ClientAuth);
    let client = impatient(&url)
        .ca_certificates_pem(authority.0.pem())
        .client_certificate_pem(certificate.pem(), key.serialize_pem())
        .build()
        .unwrap();
    assert!(client.subjects().await.unwrap().is_empty());
}

#[tokio::test]
async fn without_one_it_stays_shut() {
    let authority = Authority::new();
    let url = tls_registry(&authority, Some(&Authority::new())).await;
    let (certificate, key) = Authority::new().issue(ExtendedKeyUsagePurpose::ClientAuth);
    let trusting = || {
        impatient(&url)
            .ca_certificates_pem(authority.0.pem())
            .retries(0)
    };
    for builder in [
        trusting(),
        trusting().client_certificate_pem(certificate.pem(), key.serialize_pem()),
    ] {
        let error = builder.build().unwrap().subjects().await.unwrap_err();
        // With TLS 1.3 the refusal arrives after the handshake.
        assert!(
            matches!(error.kind(), Kind::Connect | Kind::Interrupted),
            "{}",
            everything(&error)
        );
    }
}

#[tokio::test]
async fn plain_http_where_tls_is_expected_is_a_connect_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut hello = [0; 4096];
            let _ = stream.read(&mut hello).await;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let client = impatient(&format!("https://localhost:{port}"))
        .ca_certificates_pem(Authority::new().0.pem())
        .retries(0)
        .build()
        .unwrap();
    let error = client.subjects().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Connect, "{}", everything(&error));
    assert!(error.is_tls());
}
