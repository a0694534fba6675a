//! The command `clean`: removes everything that one run created.

use crate::backends;
use crate::cleanup::{Cleaned, remove_run};
use crate::cli::CleanArgs;
use crate::console::{Console, Output};
use crate::failure::{Exit, Failure};
use crate::naming::{Names, RunId};
use crate::settings::{Settings, names};

/// Removes what the run of `--run-id` created on the configured backends.
pub async fn clean(
    arguments: &CleanArgs,
    settings: &Settings,
    console: &Console,
) -> Result<Exit, Failure> {
    let names = Names::new(RunId::new(&arguments.run_id)?);
    let Some(registry) = &settings.registry else {
        return Err(Failure::usage(
            "nothing to clean: the embedded backends keep nothing after their process ends",
        )
        .hint(format!(
            "set {} to the registry that the run used",
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
    for failure in cleaned.failures() {
        failure.print();
    }
    if console.output() == Output::Json {
        let body = serde_json::json!({
            "run_id": arguments.run_id,
            "dry_run": arguments.dry_run,
            "removed": cleaned.removed,
            "left": cleaned.left_to_json(),
            "errors": cleaned.errors(),
            "exit_code": cleaned.exit().code(),
        });
        console.document("clean", &body)?;
    }
    Ok(cleaned.exit())
}
