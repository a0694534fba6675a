//! Which failures are retried, how often, when, and on which server.

use cc_protobuf_examples::schema_registry::Deleted;
use cc_protobuf_examples::schema_registry::Normalization;
use std::time::{Duration, Instant, SystemTime};

use cc_protobuf_examples::schema_registry::entities::{DekRequest, KekRequest, SchemaRequest};
use cc_protobuf_examples::schema_registry::{Client, ErrorKind};
use serde_json::json;

use crate::client::{impatient, retrying};
use crate::support::stub::{Answer, Stub, refusing_url};

fn kek() -> KekRequest {
    KekRequest {
        name: "k".to_owned(),
        ..KekRequest::default()
    }
}

#[tokio::test]
async fn passing_trouble_is_overcome() {
    for status in [408, 429, 500, 502, 503, 504] {
        let trouble = Answer::refusal(status, status.into(), "busy");
        let stub = Stub::scripted(vec![
            trouble.clone(),
            trouble.clone(),
            trouble,
            Answer::ok(json!({"id": 1})),
        ]);
        let client = retrying(&stub);
        let registered = client
            .register("s", &SchemaRequest::default(), Normalization::AsSent)
            .await
            .unwrap();
        assert_eq!(registered.id, Some(1));
        assert_eq!(stub.count(), 4, "{status}");
    }
}

#[tokio::test]
async fn lasting_trouble_is_reported_after_three_retries() {
    let stub = Stub::always(Answer::refusal(503, 503, "busy"));
    let error = retrying(&stub).subjects().await.unwrap_err();
    assert_eq!(stub.count(), 4);
    assert_eq!(error.exchange().unwrap().requests, 4);
    assert!(error.to_string().contains("4 requests"), "{error}");

    let client = impatient(&stub.url).retries(1).build().unwrap();
    client.subjects().await.unwrap_err();
    assert_eq!(stub.count(), 6);
}

#[tokio::test]
async fn refusals_are_final() {
    for status in [400, 401, 403, 404, 405, 409, 415, 422, 501, 505] {
        let stub = Stub::always(Answer::refusal(status, status.into(), "no"));
        retrying(&stub).subjects().await.unwrap_err();
        assert_eq!(stub.count(), 1, "{status}");
    }
}

#[tokio::test]
async fn keys_are_created_once() {
    let dek = DekRequest {
        subject: "s".to_owned(),
        ..DekRequest::default()
    };
    for status in [408, 429, 500, 503] {
        let stub = Stub::always(Answer::refusal(status, status.into(), "busy"));
        let other = Stub::always(Answer::refusal(status, status.into(), "busy"));
        let client = impatient(&format!("{},{}", stub.url, other.url))
            .build()
            .unwrap();
        client.create_kek(&kek()).await.unwrap_err();
        client.create_dek("k", &dek).await.unwrap_err();
        assert_eq!((stub.count(), other.count()), (2, 0), "{status}");
    }

    // Requests that were not sent may be retried.
    let client = impatient(&refusing_url()).build().unwrap();
    let error = client.create_kek(&kek()).await.unwrap_err();
    assert_eq!(error.exchange().unwrap().requests, 4);
}

#[tokio::test]
async fn retry_after_in_seconds_is_obeyed() {
    let stub = Stub::scripted(vec![
        Answer::refusal(429, 429, "slow down").with("retry-after", 1),
        Answer::ok(json!([])),
    ]);
    let started = Instant::now();
    retrying(&stub).subjects().await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(stub.count(), 2);
}

#[tokio::test]
async fn retry_after_as_a_date_is_obeyed() {
    let now = SystemTime::now();
    let past = httpdate::fmt_http_date(now - Duration::from_secs(60));
    let stub = Stub::scripted(vec![
        Answer::refusal(503, 503, "restarting").with("retry-after", past),
        Answer::ok(json!([])),
    ]);
    // The pauses would be a minute, but the date says otherwise.
    let minute = Duration::from_secs(59);
    let client = Client::builder(&stub.url)
        .retry_pauses(minute, minute)
        .build()
        .unwrap();
    client.subjects().await.unwrap();
    assert_eq!(stub.count(), 2);

    let future = httpdate::fmt_http_date(now + Duration::from_secs(7200));
    let stub = Stub::always(Answer::refusal(503, 503, "").with("retry-after", future));
    let error = retrying(&stub).subjects().await.unwrap_err();
    assert_eq!(stub.count(), 1);
    assert!(error.retry_after().unwrap() > Duration::from_secs(3600));
}

#[tokio::test]
async fn a_pause_beyond_the_call_s_time_is_not_waited_for() {
    let stub = Stub::always(Answer::refusal(429, 429, "").with("retry-after", 3600));
    let error = retrying(&stub).subjects().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
    assert_eq!(stub.count(), 1);
}

#[tokio::test]
async fn another_server_takes_over_and_keeps_the_work() {
    for trouble in [500, 502, 503, 504] {
        let bad = Stub::always(Answer::refusal(trouble, trouble.into(), "busy"));
        let good = Stub::always(Answer::ok(json!([])));
        let client = impatient(&format!("{}, {}", bad.url, good.url))
            .build()
            .unwrap();
        for _ in 0..3 {
            client.subjects().await.unwrap();
        }
        assert_eq!((bad.count(), good.count()), (1, 3), "{trouble}");
    }
}

#[tokio::test]
async fn a_dead_server_is_passed_over() {
    let good = Stub::always(Answer::ok(json!({"name": "k"})));
    let urls = format!("{},{}", refusing_url(), good.url);
    let client = impatient(&urls).retries(0).build().unwrap();
    client.create_kek(&kek()).await.unwrap();
    client.kek("k", Deleted::Exclude).await.unwrap();
    assert_eq!(good.count(), 2);
    assert_eq!(client.base_urls().count(), 2);
}

#[tokio::test]
async fn a_hanging_server_is_passed_over() {
    let hanging = Stub::always(Answer::Silence);
    let good = Stub::always(Answer::ok(json!([])));
    let client = impatient(&format!("{},{}", hanging.url, good.url))
        .request_timeout(Duration::from_millis(500))
        .build()
        .unwrap();
    client.subjects().await.unwrap();
    assert_eq!((hanging.count(), good.count()), (1, 1));
}

#[tokio::test]
async fn every_server_is_tried_in_every_round() {
    let one = Stub::always(Answer::refusal(503, 503, "one"));
    let two = Stub::always(Answer::refusal(503, 503, "two"));
    let client = impatient(&format!("{},{}", one.url, two.url))
        .build()
        .unwrap();
    let error = client.subjects().await.unwrap_err();
    assert_eq!((one.count(), two.count()), (4, 4));
    assert_eq!(error.exchange().unwrap().requests, 8);
}

#[tokio::test]
async fn throttling_and_refusals_stay_with_the_server() {
    for answer in [
        Answer::refusal(404, 40401, "none"),
        Answer::refusal(429, 429, "slow").with("retry-after", 3600),
    ] {
        let one = Stub::always(answer);
        let two = Stub::always(Answer::ok(json!([])));
        let client = impatient(&format!("{},{}", one.url, two.url))
            .build()
            .unwrap();
        client.subjects().await.unwrap_err();
        assert_eq!((one.count(), two.count()), (1, 0));
    }
}
