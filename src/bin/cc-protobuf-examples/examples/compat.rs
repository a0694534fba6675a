//! Example 6: which changes each compatibility level accepts, tested on a registry.

use cc_protobuf_examples::protobuf::{
    DynamicSchema, Error, ProtoField, ProtoFile, ProtoMessage, ProtoOneof,
};
use cc_protobuf_examples::schema_registry::CompatibilityLevel as Level;
use futures_util::future::join_all;

use super::Context;
use crate::console::Table;
use crate::failure::Failure;
use crate::naming::subject_only;

/// The levels, in the order of the table's columns.
const LEVELS: [(Level, &str); 7] = [
    (Level::None, "NONE"),
    (Level::Backward, "B"),
    (Level::BackwardTransitive, "B_T"),
    (Level::Forward, "F"),
    (Level::ForwardTransitive, "F_T"),
    (Level::Full, "FULL"),
    (Level::FullTransitive, "FULL_T"),
];

/// A schema that differs from the newest version in one thing.
struct SchemaChange {
    name: &'static str,
    schema: DynamicSchema,
    /// Expected result of each level, `y` or `n`; `None` where registries differ.
    expected: Option<&'static str>,
}

/// Tests each change under each level and prints the registry's answers.
#[tracing::instrument(skip_all)]
pub async fn example_compat(ctx: &Context<'_>) -> Result<(), Failure> {
    let narration = &ctx.narration;
    narration.say(
        "The registry compares a new version with the newest one, or under the TRANSITIVE levels \
         with all. BACKWARD: new readers, old records. FORWARD: old readers, new records. FULL: \
         both. NONE: anything goes.",
    );
    narration.step("Which level applies where no subject has one of its own?");
    match ctx.registry.compatibility(None).await {
        Ok(level) => narration.fact("global level", level.as_str()),
        Err(error) if error.is_forbidden() => {
            narration.note("these credentials may not see the global level");
        }
        Err(error) => return Err(error.into()),
    }

    narration.step("Register two versions to compare with");
    let subject = ctx.names.value_subject(subject_only::COMPAT);
    // Version 1 had a field 3 that version 2 dropped.
    let first = file(event().field(ProtoField::string("note", 3)), true)?;
    ctx.registry
        .set_compatibility(Level::None, Some(&subject))
        .await?;
    ctx.register(&subject, &first, vec![]).await?;
    ctx.register(&subject, &file(event(), true)?, vec![])
        .await?;

    if ctx.saves() {
        narration
            .note("--save-schemas leaves these out: all are versions of one file, event.proto");
    }
    narration.step("Try changes under every level");
    let type_of_note = ctx.value("compat.note", "int32");
    let changes = changes(type_of_note)?;
    let mut verdicts: Vec<String> = vec![String::new(); changes.len()];
    for (level, _) in LEVELS {
        ctx.registry
            .set_compatibility(level, Some(&subject))
            .await?;
        let answers = join_all(changes.iter().map(|change| {
            let request = ctx.request(&change.schema, vec![]);
            let subject = &subject;
            async move {
                ctx.registry
                    .test_compatibility_with_all(subject, &request)
                    .await
            }
        }));
        for (verdict, answer) in verdicts.iter_mut().zip(answers.await) {
            verdict.push(if answer?.is_compatible { 'y' } else { 'n' });
        }
    }
    let mut headings = vec!["change"];
    headings.extend(LEVELS.map(|(_, short)| short));
    let mut table = Table::with_headings(headings);
    for (change, verdict) in changes.iter().zip(&verdicts) {
        let mut row = vec![change.name.to_owned()];
        row.extend(
            verdict
                .chars()
                .map(|c| if c == 'y' { "yes" } else { "no" }.to_owned()),
        );
        table.row(row);
    }
    narration.table(&table);
    narration.note("B = BACKWARD, F = FORWARD, _T = _TRANSITIVE; yes = may be registered");

    narration.step("Compare with the rules");
    for (change, verdict) in changes.iter().zip(&verdicts) {
        match change.expected {
            Some(expected) if type_of_note == "int32" || change.name != TAKEN_UP => {
                if expected != verdict {
                    narration.check(
                        false,
                        format!(
                            "{}: expected {expected}, the registry says {verdict}",
                            change.name
                        ),
                    )?;
                }
            }
            Some(_) => narration.note(&format!("{}: changed by --set, not compared", change.name)),
            None => narration.note(&format!(
                "{}: depends on the registry's version, not compared",
                change.name
            )),
        }
    }
    narration.check(
        true,
        "the registry answers as Confluent's rules for Protobuf say",
    )?;

    narration.end(
        "unlike in Avro, adding a message breaks FORWARD, so BACKWARD_TRANSITIVE is the level to \
         choose for Protobuf. The row \"take up number 3 again\" is why _TRANSITIVE matters, and \
         why deleted numbers belong into `reserved`.",
        "src/bin/cc-protobuf-examples/examples/compat.rs",
        "--set compat.note=string. Number 3 then comes back with the type that it had, and its \
         row turns to yes under every level.",
    );
    Ok(())
}

const TAKEN_UP: &str = "take up number 3 again";

/// Returns the message of every version.
fn event() -> ProtoMessage {
    base(ProtoField::int32("count", 2)).oneof(contact().field(ProtoField::string("phone", 5)))
}

/// Returns the message without its oneof.
fn base(count: ProtoField) -> ProtoMessage {
    ProtoMessage::new("Event")
        .field(ProtoField::string("id", 1))
        .field(count)
}

fn contact() -> ProtoOneof {
    ProtoOneof::new("contact").field(ProtoField::string("email", 4))
}

/// Returns the version that uses number 3 again, for a field of this type.
pub fn with_note(field_type: &str) -> Result<DynamicSchema, Error> {
    file(event().field(ProtoField::new("note", field_type, 3)), true)
}

/// Creates a file with the message, and with a second one if `legacy`.
fn file(event: ProtoMessage, legacy: bool) -> Result<DynamicSchema, Error> {
    let mut file = ProtoFile::new("event.proto")
        .package("com.acme.compat")
        .message(event);
    if legacy {
        file = file.message(ProtoMessage::new("Legacy").field(ProtoField::string("id", 1)));
    }
    file.build()?.schema("Event")
}

/// Returns single changes with the results of NONE, B, B_T, F, F_T, FULL and FULL_T.
fn changes(type_of_note: &str) -> Result<Vec<SchemaChange>, Error> {
    let all = || contact().field(ProtoField::string("phone", 5));
    let with_count = |count| base(count).oneof(all());
    let int32 = || ProtoField::int32("count", 2);
    let moved = ProtoFile::new("event.proto")
        .package("com.acme.moved")
        .message(event());
    let moved = moved
        .message(ProtoMessage::new("Legacy").field(ProtoField::string("id", 1)))
        .build()?
        .schema("Event")?;
    let added = ProtoFile::new("event.proto")
        .package("com.acme.compat")
        .message(event())
        .message(ProtoMessage::new("Legacy").field(ProtoField::string("id", 1)))
        .message(ProtoMessage::new("Added").field(ProtoField::string("id", 1)))
        .build()?
        .schema("Event")?;
    let without_count = ProtoMessage::new("Event")
        .field(ProtoField::string("id", 1))
        .oneof(all());
    let three_members = base(int32()).oneof(all().field(ProtoField::string("fax", 6)));
    let left = base(int32())
        .field(ProtoField::string("phone", 5))
        .oneof(contact());
    let change = |name, schema, expected| SchemaChange {
        name,
        schema,
        expected,
    };
    Ok(vec![
        change(
            "add a field",
            file(event().field(ProtoField::bool("seen", 7)), true)?,
            Some("yyyyyyy"),
        ),
        change(
            "remove a field",
            file(without_count, true)?,
            Some("yyyyyyy"),
        ),
        change(
            "rename a field",
            file(with_count(ProtoField::int32("total", 2)), true)?,
            Some("yyyyyyy"),
        ),
        change(
            "int32 to int64",
            file(with_count(ProtoField::int64("count", 2)), true)?,
            Some("yyyyyyy"),
        ),
        change(
            "int32 to string",
            file(with_count(ProtoField::string("count", 2)), true)?,
            Some("ynnnnnn"),
        ),
        change("add a message", added, Some("yyynnnn")),
        change("remove a message", file(event(), false)?, Some("ynnyynn")),
        change(
            "add a oneof member",
            file(three_members, true)?,
            Some("yyynnnn"),
        ),
        change("change the package", moved, Some("ynnnnnn")),
        change(TAKEN_UP, with_note(type_of_note)?, Some("yynynyn")),
        change("member leaves its oneof", file(left, true)?, None),
    ])
}
