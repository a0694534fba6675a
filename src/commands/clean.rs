//! `clean` and `--cleanup`: removes what one run made, and nothing else.
//!
//! The names are computed from the run id, never searched for.

use cc_protobuf_examples::csfle::Algorithm;
use cc_protobuf_examples::kafka::AdminTopics;
use cc_protobuf_examples::schema_registry::{Client, Error};

use crate::backends::{self, kafka_config};
use crate::cli::CleanArgs;
use crate::console::{Console, DIM, GOOD, Output};
use crate::failure::{Exit, Failure};
use crate::naming::{Created, Names, RunId};
use crate::settings::{Settings, names};

/// "One or more references exist to the schema."
const REFERENCE_EXISTS: i32 = 42206;

/// Removes what the run of `--run-id` left on the configured backends.
pub async fn clean(
    arguments: &CleanArgs,
    settings: &Settings,
    console: &Console,
) -> Result<Exit, Failure> {
    let names = Names::new(RunId::new(&arguments.run_id)?);
    let Some(registry) = &settings.registry else {
        return Err(Failure::usage(
            "nothing to clean: the embedded registry and cluster end with their process",
        )
        .hint(format!(
            "set {} to the registry of that run",
            names::SCHEMA_REGISTRY_URL.key
        )));
    };
    let client = backends::client(registry)?;
    let removed = remove_run(&names, settings, &client, arguments.dry_run, console).await?;
    if console.output() == Output::Json {
        let document = serde_json::json!({
            "run_id": arguments.run_id,
            "dry_run": arguments.dry_run,
            "removed": removed,
        });
        console.data(&serde_json::to_string_pretty(&document)?);
    }
    Ok(Exit::Met)
}

/// Shows what a run left and removes it: subjects, DEKs and KEKs softly, then
/// for good; then topics and the consumer group of a configured cluster.
/// Returns what was removed, or with `dry_run` what would be.
pub async fn remove_run(
    names: &Names,
    settings: &Settings,
    client: &Client,
    dry_run: bool,
    console: &Console,
) -> Result<Vec<String>, Failure> {
    let all = names.everything();
    let found = find(&all, client).await?;
    console.line("");
    console.result(&format!(
        "Run {} left on the Schema Registry:",
        names.id().as_str()
    ));
    for name in found.describe() {
        console.result(&format!("  {name}"));
    }
    if found.subjects.is_empty() && found.keks.is_empty() {
        console.result(&format!("  {DIM}nothing{DIM:#}"));
    }
    let admin = match &settings.kafka {
        Some(kafka) => Some(AdminTopics::new(&kafka_config(kafka)?)?),
        None => None,
    };
    if admin.is_some() {
        console.result("and, if they are there, on the Kafka cluster:");
        for topic in &all.topics {
            console.result(&format!("  topic {topic}"));
        }
        console.result(&format!("  consumer group {}", names.group()));
    }
    if dry_run {
        return Ok(found.describe());
    }

    let mut removed = found.describe();
    delete_subjects(&found.subjects, client).await?;
    for kek in &found.keks {
        delete_kek(kek, client).await?;
    }
    if let Some(admin) = admin {
        let topics: Vec<&str> = all.topics.iter().map(String::as_str).collect();
        let gone = admin.delete_topics(&topics).await?;
        removed.extend(gone.into_iter().map(|name| format!("topic {name}")));
        let gone = admin.delete_groups(&[&names.group()]).await?;
        removed.extend(
            gone.into_iter()
                .map(|name| format!("consumer group {name}")),
        );
    }
    console.result(&format!("{GOOD}✓ removed {}{GOOD:#}", count(removed.len())));
    if let Some(arn) = &settings.kms_key_arn {
        // The command goes to the shell's region unless told another.
        let region = arn.split(':').nth(3).unwrap_or_default();
        console.line("The KMS key is shared with other runs and stays. To delete it:");
        console.line(&format!(
            "  aws kms schedule-key-deletion --pending-window-in-days 7 \\\n    --region {region} --key-id {arn}"
        ));
    }
    Ok(removed)
}

/// Those of the names that exist, soft-deleted ones included.
async fn find(all: &Created, client: &Client) -> Result<Created, Failure> {
    let mut found = Created::default();
    for subject in &all.subjects {
        match client.versions_including(subject, true).await {
            Ok(_) => found.subjects.push(subject.clone()),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
    }
    for kek in &all.keks {
        match client.kek(kek, true).await {
            Ok(_) => found.keks.push(kek.clone()),
            // A registry without a DEK Registry has no KEKs either.
            Err(error) if error.is_not_found() || error.is_unsupported() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}

/// Deletes each subject softly, then for good. One that others reference has to
/// wait for them, so whatever was refused is tried again while there is progress.
async fn delete_subjects(subjects: &[String], client: &Client) -> Result<(), Failure> {
    let mut waiting: Vec<&String> = subjects.iter().collect();
    while !waiting.is_empty() {
        let before = waiting.len();
        let mut refused = Vec::new();
        let mut refusal = None;
        for subject in waiting {
            match delete_subject(subject, client).await {
                Ok(()) => {}
                Err(error) if error.error_code() == Some(REFERENCE_EXISTS) => {
                    refused.push(subject);
                    refusal = Some(error);
                }
                Err(error) => return Err(error.into()),
            }
        }
        waiting = refused;
        if let Some(refusal) = refusal
            && waiting.len() == before
        {
            return Err(Failure::from(refusal)
                .hint("a schema outside this run references this subject; delete that first"));
        }
    }
    Ok(())
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

/// Deletes the DEKs below a KEK and the KEK, softly, then for good.
async fn delete_kek(kek: &str, client: &Client) -> Result<(), Failure> {
    let absent = |error: Error| {
        if error.is_not_found() {
            Ok(())
        } else {
            Err(error)
        }
    };
    for permanent in [false, true] {
        for subject in client.dek_subjects(kek, true).await? {
            for algorithm in Algorithm::ALL {
                client
                    .delete_deks(kek, &subject, algorithm.name(), permanent)
                    .await
                    .or_else(absent)?;
            }
        }
        client.delete_kek(kek, permanent).await.or_else(absent)?;
    }
    Ok(())
}

impl Created {
    fn describe(&self) -> Vec<String> {
        let subjects = self.subjects.iter().map(|name| format!("subject {name}"));
        let keks = self
            .keks
            .iter()
            .map(|name| format!("KEK {name} and its DEKs"));
        subjects.chain(keks).collect()
    }
}

fn count(number: usize) -> String {
    match number {
        0 => "nothing".to_owned(),
        1 => "1 thing".to_owned(),
        _ => format!("{number} things"),
    }
}
