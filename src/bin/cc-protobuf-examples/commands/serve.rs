//! The command `serve`: runs the embedded Schema Registry in the foreground.

use cc_protobuf_examples::embedded::broker::EmbeddedBroker;
use cc_protobuf_examples::embedded::registry::{Builder, EmbeddedRegistry, Error};
use serde_json::json;

use crate::cli::{KmsAccess, ServeArgs};
use crate::console::{Console, DIM, Output, TITLE};
use crate::failure::{Exit, Failure};
use crate::settings::{Settings, names};
use crate::stop_signal::StopSignal;

/// Serves until Ctrl-C or SIGTERM.
pub async fn serve(
    arguments: &ServeArgs,
    settings: &Settings,
    console: &Console,
) -> Result<Exit, Failure> {
    let mut builder = EmbeddedRegistry::builder().listen(arguments.listen);
    let mut user = None;
    if arguments.basic_auth {
        let key = settings.sources.text(&names::SR_API_KEY);
        let secret = settings.sources.secret(&names::SR_API_SECRET);
        let (key, secret) = key.zip(secret).ok_or_else(|| {
            Failure::usage("--basic-auth needs SR_API_KEY and SR_API_SECRET")
                .hint("set both in the environment or .env; clients must then send them")
        })?;
        builder = builder.basic_auth(&key, secret.expose());
        user = Some(key);
    }
    for origin in &arguments.allow_origin {
        builder = builder.allow_origin(origin.clone());
    }
    for access in &arguments.kms {
        builder = with_kms(builder, *access, settings)?;
    }
    // Armed before the start, so that no signal is missed.
    let mut stop = StopSignal::arm()?;
    let registry = builder.start().await.map_err(refused)?;
    let cluster = match arguments.kafka {
        true => Some(EmbeddedBroker::start().await?),
        false => None,
    };
    let brokers = cluster.as_ref().map(EmbeddedBroker::bootstrap_servers);
    announce(console, registry.url(), user.as_deref(), brokers)?;
    if !arguments.kms.is_empty() && user.is_none() {
        console.note(
            "--kms without --basic-auth: anyone who can reach this port can unwrap the keys of shared KEKs",
        );
    }
    tokio::select! {
        () = stop.received() => {}
        () = console.closed() => {}
    }
    registry.shutdown().await;
    drop(cluster);
    Ok(Exit::Met)
}

/// Lets the registry use a KMS.
fn with_kms(builder: Builder, access: KmsAccess, settings: &Settings) -> Result<Builder, Failure> {
    match access {
        KmsAccess::Local => match &settings.local_secret {
            Some(secret) => Ok(builder.local_kms_secret(secret.expose())),
            None => Err(Failure::usage("--kms local needs LOCAL_SECRET")
                .hint("set it in the environment or .env, to the value that clients use")),
        },
        #[cfg(feature = "aws-kms")]
        KmsAccess::Aws => Ok(builder.kms(cc_protobuf_examples::csfle::kms::AwsKms::new())),
        #[cfg(not(feature = "aws-kms"))]
        KmsAccess::Aws => Err(Failure::usage("this build lacks the feature aws-kms")
            .hint("build with --features aws-kms, or use --kms local")),
    }
}

fn refused(error: Error) -> Failure {
    let hint = match error {
        Error::PortTaken { .. } => {
            "stop that process, or choose another port: --listen 127.0.0.1:PORT (0 picks a free one)"
        }
        _ => "--listen needs an address of this machine, such as 127.0.0.1:8081",
    };
    let mut failure = Failure::from(error).hint(hint);
    failure.exit = Exit::Usage;
    failure
}

/// Prints the URL, and settings for clients to copy.
fn announce(
    console: &Console,
    url: &str,
    user: Option<&str>,
    brokers: Option<&str>,
) -> Result<(), Failure> {
    if console.output() == Output::Json {
        let body = json!({"url": url, "basic_auth": user, "bootstrap_servers": brokers});
        return console.document_line("serve", &body);
    }
    console.result(&format!("{TITLE}Schema Registry at {url}{TITLE:#}"));
    if let Some(brokers) = brokers {
        console.result(&format!("{TITLE}Kafka at {brokers}{TITLE:#}"));
    }
    console.say("All data is in memory and is lost when the process ends. Ctrl-C stops it.");
    let key = user.unwrap_or("$SR_API_KEY");
    let with = |text: &str| {
        if user.is_some() {
            text.to_owned()
        } else {
            String::new()
        }
    };
    let curl = with(" -u \"$SR_API_KEY:$SR_API_SECRET\"");
    let java = with(&format!(
        "\nbasic.auth.credentials.source=USER_INFO\nbasic.auth.user.info={key}:<SR_API_SECRET>"
    ));
    let python = with(",\n    \"basic.auth.user.info\": f\"{key}:{secret}\"");
    let javascript = with(
        ",\n    basicAuthCredentials: { credentialsSource: 'USER_INFO', userInfo: `${key}:${secret}` }",
    );
    let own = with("export SR_API_KEY=… SR_API_SECRET=…   # the values of this server\n");
    let mut clients = vec![
        ("curl", format!("curl{curl} {url}/subjects")),
        (
            "Java (client properties)",
            format!("schema.registry.url={url}{java}"),
        ),
        (
            "Python (confluent-kafka)",
            format!("SchemaRegistryClient({{\"url\": \"{url}\"{python}}})"),
        ),
        (
            "JavaScript (@confluentinc/schemaregistry)",
            format!("new SchemaRegistryClient({{ baseURLs: ['{url}']{javascript} }})"),
        ),
        (
            "this program, in another terminal",
            format!("{own}cc-protobuf-examples --schema-registry-url {url} --example basic"),
        ),
    ];
    if let Some(brokers) = brokers {
        clients.push(("kcat", format!("kcat -b {brokers} -L")));
        clients.push((
            "this program, with Kafka",
            format!(
                "{own}cc-protobuf-examples --mode full --schema-registry-url {url} \\\n  --bootstrap-servers {brokers}"
            ),
        ));
    }
    for (name, setting) in clients {
        console.line("");
        console.line(&format!("{DIM}# {name}{DIM:#}"));
        for line in setting.lines() {
            console.line(line);
        }
    }
    Ok(())
}
