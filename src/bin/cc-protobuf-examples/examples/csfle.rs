//! Example 9: client-side field-level encryption.
// Indexing a JSON value yields null where there is no such member.
#![allow(clippy::indexing_slicing)]

use std::collections::BTreeMap;

use crate::generated::SensitiveRecord;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cc_protobuf_examples::csfle::{
    Algorithm, Csfle, DEK_ALGORITHM, DEK_EXPIRY_DAYS, KEK_NAME, KMS_KEY_ID, KMS_TYPE, RawDek,
    verify_rules_stored,
};
use cc_protobuf_examples::protobuf::{ProtoField, ProtoMessage};
use cc_protobuf_examples::schema_registry::entities::{
    DekRequest, Kek, KekRequest, Rule, RuleSet, SchemaRequest,
};
use cc_protobuf_examples::schema_registry::{TagOutcome, Version, VersionQuery};
use cc_protobuf_examples::serdes::{Deserializer, DeserializerOptions, SerializerOptions};
use serde_json::{Value, json};

use super::third_party::register_tagged;
use super::{Context, RecordValue, SharedSchema};
use crate::backends::KmsKey;
use crate::console::Table;
use crate::failure::{Exit, Failure};
use crate::naming::topic;

/// An invented number, which only ever leaves the program encrypted.
const SSN: &str = "123-45-6789";
const EMAIL: &str = "jane@example.com";

/// Encrypts the fields tagged PII, shows what others can read, rotates the key.
#[tracing::instrument(skip_all)]
pub async fn example_csfle(ctx: &Context<'_>) -> Result<(), Failure> {
    let narration = &ctx.narration;
    narration.say(
        "Fields tagged PII are encrypted in the producer, by a rule that the registry keeps with \
         the schema. Brokers and registry see neither their plaintext nor the key.",
    );
    let (kms_type, kms_key_id) = key_management(ctx)?;

    narration.step("A schema with tagged fields, and the rule that encrypts them");
    let schema = ctx.schema::<SensitiveRecord>(|| {
        ProtoMessage::new("SensitiveRecord")
            .field(ProtoField::string("id", 1))
            .field(ProtoField::string("name", 2))
            .field(ProtoField::string("ssn", 3).tag("PII"))
            .field(ProtoField::string("email", 4).tag("PII"))
            .field(ProtoField::float("amount", 5))
    })?;
    let rule = rule(ctx, kms_type, &kms_key_id);
    let tagged = schema.schema_text().lines();
    for line in tagged.filter(|line| line.contains("\"PII\"")) {
        narration.quote(line.trim());
    }
    let mut parameters = Table::new(["parameter of rule", "value"]);
    let kind = [rule.rule_type.as_deref(), rule.mode.as_deref()].map(Option::unwrap_or_default);
    let (kind, tags) = (kind.join(", "), rule.tags.join(", "));
    parameters.row(["type, mode, tags", &format!("{kind}, {tags}")]);
    for (key, value) in &rule.params {
        parameters.row([key, value]);
    }
    narration.table(&parameters);

    narration.step("Define the tag, and the key encryption key (KEK) in the DEK Registry");
    match ctx.registry.create_tag("PII").await {
        Ok(TagOutcome::AlreadyExists) => narration.note("tag PII was defined already"),
        Ok(_) => narration.note("tag PII is defined; it is shared by all runs and stays"),
        Err(error) if error.is_unsupported() || error.is_forbidden() => {
            narration
                .note("no catalog to define the tag in; tags inside the schema work without it");
        }
        Err(error) => return Err(error.into()),
    }
    let kek = ensure_kek(ctx, &rule).await?;

    narration.step("Register the schema together with its rule, and read both back");
    let subject = ctx.names.value_subject(topic::CSFLE);
    let request = SchemaRequest {
        rule_set: Some(RuleSet {
            domain_rules: vec![rule.clone()],
            ..RuleSet::default()
        }),
        ..ctx.request(&*schema, vec![])
    };
    register_tagged(ctx, schema.file_name(), &subject, &request).await?;
    let stored = ctx
        .registry
        .version(&subject, Version::Latest, VersionQuery::default())
        .await?;
    let sent = request.rule_set.as_ref();
    verify_rules_stored(&subject, sent, stored.rule_set.as_ref()).map_err(|error| {
        Failure::from(error).hint(
            "data rules need Confluent Cloud with Stream Governance Advanced, Confluent Platform \
             Enterprise, or the embedded registry (--embedded)",
        )
    })?;
    let (id, version) = (stored.id.unwrap_or_default(), stored.version);
    narration.record_registered(&subject, version.unwrap_or_default(), id);
    narration.check(
        true,
        format!("{subject} holds the schema and the rule, unchanged"),
    )?;

    narration.step("Serialize: the serializer finds the rule and encrypts");
    let topic = ctx.names.topic(topic::CSFLE);
    let first = serialize(ctx, &topic, &schema, "r-1").await?;
    // Check before printing any byte.
    check_secrecy(&first)?;
    ctx.show(&first, Some(schema.descriptor()))?;
    narration.check(
        true,
        "ssn and email are not in the record's bytes; name, which has no tag, is",
    )?;
    let algorithm = algorithm(&rule)?;
    let dek = ctx
        .registry
        .dek(
            &kek.name,
            &subject,
            algorithm.name(),
            Version::Latest,
            false,
        )
        .await?;
    let version = dek.version.unwrap_or(1);
    narration.fact(
        "data encryption key",
        format!("version {version}, wrapped by the KEK, in the DEK Registry"),
    );
    let equal = serialize(ctx, &topic, &schema, "r-1").await?;
    let [one, other] = [
        without_key(ctx, &topic, &first).await?,
        without_key(ctx, &topic, &equal).await?,
    ];
    let same = one["ssn"] == other["ssn"];
    narration.record_fact("equal_ciphertexts", same);
    match algorithm {
        Algorithm::Aes256Siv => narration.check(
            same,
            "AES256_SIV: an equal record has the same ciphertext for its ssn",
        )?,
        _ => narration.check(
            !same,
            format!("{algorithm}: an equal record has another ciphertext for its ssn"),
        )?,
    }

    narration.step("Read it: with the key, and without");
    let received = ctx.deliver(&topic, "r-1", vec![first.clone()]).await?;
    for message in &received {
        narration.check(
            with_key(ctx, &topic, message).await? == Some(record("r-1")),
            "with the key, r-1 is what was written, ssn and email included",
        )?;
        let read = without_key(ctx, &topic, message).await?;
        let hidden = read["ssn"] != SSN && read["email"] != EMAIL && read["name"] == "Jane Doe";
        narration.record_fact("ssn_without_key", read["ssn"].clone());
        narration.check(hidden, "without the key, the tagged fields stay ciphertext")?;
    }

    narration.step("Rotate the data encryption key");
    let expiry = rule.params.get(DEK_EXPIRY_DAYS);
    if expiry.and_then(|days| days.parse::<u32>().ok()) == Some(0) {
        narration
            .note("this rule has no expiry, so its ciphertexts name no key version: no rotation");
    } else {
        rotate(ctx, &kek, &subject, algorithm, version.saturating_add(1)).await?;
        let second = serialize(ctx, &topic, &schema, "r-2").await?;
        check_secrecy(&second)?;
        let both = ctx.deliver(&topic, "r-1", vec![first, second]).await?;
        let mut names = Vec::new();
        for (message, id) in both.iter().zip(["r-1", "r-2"]) {
            if with_key(ctx, &topic, message).await? != Some(record(id)) {
                narration.check(false, format!("with the key, {id} is what was written"))?;
            }
            names.push(key_version(
                &without_key(ctx, &topic, message).await?["ssn"],
            ));
        }
        narration.fact("key versions of the ciphertexts", json!(names));
        narration.check(
            names == [Some(version), Some(version.saturating_add(1))],
            "so records from before and after the rotation both decrypt",
        )?;
    }

    narration.end(
        "the KMS is asked once per key, not per record. Consumers in Java, Python, Go and \
         JavaScript decrypt the same bytes.",
        "src/bin/cc-protobuf-examples/examples/csfle.rs",
        "--set encrypt.dek.algorithm=AES256_SIV. In step 4 the equal record then has the same \
         ciphertext, which allows joins and leaks equality.",
    );
    Ok(())
}

/// Returns type and id of the KMS key for the rule.
fn key_management(ctx: &Context<'_>) -> Result<(&'static str, String), Failure> {
    let narration = &ctx.narration;
    match ctx.kms {
        KmsKey::Aws(arn) => {
            narration.say("The key encryption key is in AWS KMS.");
            Ok(("aws-kms", arn.clone()))
        }
        KmsKey::Local(_) => {
            narration.say("Without AWS_KMS_KEY_ARN, local-kms derives the key from LOCAL_SECRET.");
            Ok(("local-kms", "local".to_owned()))
        }
        // The banner says that the secret is lost with the process.
        KmsKey::ThrowAway(_) => Ok(("local-kms", "local".to_owned())),
        KmsKey::Missing => Err(no_key()),
    }
}

/// Returns why this example needs a KMS key on a remote registry: with a temporary
/// secret, the registry would keep keys that nobody can unwrap.
pub(super) fn no_key() -> Failure {
    Failure::usage("a remote registry needs a KMS key that outlives this process, and none is set")
        .hint("set AWS_KMS_KEY_ARN, or LOCAL_SECRET to try without AWS; or use `--skip csfle`")
}

/// Returns the rule that encrypts fields tagged PII. `--set encrypt.…` changes its
/// parameters except the name of the KEK, which must contain the run id.
fn rule(ctx: &Context<'_>, kms_type: &str, kms_key_id: &str) -> Rule {
    let mut params: BTreeMap<String, String> = [
        (KEK_NAME, ctx.names.kek().as_str()),
        (KMS_TYPE, kms_type),
        (KMS_KEY_ID, kms_key_id),
        (DEK_ALGORITHM, Algorithm::Aes256Gcm.name()),
        // More than 0, so that ciphertexts contain the version of their key.
        (DEK_EXPIRY_DAYS, "30"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    for (key, value) in &mut params {
        match ctx.value(key, "") {
            "" => {}
            changed => changed.clone_into(value),
        }
    }
    Rule {
        name: "encryptPII".to_owned(),
        kind: Some("TRANSFORM".to_owned()),
        mode: Some("WRITEREAD".to_owned()),
        rule_type: Some("ENCRYPT".to_owned()),
        tags: vec!["PII".to_owned()],
        params,
        on_failure: Some("ERROR,ERROR".to_owned()),
        ..Rule::default()
    }
}

fn algorithm(rule: &Rule) -> Result<Algorithm, Failure> {
    let name = rule.params.get(DEK_ALGORITHM).map_or("", String::as_str);
    name.parse()
        .map_err(|error| Failure::usage(format!("--set {DEK_ALGORITHM}: {error}")))
}

/// Creates the KEK, or uses the one of an earlier run with this id.
async fn ensure_kek(ctx: &Context<'_>, rule: &Rule) -> Result<Kek, Failure> {
    let of = |key| rule.params.get(key).cloned().unwrap_or_default();
    let wanted = KekRequest {
        name: of(KEK_NAME),
        kms_type: of(KMS_TYPE),
        kms_key_id: of(KMS_KEY_ID),
        ..KekRequest::default()
    };
    let (kek, made) = match ctx.registry.create_kek(&wanted).await {
        Ok(kek) => (kek, "created"),
        Err(error) if error.is_conflict() => {
            (ctx.registry.kek(&wanted.name, false).await?, "used again")
        }
        Err(error) => return Err(error.into()),
    };
    let Kek {
        name,
        kms_type,
        kms_key_id,
        ..
    } = &kek;
    if (kms_type, kms_key_id) != (&wanted.kms_type, &wanted.kms_key_id) {
        let id = ctx.names.id().as_str();
        return Err(Failure::expectation(format!(
            "KEK {name} of an earlier run is encrypted by {kms_type} {kms_key_id}, not by {} {}",
            wanted.kms_type, wanted.kms_key_id
        ))
        .hint(format!("another --run-id, or clean --run-id {id}")));
    }
    ctx.narration
        .check(true, format!("KEK {name} {made}: {kms_type} {kms_key_id}"))?;
    Ok(kek)
}

/// Writes one record with a new serializer, like another producer.
async fn serialize(
    ctx: &Context<'_>,
    topic: &str,
    schema: &SharedSchema,
    id: &str,
) -> Result<RecordValue, Failure> {
    let options = SerializerOptions::new()
        .auto_register_schemas(false)
        .use_latest_version(true);
    let serializer = ctx.serializer(options.csfle(engine(ctx)))?;
    let record = serializer
        .serialize_record_json(&**schema, topic, &record(id))
        .await?;
    let message = RecordValue::from(record);
    Ok(message)
}

fn engine(ctx: &Context<'_>) -> Csfle {
    Csfle::builder(ctx.registry.clone())
        .kms(ctx.kms.drivers())
        // Do not write plaintext if the schema lost its rule.
        .encryption_required(true)
        .build()
}

fn record(id: &str) -> Value {
    json!({"id": id, "name": "Jane Doe", "ssn": SSN, "email": EMAIL, "amount": 12.5})
}

fn check_secrecy(message: &RecordValue) -> Result<(), Failure> {
    let bytes = message.bytes();
    let leaks = |secret: &str| {
        bytes
            .windows(secret.len())
            .any(|part| part == secret.as_bytes())
    };
    if leaks(SSN) || leaks(EMAIL) || !leaks("Jane Doe") {
        return Err(Failure::expectation(
            "ssn and email, and only they, should be encrypted in the record",
        ));
    }
    Ok(())
}

/// Reads the record as a reader that may use the key.
async fn with_key(
    ctx: &Context<'_>,
    topic: &str,
    message: &RecordValue,
) -> Result<Option<Value>, Failure> {
    let options = DeserializerOptions::new().csfle(engine(ctx));
    let deserializer = Deserializer::new(ctx.registry.clone(), options)?;
    Ok(deserializer.deserialize_json(message.record(topic)).await?)
}

/// Creates a new DEK in the DEK Registry. Clients do this themselves when the newest
/// one is older than the rule's expiry.
async fn rotate(
    ctx: &Context<'_>,
    kek: &Kek,
    subject: &str,
    algorithm: Algorithm,
    version: i32,
) -> Result<(), Failure> {
    let dek = RawDek::generate(algorithm)
        .map_err(|error| Failure::new(Exit::Unmet, format!("no random bytes: {error}")))?;
    let wrapped = ctx.kms.drivers().wrap(kek, &dek).await?;
    let request = DekRequest {
        subject: subject.to_owned(),
        version: Some(version),
        algorithm: Some(algorithm.name().to_owned()),
        encrypted_key_material: Some(STANDARD.encode(wrapped)),
        ..DekRequest::default()
    };
    let created = ctx.registry.create_dek(&kek.name, &request).await?;
    ctx.narration.check(
        created.version == Some(version),
        format!("the DEK Registry has version {version} of the key"),
    )
}

/// Reads the record as a reader without rules and key.
async fn without_key(
    ctx: &Context<'_>,
    topic: &str,
    message: &RecordValue,
) -> Result<Value, Failure> {
    let options = DeserializerOptions::new().run_rules(false);
    let deserializer = Deserializer::new(ctx.registry.clone(), options)?;
    let read = deserializer.deserialize_json(message.record(topic)).await?;
    Ok(read.unwrap_or_default())
}

/// Returns the key version in a ciphertext: a zero byte, then the number.
fn key_version(ciphertext: &Value) -> Option<i32> {
    let blob = STANDARD.decode(ciphertext.as_str()?).ok()?;
    let (head, _) = blob.split_first_chunk::<5>()?;
    let [0, version @ ..] = *head else {
        return None;
    };
    Some(i32::from_be_bytes(version))
}
