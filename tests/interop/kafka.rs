//! Steps on a real cluster, which `tests/interop/kafka/run` starts and passes in the
//! environment. If a step needs a change of the cluster, it prints a line and waits for
//! an answer.

use std::io::{BufRead, IsTerminal, Write};
use std::time::Duration;

use cc_protobuf_examples::kafka::{
    AdminTopics, ConnectionConfig, Credentials, Error, Kafka, ProducerRecord, TopicSpec,
};

fn config() -> ConnectionConfig {
    let get = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let credentials = Credentials {
        username: get("KAFKA_API_KEY"),
        password: get("KAFKA_API_SECRET"),
    };
    let mut config = ConnectionConfig::new(get("BOOTSTRAP_SERVERS"), Some(credentials));
    config.ca_location = Some(get("KAFKA_SSL_CA_LOCATION").into());
    config
}

fn topic(name: &str) -> TopicSpec {
    TopicSpec {
        name: name.into(),
        partitions: 6,
        replication_factor: 3,
    }
}

async fn connect(name: &str) -> (Kafka, Vec<String>) {
    let config = config();
    let admin = AdminTopics::new(&config).unwrap();
    Kafka::connect(&config, &format!("{name}-group"), &[topic(name)], &admin)
        .await
        .unwrap()
}

/// Prints `word` and waits until the script answers.
async fn hand_over(word: &'static str) {
    tokio::task::spawn_blocking(move || {
        let mut out = std::io::stdout();
        writeln!(out, "\n>>> {word}").unwrap();
        out.flush().unwrap();
        let stdin = std::io::stdin();
        assert!(!stdin.is_terminal(), "tests/interop/kafka/run drives this");
        let mut line = String::new();
        let read = stdin.lock().read_line(&mut line).unwrap();
        assert!(read > 0, "tests/interop/kafka/run drives this");
    })
    .await
    .unwrap();
}

async fn a_broker_dies_between_produce_and_consume() {
    let (kafka, _) = connect("broker-dies").await;
    let records: Vec<ProducerRecord> = (0..60u32)
        .map(|i| ProducerRecord {
            topic: "broker-dies".into(),
            key: Some(i.to_be_bytes().to_vec()),
            value: Some(format!("value {i}").into_bytes()),
            headers: vec![("n".into(), Some(i.to_be_bytes().to_vec()))],
        })
        .collect();
    let deliveries = kafka.produce(&records).await.unwrap();
    hand_over("produced").await;
    let received = kafka.receive(&deliveries).await.unwrap();
    assert_eq!(received.len(), records.len());
    assert!(records.iter().zip(&received).all(|(sent, got)| {
        (&sent.key, &sent.value, &sent.headers) == (&got.key, &got.value, &got.headers)
    }));
    kafka.commit(&received).await.unwrap();
    kafka.close().await;
}

async fn a_value_over_the_brokers_limit() {
    let (kafka, _) = connect("too-large").await;
    // Above the broker's limit of 400,000 bytes, but below librdkafka's own.
    let record = ProducerRecord {
        topic: "too-large".into(),
        value: Some(vec![7; 600_000]),
        ..ProducerRecord::default()
    };
    let error = kafka.produce(&[record]).await.unwrap_err();
    assert!(
        matches!(error, Error::TooLarge { size: 600_000, .. }),
        "{error}"
    );
    kafka.close().await;
}

async fn topics_are_created_once_and_deleted() {
    let (first, created) = connect("created-once").await;
    assert_eq!(created, ["created-once"]);
    first.close().await;
    let (second, created) = connect("created-once").await;
    assert!(created.is_empty());
    let deliveries = second
        .produce(&[ProducerRecord {
            topic: "created-once".into(),
            ..ProducerRecord::default()
        }])
        .await
        .unwrap();
    let received = second.receive(&deliveries).await.unwrap();
    assert_eq!((&received[0].key, &received[0].value), (&None, &None));
    second.commit(&received).await.unwrap();
    second.close().await;

    let admin = AdminTopics::new(&config()).unwrap();
    assert_eq!(
        admin
            .delete_topics(&["created-once", "no-such"])
            .await
            .unwrap()
            .gone,
        ["created-once"]
    );
    assert_eq!(
        admin
            .delete_groups(&["created-once-group", "no-such"])
            .await
            .unwrap()
            .gone,
        ["created-once-group"]
    );
}

async fn two_processes_create_one_topic_at_the_same_time() {
    let (a, b) = tokio::join!(connect("raced"), connect("raced"));
    assert!([&a, &b].iter().any(|(_, created)| created == &["raced"]));
    a.0.close().await;
    b.0.close().await;
}

async fn a_committed_offset_survives_the_consumer() {
    let (kafka, _) = connect("committed").await;
    let record = |value: &str| ProducerRecord {
        topic: "committed".into(),
        key: Some(b"k".to_vec()),
        value: Some(value.into()),
        ..ProducerRecord::default()
    };
    let deliveries = kafka.produce(&[record("1")]).await.unwrap();
    kafka
        .commit(&kafka.receive(&deliveries).await.unwrap())
        .await
        .unwrap();
    kafka.produce(&[record("2")]).await.unwrap();
    kafka.close().await;
    let (kafka, _) = connect("committed").await;
    let seen = kafka
        .consume("committed", 1, Duration::from_secs(20))
        .await
        .unwrap();
    assert_eq!(seen[0].value.as_deref(), Some(&b"2"[..]));
    kafka.close().await;
}

async fn records_of_the_python_client() {
    use crate::support::types::{MyRecord, OtherRecord};
    use cc_protobuf_examples::schema_registry::Client;
    use cc_protobuf_examples::serdes::{Deserializer, DeserializerOptions, Record, Side};

    let topic = std::env::var("TOPIC").unwrap();
    let url = std::env::var("SCHEMA_REGISTRY_URL").unwrap();
    let config = config();
    let admin = AdminTopics::new(&config).unwrap();
    let spec = TopicSpec {
        name: topic.clone(),
        partitions: 6,
        replication_factor: 3,
    };
    let (kafka, _) = Kafka::connect(&config, "reads-python", &[spec], &admin)
        .await
        .unwrap();
    let record = loop {
        let next = kafka
            .consume(&topic, 1, Duration::from_secs(20))
            .await
            .unwrap();
        let record = next
            .into_iter()
            .next()
            .expect("the record of the Python client");
        if record.key.as_deref() == Some(b"python") {
            break record;
        }
    };
    kafka.close().await;

    let registry = Client::builder(url).build().unwrap();
    let deserializer = Deserializer::new(registry, DeserializerOptions::new()).unwrap();
    let bytes =
        Record::from_parts(&topic, Side::Value, record.value.as_deref()).headers(&record.headers);
    let typed: Option<MyRecord> = deserializer.deserialize(bytes).await.unwrap();
    let expected = MyRecord {
        f1: "from Python".into(),
        f2: Some(OtherRecord { other_id: 4711 }),
    };
    assert_eq!(typed, Some(expected));
    let json = deserializer.deserialize_json(bytes).await.unwrap();
    assert_eq!(
        json,
        Some(serde_json::json!({"f1": "from Python", "f2": {"other_id": 4711}}))
    );
}

/// Runs one step, which must succeed.
pub async fn step(name: &str) {
    match name {
        "a_broker_dies_between_produce_and_consume" => {
            a_broker_dies_between_produce_and_consume().await
        }
        "a_value_over_the_brokers_limit" => a_value_over_the_brokers_limit().await,
        "topics_are_created_once_and_deleted" => topics_are_created_once_and_deleted().await,
        "two_processes_create_one_topic_at_the_same_time" => {
            two_processes_create_one_topic_at_the_same_time().await
        }
        "a_committed_offset_survives_the_consumer" => {
            a_committed_offset_survives_the_consumer().await
        }
        "records_of_the_python_client" => records_of_the_python_client().await,
        _ => panic!("no step is called {name:?}"),
    }
    println!("{name} passed");
}
