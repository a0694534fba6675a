//! Proxies of the environment are used, but never for this machine. Each case runs in its
//! own process, because the environment belongs to a process.

use std::process::Command;

use serde_json::json;

use crate::client::impatient;
use crate::support::stub::{Answer, Stub, refusing_url};

const URL: &str = "CLIENT_UNDER_TEST_URL";

/// The case that the other process runs.
#[tokio::test]
#[ignore = "run by the other tests in a process of its own"]
async fn ask_the_url_of_the_environment() {
    let url = std::env::var(URL).expect("set by the tests that start this one");
    let client = impatient(&url).retries(0).build().unwrap();
    assert_eq!(client.subjects().await.unwrap(), ["from the stub"]);
}

async fn ask(url: &str, proxy: &str) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args([
            "--exact",
            "client::proxy::ask_the_url_of_the_environment",
            "--ignored",
        ])
        .env(URL, url);
    for name in ["NO_PROXY", "no_proxy", "REQUEST_METHOD"] {
        child.env_remove(name);
    }
    for name in [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
    ] {
        child.env(name, proxy);
    }
    tokio::task::spawn_blocking(move || child.output().unwrap().status.success())
        .await
        .unwrap()
}

#[tokio::test]
async fn this_machine_is_reached_without_the_proxy() {
    let stub = Stub::always(Answer::ok(json!(["from the stub"])));
    let proxy = refusing_url();
    assert!(ask(&stub.url, &proxy).await);
    assert!(ask(&stub.url.replace("127.0.0.1", "localhost"), &proxy).await);
    assert_eq!(stub.count(), 2);
}

#[tokio::test]
async fn other_machines_are_reached_through_the_proxy() {
    let stub = Stub::always(Answer::ok(json!(["from the stub"])));
    assert!(ask("http://registry.invalid:8081/sr", &stub.url).await);
    assert_eq!(
        stub.seen()[0].line(),
        "GET http://registry.invalid:8081/sr/subjects"
    );
}
