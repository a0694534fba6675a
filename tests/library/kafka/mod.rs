//! Produce and consume on the embedded cluster.

mod failures;

use std::time::{Duration, Instant};

use cc_protobuf_examples::embedded::broker::EmbeddedBroker;
use cc_protobuf_examples::kafka::{
    ConnectionConfig, Delivery, Error, Kafka, ProducerRecord, TopicCreator, TopicSpec,
};
use futures_util::future::BoxFuture;

fn topic(name: &str) -> TopicSpec {
    TopicSpec {
        name: name.into(),
        partitions: 6,
        replication_factor: 3,
    }
}

fn config(broker: &EmbeddedBroker) -> ConnectionConfig {
    let mut config = ConnectionConfig::new(broker.bootstrap_servers(), None);
    config.fetch_wait_max = Duration::from_millis(10);
    config
}

fn record(topic: &str, key: &str, value: Option<&[u8]>) -> ProducerRecord {
    ProducerRecord {
        topic: topic.into(),
        key: Some(key.into()),
        value: value.map(<[u8]>::to_vec),
        headers: Vec::new(),
    }
}

#[tokio::test]
async fn records_come_back_as_they_were_sent() {
    let broker = EmbeddedBroker::start().await.unwrap();
    let (kafka, created) = Kafka::connect(
        &config(&broker),
        "group",
        &[topic("a"), topic("b")],
        &broker,
    )
    .await
    .unwrap();
    assert_eq!(created, ["a", "b"]);

    let mut with_headers = record("a", "k1", Some(b"v\0\n1"));
    with_headers.headers = vec![
        ("id".into(), Some(vec![1, 2])),
        ("null".into(), None),
        ("id".into(), Some(vec![])),
    ];
    let mut no_key = record("a", "", Some(b""));
    no_key.key = None;
    let sent = [
        with_headers,
        record("b", "k2", Some(b"other topic")),
        record("a", "k3", None), // a tombstone
        no_key,
    ];
    let deliveries = kafka.produce(&sent).await.unwrap();
    let received = kafka.receive(&deliveries).await.unwrap();
    assert_eq!(received.len(), sent.len());
    for (sent, received) in sent.iter().zip(&received) {
        assert_eq!(sent.topic, received.topic);
        assert_eq!(sent.key, received.key);
        assert_eq!(sent.value, received.value);
        assert_eq!(sent.headers, received.headers);
    }
    kafka.commit(&received).await.unwrap();
    kafka.close().await;
}

#[tokio::test]
async fn a_second_run_goes_on_where_the_first_committed() {
    let broker = EmbeddedBroker::start().await.unwrap();
    let topics = [topic("t")];
    let (first, _) = Kafka::connect(&config(&broker), "g", &topics, &broker)
        .await
        .unwrap();
    let deliveries = first
        .produce(&[record("t", "k", Some(b"1"))])
        .await
        .unwrap();
    let handled = first.receive(&deliveries).await.unwrap();
    first.commit(&handled).await.unwrap();
    let deliveries = first
        .produce(&[record("t", "k", Some(b"2"))])
        .await
        .unwrap();
    first.receive(&deliveries).await.unwrap(); // seen, not committed
    first.close().await;

    let (second, created) = Kafka::connect(&config(&broker), "g", &topics, &broker)
        .await
        .unwrap();
    assert!(created.is_empty(), "the topic existed");
    let seen = second
        .consume("t", 2, Duration::from_secs(3))
        .await
        .unwrap();
    let values: Vec<_> = seen.iter().filter_map(|r| r.value.as_deref()).collect();
    assert_eq!(values, [b"2"]);
    second.close().await;
}

#[tokio::test]
async fn many_records_are_in_flight_and_keep_their_order_per_key() {
    let broker = EmbeddedBroker::start().await.unwrap();
    let (kafka, _) = Kafka::connect(&config(&broker), "g", &[topic("t")], &broker)
        .await
        .unwrap();
    let records: Vec<ProducerRecord> = (0..200)
        .map(|i: u32| record("t", &format!("k{}", i % 7), Some(&i.to_be_bytes())))
        .collect();
    let deliveries = kafka.produce(&records).await.unwrap();
    let received = kafka.receive(&deliveries).await.unwrap();
    assert_eq!(received.len(), records.len());
    assert!(
        records
            .iter()
            .zip(&received)
            .all(|(sent, got)| sent.value == got.value)
    );
    for key in 0..7 {
        let key = format!("k{key}").into_bytes();
        let offsets: Vec<_> = received
            .iter()
            .filter(|r| r.key.as_ref() == Some(&key))
            .map(|r| (r.partition, r.offset))
            .collect();
        assert!(offsets.len() > 1 && offsets.is_sorted(), "{offsets:?}");
        assert!(
            offsets
                .iter()
                .all(|(partition, _)| *partition == offsets[0].0)
        );
    }
    kafka.close().await;
}

#[tokio::test]
async fn consume_returns_what_there_is_by_the_deadline() {
    let broker = EmbeddedBroker::start().await.unwrap();
    let topics = [topic("a"), topic("b")];
    let (kafka, _) = Kafka::connect(&config(&broker), "g", &topics, &broker)
        .await
        .unwrap();
    kafka
        .produce(&[record("a", "k", Some(b"1")), record("b", "k", Some(b"2"))])
        .await
        .unwrap();
    let b = kafka
        .consume("b", 1, Duration::from_secs(10))
        .await
        .unwrap();
    assert_eq!(b[0].value.as_deref(), Some(&b"2"[..]));
    // Waiting for this topic did not lose the record of the other one.
    let a = kafka
        .consume("a", 5, Duration::from_millis(1500))
        .await
        .unwrap();
    assert_eq!(a.len(), 1);
    kafka.close().await;
}

/// An existing record, and one that never arrives.
async fn half_there(kafka: &Kafka) -> [Delivery; 2] {
    let sent = [record("t", "k", Some(b"there"))];
    let [there] = kafka.produce(&sent).await.unwrap().try_into().unwrap();
    let nowhere = Delivery {
        offset: there.offset + 77,
        ..there.clone()
    };
    [there, nowhere]
}

#[tokio::test]
async fn a_receive_that_fails_loses_nothing() {
    let broker = EmbeddedBroker::start().await.unwrap();
    let mut config = config(&broker);
    config.deadline = Duration::from_secs(2);
    let (kafka, _) = Kafka::connect(&config, "g", &[topic("t")], &broker)
        .await
        .unwrap();
    let [there, nowhere] = half_there(&kafka).await;
    let both = [there.clone(), nowhere];
    kafka.receive(&both).await.unwrap_err();
    kafka.receive(&both).await.unwrap_err();
    let received = kafka.receive(&[there]).await.unwrap();
    assert_eq!(received[0].value.as_deref(), Some(&b"there"[..]));
    kafka.close().await;
}

#[tokio::test]
async fn a_call_that_is_dropped_loses_nothing() {
    let broker = EmbeddedBroker::start().await.unwrap();
    let (kafka, _) = Kafka::connect(&config(&broker), "g", &[topic("t")], &broker)
        .await
        .unwrap();
    let [there, nowhere] = half_there(&kafka).await;
    let both = [there.clone(), nowhere];
    let shortly = Duration::from_millis(1500);
    let receive = tokio::time::timeout(shortly, kafka.receive(&both));
    assert!(receive.await.is_err());
    let consume = kafka.consume("t", 9, Duration::from_secs(60));
    assert!(tokio::time::timeout(shortly, consume).await.is_err());
    let received = kafka.receive(&[there]).await.unwrap();
    assert_eq!(received[0].value.as_deref(), Some(&b"there"[..]));
    kafka.close().await;
}

#[tokio::test]
async fn records_that_nobody_asks_for_are_not_lost_at_the_limit_either() {
    let broker = EmbeddedBroker::start().await.unwrap();
    let topics = [topic("t"), topic("others")];
    let (kafka, _) = Kafka::connect(&config(&broker), "g", &topics, &broker)
        .await
        .unwrap();
    let others: Vec<ProducerRecord> = (0..10_050_u32)
        .map(|i| record("others", &i.to_string(), None))
        .collect();
    kafka.produce(&others).await.unwrap();
    // All of them are read before the limit or the deadline is noticed.
    let error = kafka
        .consume("t", 1, Duration::from_secs(60))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("10000 records"), "{error}");
    let found = kafka
        .consume("others", others.len(), Duration::from_secs(60))
        .await
        .unwrap();
    assert_eq!(found.len(), others.len());
    kafka.close().await;
}

#[tokio::test]
async fn a_record_that_does_not_come_is_an_error() {
    let broker = EmbeddedBroker::start().await.unwrap();
    let mut config = config(&broker);
    config.deadline = Duration::from_secs(2);
    let (kafka, _) = Kafka::connect(&config, "g", &[topic("t")], &broker)
        .await
        .unwrap();
    let nowhere = Delivery {
        topic: "t".into(),
        partition: 0,
        offset: 77,
    };
    let error = kafka.receive(&[nowhere]).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::NotReceived {
                expected: 1,
                missing: 1,
                ..
            }
        ),
        "{error}"
    );
    kafka.close().await;
}

#[tokio::test]
async fn a_value_over_the_limit_is_refused_with_its_size() {
    let broker = EmbeddedBroker::start().await.unwrap();
    let (kafka, _) = Kafka::connect(&config(&broker), "g", &[topic("t")], &broker)
        .await
        .unwrap();
    let error = kafka
        .produce(&[record("t", "k", Some(&vec![0; 2_000_000]))])
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::TooLarge {
                size: 2_000_001,
                ..
            }
        ),
        "{error}"
    );
    kafka.close().await;
}

struct NoTopics;

impl TopicCreator for NoTopics {
    fn create<'a>(&'a self, _: &'a [TopicSpec]) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test]
async fn no_broker_is_an_error_within_the_deadline() {
    let nobody = crate::support::stub::nobody().to_string();
    let mut config = ConnectionConfig::new(&nobody, None);
    config.deadline = Duration::from_secs(2);
    let start = Instant::now();
    let error = Kafka::connect(&config, "g", &[topic("t")], &NoTopics)
        .await
        .map(|_| ())
        .unwrap_err();
    assert!(error.is_unreachable(), "{error}");
    assert!(error.to_string().contains(&nobody), "{error}");
    assert!(start.elapsed() < Duration::from_secs(20));
}
