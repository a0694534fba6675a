//! Servers that a client may meet instead of a Kafka broker.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::tls::Authority;

/// Starts a server that accepts connections and never answers.
pub async fn silence() -> SocketAddr {
    serve(|mut stream| async move {
        let mut nothing = [0; 1024];
        while stream.read(&mut nothing).await.is_ok_and(|read| read > 0) {}
    })
    .await
}

/// Starts a web server, which answers 400 to anything but HTTP.
pub async fn web_server() -> SocketAddr {
    serve(|mut stream| async move {
        let _ = stream.read(&mut [0; 1024]).await;
        let answer = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
        let _ = stream.write_all(answer).await;
    })
    .await
}

/// Starts a TLS listener with a certificate of a new authority; returns the
/// authority's certificate in PEM.
pub async fn tls_listener() -> (SocketAddr, String) {
    let authority = Authority::new();
    let acceptor = authority.acceptor(None);
    let address = serve(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {}
            }
        }
    })
    .await;
    (address, authority.pem())
}

/// Starts a broker that implements just enough of Kafka to refuse a password.
pub async fn refusing_broker() -> SocketAddr {
    serve(|mut stream| async move {
        while let Ok(size) = stream.read_u32().await {
            let mut request = vec![0; size as usize];
            if stream.read_exact(&mut request).await.is_err() {
                return;
            }
            let short = |at: usize| i16::from_be_bytes([request[at], request[at + 1]]);
            let body: Vec<u8> = match (short(0), short(2)) {
                // ApiVersions 0: no error, four APIs with their lowest and highest version.
                (18, 0) => {
                    let mut body = vec![0, 0, 0, 0, 0, 4];
                    for (api, highest) in [(3_i16, 4_i16), (17, 1), (18, 0), (36, 0)] {
                        body.extend(api.to_be_bytes());
                        body.extend(0_i16.to_be_bytes());
                        body.extend(highest.to_be_bytes());
                    }
                    body
                }
                // Later versions of it are unsupported: error 35, no APIs.
                (18, _) => vec![0, 35, 0, 0, 0, 0],
                // SaslHandshake: no error, one mechanism.
                (17, _) => [&[0, 0, 0, 0, 0, 1, 0, 5][..], b"PLAIN"].concat(),
                // SaslAuthenticate: error 58 with a message, no bytes.
                (36, _) => {
                    let message = b"Authentication failed: Invalid username or password";
                    let length = (message.len() as i16).to_be_bytes();
                    [&[0, 58][..], &length, message, &[0, 0, 0, 0]].concat()
                }
                _ => return,
            };
            let mut answer = (body.len() as u32 + 4).to_be_bytes().to_vec();
            answer.extend(&request[4..8]);
            answer.extend(body);
            if stream.write_all(&answer).await.is_err() {
                return;
            }
        }
    })
    .await
}

async fn serve<F>(speak: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(speak(stream));
        }
    });
    address
}
