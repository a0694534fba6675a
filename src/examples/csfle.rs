//! Example 9: client-side field-level encryption.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cc_protobuf_examples::csfle::{
    Algorithm, Csfle, DEK_ALGORITHM, DEK_EXPIRY_DAYS, KEK_NAME, KMS_KEY_ID, KMS_TYPE, RawDek,
};
use cc_protobuf_examples::protobuf::generated::SensitiveRecord;
use cc_protobuf_examples::protobuf::{ProtoField, ProtoMessage};
use cc_protobuf_examples::schema_registry::entities::{
    DekRequest, Kek, KekRequest, Rule, RuleSet, SchemaRequest,
};
use cc_protobuf_examples::schema_registry::{TagOutcome, Version, VersionQuery};
use cc_protobuf_examples::serdes::{
    Deserializer, DeserializerOptions, ReadContext, SerializerOptions, WriteContext,
};
use serde_json::{Value, json};

use super::{Context, Message, Schema};
use crate::backends::Kms;
use crate::console::Table;
use crate::failure::{Exit, Failure};
use crate::naming::topic;

/// Made up, and in no output of this program: only on the wire, encrypted.
const SSN: &str = "123-45-6789";
const EMAIL: &str = "jane@example.com";

/// Encrypts the fields tagged PII, shows what others see of them, rotates the key.
#[tracing::instrument(skip_all)]
pub async fn example_csfle(ctx: &Context<'_>) -> Result<(), Failure> {
    let story = &ctx.story;
    story.say(
        "The fields tagged PII are encrypted in the producer, by a rule that the registry keeps \
         with the schema. Brokers and registry never see their plaintext, nor the key.",
    );
    let (kms_type, kms_key_id) = key_management(ctx)?;

    story.step("A schema with tagged fields, and the rule that encrypts them");
    let schema = ctx.schema::<SensitiveRecord>(|| {
        ProtoMessage::new("SensitiveRecord")
            .field(ProtoField::string("id", 1))
            .field(ProtoField::string("name", 2))
            .field(ProtoField::string("ssn", 3).tag("PII"))
            .field(ProtoField::string("email", 4).tag("PII"))
            .field(ProtoField::float("amount", 5))
    })?;
    let rule = rule(ctx, kms_type, &kms_key_id);
    let mut parameters = Table::new(["parameter of rule encryptPII", "value"]);
    for (key, value) in &rule.params {
        parameters.row([key, value]);
    }
    story.table(&parameters);

    story.step("Define the tag, and the key encryption key (KEK) in the DEK Registry");
    match ctx.registry.create_tag("PII").await {
        Ok(TagOutcome::AlreadyExists) => story.note("tag PII was defined already"),
        Ok(_) => story.note("tag PII is defined; it is shared by all runs and stays"),
        Err(error) if error.is_unsupported() || error.is_forbidden() => {
            story.note("no catalog to define the tag in; tags inside the schema work without it");
        }
        Err(error) => return Err(error.into()),
    }
    let kek = ensure_kek(ctx, &rule).await?;

    story.step("Register the schema together with its rule, and read both back");
    let subject = ctx.names.value_subject(topic::CSFLE);
    let request = SchemaRequest {
        rule_set: Some(RuleSet {
            domain_rules: vec![rule.clone()],
            ..RuleSet::default()
        }),
        ..ctx.request(&*schema, vec![])
    };
    ctx.registry.register(&subject, &request, false).await?;
    let stored = ctx
        .registry
        .version(&subject, Version::Latest, VersionQuery::default())
        .await?;
    let rules = stored
        .rule_set
        .map(|set| set.domain_rules)
        .unwrap_or_default();
    let kept = rules.iter().any(|kept| {
        (&kept.rule_type, &kept.mode, &kept.tags, &kept.params)
            == (&rule.rule_type, &rule.mode, &rule.tags, &rule.params)
    });
    if !kept {
        return Err(Failure::expectation(
            "the registry dropped the encryption rule: clients would write plaintext",
        )
        .hint(
            "data rules need Confluent Cloud with Stream Governance Advanced, Confluent Platform \
             Enterprise, or the embedded registry (--embedded)",
        ));
    }
    story.check(
        true,
        format!("{subject} holds the schema and the rule, unchanged"),
    )?;

    story.step("Serialize: the serializer finds the rule and encrypts");
    let topic = ctx.names.topic(topic::CSFLE);
    let first = serialize(ctx, &topic, &schema, "r-1").await?;
    ctx.show(&first, Some(schema.descriptor()))?;
    check_secrecy(ctx, &first)?;
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
    story.fact(
        "data encryption key",
        format!("version {version}, {}", algorithm.name()),
    );
    story.note("the DEK Registry holds it wrapped by the KEK; unwrapping takes the KMS");

    story.step("Read it: with the key, and without");
    let received = ctx.deliver(&topic, "r-1", vec![first.clone()]).await?;
    for message in &received {
        check_plaintext(ctx, &topic, message, "r-1").await?;
        let read = without_key(ctx, &topic, message).await?;
        let hidden = read["ssn"] != SSN && read["email"] != EMAIL && read["name"] == "Jane Doe";
        story.fact("ssn, read without the key", read["ssn"].clone());
        story.check(hidden, "without the key, the tagged fields stay ciphertext")?;
    }

    story.step("Rotate the data encryption key");
    if rule
        .params
        .get(DEK_EXPIRY_DAYS)
        .is_none_or(|days| days == "0")
    {
        story.note("this rule has no expiry, so its ciphertexts name no key version: no rotation");
    } else {
        rotate(ctx, &kek, &subject, algorithm, version.saturating_add(1)).await?;
        let second = serialize(ctx, &topic, &schema, "r-2").await?;
        check_secrecy(ctx, &second)?;
        let both = ctx.deliver(&topic, "r-1", vec![first, second]).await?;
        let mut names = Vec::new();
        for (message, id) in both.iter().zip(["r-1", "r-2"]) {
            check_plaintext(ctx, &topic, message, id).await?;
            names.push(key_version(
                &without_key(ctx, &topic, message).await?["ssn"],
            ));
        }
        story.fact("key versions named by the records", json!(names));
        story.check(
            names == [Some(version), Some(version.saturating_add(1))],
            "each ciphertext names its key, so records from before and after both decrypt",
        )?;
    }

    story.end(
        "the KMS is asked once per key, not per record; whoever may not use the KMS key reads \
         ciphertext. Consumers in Java, Python, Go and JavaScript decrypt the same bytes.",
        "src/examples/csfle.rs",
        "--set encrypt.dek.algorithm=AES256_SIV. Encryption then is deterministic: equal \
         plaintexts of one key give equal ciphertexts, which allows joins and leaks equality.",
    );
    Ok(())
}

/// Type and id of the KMS key, as the rule will name them.
fn key_management(ctx: &Context<'_>) -> Result<(&'static str, String), Failure> {
    let story = &ctx.story;
    match ctx.kms {
        Kms::Aws(arn) => {
            story.say("The key encryption key is in AWS KMS.");
            Ok(("aws-kms", arn.clone()))
        }
        Kms::Local(_) => {
            story.say("Without AWS_KMS_KEY_ARN, local-kms derives the key from LOCAL_SECRET.");
            Ok(("local-kms", "local".to_owned()))
        }
        Kms::ThrowAway(_) => {
            story.say(
                "Without AWS_KMS_KEY_ARN and LOCAL_SECRET, local-kms uses a secret made for this \
                 process; it is lost with it, as is the embedded registry.",
            );
            Ok(("local-kms", "local".to_owned()))
        }
        Kms::Missing => Err(Failure::usage(
            "csfle on a remote registry needs a key that outlives this process",
        )
        .hint(
            "set AWS_KMS_KEY_ARN, or LOCAL_SECRET to try without AWS; a throw-away secret would \
             leave keys behind that nobody can unwrap",
        )),
    }
}

/// Encrypt what is tagged PII; `--set encrypt.…` changes parameters.
fn rule(ctx: &Context<'_>, kms_type: &str, kms_key_id: &str) -> Rule {
    let mut params: BTreeMap<String, String> = [
        (KEK_NAME, ctx.names.kek().as_str()),
        (KMS_TYPE, kms_type),
        (KMS_KEY_ID, kms_key_id),
        (DEK_ALGORITHM, Algorithm::Aes256Gcm.name()),
        // More than 0 makes ciphertexts name the version of their key.
        (DEK_EXPIRY_DAYS, "30"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    for (key, value) in ctx.values("encrypt.") {
        params.insert(key.to_owned(), value.to_owned());
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

/// Creates the KEK, or takes the one of an earlier run with this id.
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
    ctx.story.check(
        kek.kms_type == wanted.kms_type && kek.kms_key_id == wanted.kms_key_id,
        format!(
            "KEK {} {made}: {} {}",
            kek.name, kek.kms_type, kek.kms_key_id
        ),
    )?;
    Ok(kek)
}

/// A new serializer, as another producer would have it, writes one record.
async fn serialize(
    ctx: &Context<'_>,
    topic: &str,
    schema: &Schema,
    id: &str,
) -> Result<Message, Failure> {
    let options = SerializerOptions::new()
        .auto_register_schemas(false)
        .use_latest_version(true);
    let serializer = ctx.serializer(options.csfle(engine(ctx)))?;
    let mut message = Message::default();
    let to = WriteContext::value(topic).headers(&mut message.headers);
    message.value = Some(
        serializer
            .serialize_json(to, &**schema, &record(id))
            .await?,
    );
    Ok(message)
}

fn engine(ctx: &Context<'_>) -> Csfle {
    Csfle::builder(ctx.registry.clone())
        .kms(ctx.kms.drivers())
        .build()
}

fn record(id: &str) -> Value {
    json!({"id": id, "name": "Jane Doe", "ssn": SSN, "email": EMAIL, "amount": 12.5})
}

fn check_secrecy(ctx: &Context<'_>, message: &Message) -> Result<(), Failure> {
    let bytes = message.bytes();
    let leaks = |secret: &str| {
        bytes
            .windows(secret.len())
            .any(|part| part == secret.as_bytes())
    };
    ctx.story.check(
        !leaks(SSN) && !leaks(EMAIL) && leaks("Jane Doe"),
        "ssn and email are not in the record's bytes; name, which has no tag, is",
    )
}

async fn check_plaintext(
    ctx: &Context<'_>,
    topic: &str,
    message: &Message,
    id: &str,
) -> Result<(), Failure> {
    let options = DeserializerOptions::new().csfle(engine(ctx));
    let deserializer = Deserializer::new(ctx.registry.clone(), options)?;
    let from = ReadContext::value(topic).headers(&message.headers);
    let read = deserializer
        .deserialize_json(from, message.value.as_deref())
        .await?;
    ctx.story.check(
        read == Some(record(id)),
        format!("with the key, {id} is what was written, ssn and email included"),
    )
}

/// Puts a new DEK into the DEK Registry. Clients do it by themselves when the
/// newest is older than the rule's expiry.
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
    ctx.story.check(
        created.version == Some(version),
        format!("the DEK Registry has version {version} of the key"),
    )
}

/// The record as a reader sees it that runs no rules: it has no key.
async fn without_key(ctx: &Context<'_>, topic: &str, message: &Message) -> Result<Value, Failure> {
    let options = DeserializerOptions::new().run_rules(false);
    let deserializer = Deserializer::new(ctx.registry.clone(), options)?;
    let from = ReadContext::value(topic).headers(&message.headers);
    let read = deserializer
        .deserialize_json(from, message.value.as_deref())
        .await?;
    Ok(read.unwrap_or_default())
}

/// The version of the key that a ciphertext names: a zero byte, then the number.
fn key_version(ciphertext: &Value) -> Option<i32> {
    let blob = STANDARD.decode(ciphertext.as_str()?).ok()?;
    let (head, _) = blob.split_first_chunk::<5>()?;
    let [0, version @ ..] = *head else {
        return None;
    };
    Some(i32::from_be_bytes(version))
}
