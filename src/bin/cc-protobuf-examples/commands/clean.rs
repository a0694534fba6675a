//! `clean` and `--cleanup`: removes what one run made, and nothing else.
//!
//! The names are computed from the run id, never searched for.

use cc_protobuf_examples::csfle::Algorithm;
use cc_protobuf_examples::kafka::{self, AdminTopics};
use cc_protobuf_examples::schema_registry::{Client, Error};

use crate::backends::{self, kafka_config};
use crate::cli::CleanArgs;
use crate::console::{BAD, Console, DIM, ErrorReport, GOOD, Output, counted};
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
    let mut cleaned = Cleaned::default();
    remove_run(
        &names,
        settings,
        &client,
        arguments.dry_run,
        console,
        &mut cleaned,
    )
    .await;
    for failure in &cleaned.failures {
        failure.print();
    }
    if console.output() == Output::Json {
        let body = serde_json::json!({
            "run_id": arguments.run_id,
            "dry_run": arguments.dry_run,
            "removed": cleaned.removed,
            "errors": cleaned.errors(),
            "exit_code": cleaned.exit().code(),
        });
        console.document("clean", &body)?;
    }
    Ok(cleaned.exit())
}

/// What a clean-up has done so far.
#[derive(Debug, Default)]
pub struct Cleaned {
    /// What was removed, or would be.
    pub removed: Vec<String>,
    /// What could not be removed, and why.
    pub failures: Vec<Failure>,
}

impl Cleaned {
    /// The exit code of it all.
    pub fn exit(&self) -> Exit {
        Exit::of_all(self.failures.iter().map(|failure| failure.exit))
    }

    /// The failures, for a JSON document.
    pub fn errors(&self) -> Vec<ErrorReport> {
        self.failures.iter().map(Into::into).collect()
    }

    /// Notes what became of one thing.
    fn note(&mut self, what: String, done: Result<(), Failure>) {
        match done {
            Ok(()) => self.removed.push(what),
            Err(failure) => self
                .failures
                .push(failure.context(format!("cannot remove {what}"))),
        }
    }

    /// Notes what a cluster says to have removed.
    fn note_all(&mut self, kind: &str, gone: Result<Vec<String>, kafka::Error>) {
        match gone {
            Ok(names) => self
                .removed
                .extend(names.into_iter().map(|name| format!("{kind} {name}"))),
            Err(error) => {
                let failure = Failure::from(error);
                self.failures
                    .push(failure.context(format!("cannot remove every {kind} of the run")));
            }
        }
    }
}

/// Shows what a run left and removes it: subjects, DEKs and KEKs softly, then
/// for good; then topics and the consumer group of a configured cluster. What
/// fails does not keep the rest from being removed. With `dry_run` it stops
/// after showing. May be dropped at any time: `cleaned` then holds what is done.
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
    if found.subjects.is_empty() && found.keks.is_empty() && cleaned.failures.is_empty() {
        console.result(&format!("  {DIM}nothing{DIM:#}"));
    }
    if settings.kafka.is_some() {
        console.result("and, if they are there, on the Kafka cluster:");
        for topic in &all.topics {
            console.result(&format!("  topic {topic}"));
        }
        console.result(&format!("  consumer group {}", names.group()));
    }
    if dry_run {
        cleaned.removed = found.describe();
        return;
    }

    delete_subjects(&found.subjects, client, cleaned).await;
    for kek in &found.keks {
        cleaned.note(describe_kek(kek), delete_kek(kek, client).await);
    }
    if let Some(kafka) = &settings.kafka {
        match kafka_config(kafka).and_then(|config| Ok(AdminTopics::new(&config)?)) {
            Ok(admin) => {
                let topics: Vec<&str> = all.topics.iter().map(String::as_str).collect();
                cleaned.note_all("topic", admin.delete_topics(&topics).await);
                let group = names.group();
                cleaned.note_all("consumer group", admin.delete_groups(&[&group]).await);
            }
            Err(failure) => cleaned.failures.push(failure),
        }
    }
    let removed = match count(&cleaned.removed) {
        None => "nothing to remove".to_owned(),
        Some(count) => format!("removed {count}"),
    };
    let (style, text) = match cleaned.failures.is_empty() {
        true => (GOOD, format!("✓ {removed}")),
        false if cleaned.removed.is_empty() => (BAD, "✗ could not remove anything".to_owned()),
        false => (BAD, format!("✗ not all is gone; {removed}")),
    };
    console.result(&format!("{style}{text}{style:#}"));
    if let Some(arn) = &settings.kms_key_arn {
        // The command goes to the shell's region unless told another.
        let region = arn.split(':').nth(3).unwrap_or_default();
        console.say("The KMS key is shared with other runs and stays. To delete it:");
        console.line(&format!(
            "  aws kms schedule-key-deletion --pending-window-in-days 7 \\\n    --region {region} --key-id {arn}"
        ));
    }
}

/// Those of the names that exist, soft-deleted ones included.
async fn find(all: &Created, client: &Client, console: &Console, cleaned: &mut Cleaned) -> Created {
    let mut found = Created::default();
    for subject in &all.subjects {
        match client.versions_including(subject, true).await {
            Ok(_) => found.subjects.push(subject.clone()),
            Err(error) if error.is_not_found() => {}
            Err(error) => {
                let failure = Failure::from(error).context(format!("cannot look for {subject}"));
                let hopeless = failure.exit == Exit::Unreachable;
                cleaned.failures.push(failure);
                if hopeless {
                    return found;
                }
            }
        }
    }
    for kek in &all.keks {
        match client.kek(kek, true).await {
            Ok(_) => found.keks.push(kek.clone()),
            // A registry without a DEK Registry has no KEKs either.
            Err(error) if error.is_not_found() || error.is_unsupported() => {}
            Err(error) if error.is_forbidden() => console.result(&format!(
                "  {DIM}no keys looked for: the DEK Registry is forbidden to these \
                 credentials{DIM:#}"
            )),
            Err(error) => cleaned
                .failures
                .push(Failure::from(error).context(format!("cannot look for KEK {kek}"))),
        }
    }
    found
}

/// Deletes each subject softly, then for good. One that others reference has to
/// wait for them, so whatever was refused is tried again while there is progress.
async fn delete_subjects(subjects: &[String], client: &Client, cleaned: &mut Cleaned) {
    let mut waiting: Vec<&String> = subjects.iter().collect();
    while !waiting.is_empty() {
        let before = waiting.len();
        let mut refused = Vec::new();
        for subject in waiting {
            match delete_subject(subject, client).await {
                Err(error) if error.error_code() == Some(REFERENCE_EXISTS) => {
                    refused.push((subject, error));
                }
                done => cleaned.note(format!("subject {subject}"), done.map_err(Into::into)),
            }
        }
        if refused.len() == before {
            for (subject, error) in refused {
                let failure = Failure::from(error)
                    .hint("a schema outside this run references this subject; delete that first");
                cleaned.note(format!("subject {subject}"), Err(failure));
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
        let keks = self.keks.iter().map(|name| describe_kek(name));
        subjects.chain(keks).collect()
    }
}

fn describe_kek(name: &str) -> String {
    format!("KEK {name} and its DEKs")
}

/// What was removed, by kind: `2 subjects, 1 KEK`; `None` for nothing.
fn count(removed: &[String]) -> Option<String> {
    let kinds = ["subject", "KEK", "topic", "consumer group"].map(|kind| {
        let of_kind = |thing: &&String| thing.starts_with(&format!("{kind} "));
        let number = removed.iter().filter(of_kind).count();
        (number > 0).then(|| counted(number, kind))
    });
    let kinds: Vec<String> = kinds.into_iter().flatten().collect();
    (!kinds.is_empty()).then(|| kinds.join(", "))
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn what_was_removed_is_counted_by_kind() {
        assert_eq!(count(&[]), None);
        let removed = ["subject a", "subject b", "KEK c and its DEKs"].map(str::to_owned);
        assert_eq!(count(&removed).unwrap(), "2 subjects, 1 KEK");
    }
}
