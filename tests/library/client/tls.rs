//! TLS: the certificates of registry, authority and client.

use cc_protobuf_examples::schema_registry::ErrorKind;
use rcgen::ExtendedKeyUsagePurpose;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::client::{everything, impatient};
use crate::support::peers;
use crate::support::tls::Authority;

/// Starts an empty registry with TLS; returns its URL. With `clients`, it requires client
/// certificates of that authority.
async fn tls_registry(authority: &Authority, clients: Option<&Authority>) -> String {
    let acceptor = authority.acceptor(clients);
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
        .ca_certificates_pem(authority.pem())
        .build()
        .unwrap();
    assert!(client.subjects().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_unknown_authority_is_not() {
    let url = tls_registry(&Authority::new(), None).await;
    let client = impatient(&url)
        .ca_certificates_pem(Authority::new().pem())
        .build()
        .unwrap();
    let error = client.subjects().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{}", everything(&error));
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
        .ca_certificates_pem(authority.pem())
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
            .ca_certificates_pem(authority.pem())
            .retries(0)
    };
    for builder in [
        trusting(),
        trusting().client_certificate_pem(certificate.pem(), key.serialize_pem()),
    ] {
        let error = builder.build().unwrap().subjects().await.unwrap_err();
        // With TLS 1.3 the refusal arrives after the handshake.
        assert!(
            matches!(error.kind(), ErrorKind::Connect | ErrorKind::Interrupted),
            "{}",
            everything(&error)
        );
    }
}

#[tokio::test]
async fn plain_http_where_tls_is_expected_is_a_connect_error() {
    let port = peers::web_server().await.port();
    let client = impatient(&format!("https://localhost:{port}"))
        .ca_certificates_pem(Authority::new().pem())
        .retries(0)
        .build()
        .unwrap();
    let error = client.subjects().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{}", everything(&error));
    assert!(error.is_tls());
}
