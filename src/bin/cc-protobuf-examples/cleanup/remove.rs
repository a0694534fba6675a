//! Deletes the subjects, keys, topics and consumer group of a run.

use cc_protobuf_examples::csfle::Algorithm;
use cc_protobuf_examples::kafka::{AdminTopics, ErrorKind};
use cc_protobuf_examples::schema_registry::Deleted;
use cc_protobuf_examples::schema_registry::Deletion;
use cc_protobuf_examples::schema_registry::{Client, Error};

use super::by_hand::ByHand;
use super::outcome::{Cleaned, Left};
use crate::backends::kafka_config;
use crate::console::{BAD, Console, DIM, GOOD};
use crate::failure::{Exit, Failure};
use crate::naming::{Created, Names, topic};
use crate::settings::{KafkaSettings, Settings, names};

/// Error code of the registry for "One or more references exist to the schema".
const REFERENCE_EXISTS: i32 = 42206;

/// Lists what a run left, then removes it: subjects, DEKs and KEKs softly, then
/// permanently; then topics and consumer group on a configured cluster. After a
/// failure it continues with the rest, unless the credentials were refused. With
/// `dry_run` it only lists. The future may be dropped at any time; `cleaned`
/// always holds what is done.
pub async fn remove_run(
    names: &Names,
    settings: &Settings,
    client: &Client,
    dry_run: bool,
    console: &Console,
    cleaned: &mut Cleaned,
) {
    let all = names.everything();
    console.line("");
    console.result(&format!(
        "Run {} left on the Schema Registry:",
        names.id().as_str()
    ));
    let found = find(&all, client, console, cleaned).await;
    for name in found.describe() {
        console.result(&format!("  {name}"));
    }
    if found.subjects.is_empty() && found.keks.is_empty() && cleaned.unknown.is_empty() {
        console.result(&format!("  {DIM}nothing{DIM:#}"));
    }
    if cleaned.refused.is_some() {
        console.result(&format!(
            "{BAD}✗ stopped: the Schema Registry refuses these credentials{BAD:#}"
        ));
        return;
    }
    match &settings.kafka {
        Some(_) => {
            console.result("and, if they exist, on the Kafka cluster:");
            for topic in &all.topics {
                console.result(&format!("  topic {topic}"));
            }
            console.result(&format!("  consumer group {}", names.group()));
        }
        None => console.line(&format!(
            "Topics are not checked: {} is not set.",
            names::BOOTSTRAP_SERVERS.key
        )),
    }
    if dry_run {
        cleaned.removed = found.describe();
        return;
    }

    let by_hand = ByHand::new(settings);
    delete_subjects(&found.subjects, client, &by_hand, cleaned).await;
    for kek in &found.keks {
        let subject = names.value_subject(topic::CSFLE);
        let done = match &cleaned.refused {
            Some(refused) => Err(refused.clone()),
            None => cleaned.judge(delete_kek(kek, client).await),
        };
        cleaned.note(describe_kek(kek), by_hand.kek(kek, &subject), done);
    }
    if let Some(kafka) = &settings.kafka
        && cleaned.refused.is_none()
    {
        delete_from_kafka(kafka, &all.topics, &names.group(), &by_hand, cleaned).await;
    }
    let removed = match cleaned.count() {
        None => "nothing to remove".to_owned(),
        Some(count) => format!("removed {count}"),
    };
    if cleaned.left.is_empty() && cleaned.unknown.is_empty() {
        console.result(&format!("{GOOD}✓ {removed}{GOOD:#}"));
    } else {
        console.result(&format!("{BAD}✗ {removed}; still there:{BAD:#}"));
    }
    for Left { what, why, by_hand } in &cleaned.left {
        console.result(&format!("  {what}: {why}"));
        console.result(&format!("    {by_hand}"));
    }
    if let Some(arn) = &settings.kms_key_arn {
        // The AWS CLI uses the shell's default region unless told otherwise.
        let region = arn.split(':').nth(3).unwrap_or_default();
        console.say("The KMS key is shared with other runs and stays. To delete it:");
        console.line(&format!(
            "  aws kms schedule-key-deletion --pending-window-in-days 7 \\\n    --region {region} --key-id {arn}"
        ));
    }
}

/// Deletes the topics and the consumer group of a run.
async fn delete_from_kafka(
    kafka: &KafkaSettings,
    topics: &[String],
    group: &str,
    by_hand: &ByHand<'_>,
    cleaned: &mut Cleaned,
) {
    let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    let admin = match kafka_config(kafka).and_then(|config| Ok(AdminTopics::new(&config)?)) {
        Ok(admin) => admin,
        Err(failure) => return cleaned.unknown.push(failure),
    };
    let deleted = admin.delete_topics(&topics).await;
    // If the cluster failed once, do not ask it again.
    let usable = deleted.is_ok();
    let topics_left = deleted
        .as_ref()
        .is_ok_and(|deleted| !deleted.left.is_empty());
    cleaned.note_all("topic", &topics, |name| by_hand.topic(name), deleted);
    if !usable {
        return;
    }
    let mut deleted = admin.delete_groups(&[group]).await;
    if let Ok(deleted) = &mut deleted
        && !topics_left
    {
        // A mock cluster cannot list groups, but without topics of the run it
        // has no group of the run either.
        deleted
            .left
            .retain(|(_, error)| error.kind() != ErrorKind::NoAdminApi);
    }
    cleaned.note_all(
        "consumer group",
        &[group],
        |name| by_hand.group(name),
        deleted,
    );
}

/// Returns the names that exist, including soft-deleted ones.
async fn find(all: &Created, client: &Client, console: &Console, cleaned: &mut Cleaned) -> Created {
    let mut found = Created::default();
    for subject in &all.subjects {
        match client.versions_including(subject, Deleted::Include).await {
            Ok(_) => found.subjects.push(subject.clone()),
            Err(error) if error.is_not_found() => {}
            Err(error) => {
                let unauthorized = error.is_unauthorized();
                let failure = Failure::from(error).context(format!("cannot look up {subject}"));
                if unauthorized {
                    cleaned.refused = Some(failure.clone());
                }
                let hopeless = unauthorized || failure.exit == Exit::Unreachable;
                cleaned.unknown.push(failure);
                if hopeless {
                    return found;
                }
            }
        }
    }
    for kek in &all.keks {
        match client.kek(kek, Deleted::Include).await {
            Ok(_) => found.keks.push(kek.clone()),
            // Without a DEK Registry there are no KEKs.
            Err(error) if error.is_not_found() || error.is_unsupported() => {}
            Err(error) if error.is_forbidden() => console.result(&format!(
                "  {DIM}keys are not checked: these credentials may not use the DEK \
                 Registry{DIM:#}"
            )),
            Err(error) => cleaned
                .unknown
                .push(Failure::from(error).context(format!("cannot look up KEK {kek}"))),
        }
    }
    found
}

/// Deletes each subject softly, then permanently. A subject that others reference
/// can only be deleted after them, so refused ones are retried as long as others
/// succeed.
async fn delete_subjects(
    subjects: &[String],
    client: &Client,
    by_hand: &ByHand<'_>,
    cleaned: &mut Cleaned,
) {
    let mut waiting: Vec<&String> = subjects.iter().collect();
    while !waiting.is_empty() {
        let before = waiting.len();
        let mut refused = Vec::new();
        for subject in waiting {
            if let Some(refused) = cleaned.refused.clone() {
                cleaned.note(
                    format!("subject {subject}"),
                    by_hand.subject(subject),
                    Err(refused),
                );
                continue;
            }
            match delete_subject(subject, client).await {
                Err(error) if error.error_code() == Some(REFERENCE_EXISTS) => {
                    refused.push((subject, error));
                }
                done => {
                    let done = cleaned.judge(done);
                    cleaned.note(format!("subject {subject}"), by_hand.subject(subject), done);
                }
            }
        }
        if refused.len() == before {
            for (subject, error) in refused {
                let failure = Failure::from(error)
                    .hint("a schema outside this run references this subject; delete that first");
                cleaned.note(
                    format!("subject {subject}"),
                    by_hand.subject(subject),
                    Err(failure),
                );
            }
            return;
        }
        waiting = refused.into_iter().map(|(subject, _)| subject).collect();
    }
}

/// Deletes one subject with the level that was set on it.
async fn delete_subject(subject: &str, client: &Client) -> Result<(), Error> {
    // Not found: softly deleted before, or gone.
    let absent = |error: Error| {
        if error.is_not_found() {
            Ok(vec![])
        } else {
            Err(error)
        }
    };
    client.delete_subject(subject).await.or_else(absent)?;
    if let Err(error) = client.delete_config(Some(subject)).await
        && !error.is_not_found()
    {
        tracing::debug!("the compatibility level of subject {subject} may stay: {error}");
    }
    client
        .delete_subject_permanent(subject)
        .await
        .or_else(absent)?;
    Ok(())
}

/// Deletes the DEKs below a KEK and the KEK, softly, then permanently.
async fn delete_kek(kek: &str, client: &Client) -> Result<(), Error> {
    let absent = |error: Error| {
        if error.is_not_found() {
            Ok(())
        } else {
            Err(error)
        }
    };
    for deletion in [Deletion::Soft, Deletion::Permanent] {
        for subject in client.dek_subjects(kek, Deleted::Include).await? {
            for algorithm in Algorithm::ALL {
                client
                    .delete_deks(kek, &subject, algorithm.name(), deletion)
                    .await
                    .or_else(absent)?;
            }
        }
        client.delete_kek(kek, deletion).await.or_else(absent)?;
    }
    Ok(())
}

impl Created {
    fn describe(&self) -> Vec<String> {
        let subjects = self.subjects.iter().map(|name| format!("subject {name}"));
        let keks = self.keks.iter().map(|name| describe_kek(name));
        subjects.chain(keks).collect()
    }
}

fn describe_kek(name: &str) -> String {
    format!("KEK {name} and its DEKs")
}
