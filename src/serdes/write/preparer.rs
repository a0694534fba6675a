//! Prepares write plans: resolves the subject, chooses the schema to write with, and
//! prepares its rules.

use std::sync::Arc;
use std::time::Instant;

use prost_reflect::MessageDescriptor;

use super::plan::PreparedWrite;
use super::registrar::Registrar;
use crate::csfle::Direction;
use crate::protobuf::ProtoSchema;
use crate::schema_registry::Client;
use crate::serdes::destination::Destination;
use crate::serdes::error::{Error, ErrorKind, SchemaName};
use crate::serdes::options::{SchemaIdIn, SerializerOptions};
use crate::serdes::plans::steps::Steps;
use crate::serdes::plans::validity::earliest;
use crate::serdes::registered_schema::RegisteredSchema;
use crate::serdes::schema_fetcher::SchemaFetcher;
use crate::serdes::subject_name::RecordPlace;
use crate::serdes::subject_resolver::SubjectResolver;
use crate::serdes::unsupported_rules;
use crate::wire_format::{self, SchemaRef};

/// Prepares write plans. Caches the registry's answers, but no plans.
pub(super) struct WritePreparer {
    pub(super) options: SerializerOptions,
    fetcher: SchemaFetcher,
    registrar: Registrar,
    subjects: SubjectResolver,
}

impl WritePreparer {
    pub(super) fn new(registry: Client, options: SerializerOptions) -> Self {
        let capacity = options.cache_capacity;
        let ttl = options.latest_cache_ttl;
        // A rule may be added to a schema later. That matters only where rules can run.
        let rules_ttl = ttl.filter(|_| options.csfle.is_some());
        let fetcher = SchemaFetcher::new(registry, capacity, ttl);
        Self {
            registrar: Registrar::new(fetcher.clone(), capacity, rules_ttl),
            subjects: SubjectResolver::new(options.subject_name_strategy.clone(), capacity, ttl),
            fetcher,
            options,
        }
    }

    /// Prepares a plan from the registry's answers. Also returns when it expires.
    pub(super) async fn prepare(
        &self,
        Destination { topic, side }: Destination<'_>,
        schema: &dyn ProtoSchema,
    ) -> Result<(PreparedWrite, Option<Instant>), Error> {
        let place = RecordPlace {
            topic,
            side,
            message: Some(schema.full_name()),
        };
        let subject = self.subjects.resolve(self.fetcher.client(), &place).await?;
        let name = subject.name.ok_or_else(|| {
            Error::from(ErrorKind::NoSubject {
                topic: topic.to_owned(),
                side,
            })
        })?;
        let (registered, until) = self.choose(&name, schema).await?;
        let indexes = registered.indexes(schema.full_name())?;

        let steps = self.encryption(&name, &registered, schema.descriptor())?;

        let guid = registered.guid.map(SchemaRef::Guid);
        let mut envelope = Vec::new();
        let place = match self.options.schema_id_in {
            SchemaIdIn::Prefix => {
                let id = registered.id.map(SchemaRef::Id).or(guid);
                let id = id.ok_or_else(|| incomplete(&registered.name, "id"))?;
                wire_format::encode_prefix(id, &indexes, &mut envelope);
                (envelope.into_boxed_slice(), None)
            }
            SchemaIdIn::Header => {
                let guid = guid.ok_or_else(|| incomplete(&registered.name, "guid"))?;
                wire_format::encode_prefix(guid, &indexes, &mut envelope);
                (Box::default(), Some(envelope.into_boxed_slice()))
            }
        };
        let prepared = PreparedWrite::new(registered, name, side, place, steps);
        Ok((prepared, earliest(subject.until, until)))
    }

    /// Prepares the rules of the schema for payloads whose own schema defines the
    /// message as `own`. The rules run no matter how the schema was chosen, so no
    /// record is written without the protection that a rule demands.
    fn encryption(
        &self,
        subject: &str,
        registered: &RegisteredSchema,
        own: &MessageDescriptor,
    ) -> Result<Steps, Error> {
        let rule_set = registered.rule_set();
        let Some(csfle) = &self.options.csfle else {
            unsupported_rules::refuse(rule_set, Direction::Write, &registered.name)?;
            return Ok(Steps::default());
        };
        let message = registered.message(own.full_name())?;
        let prepared = csfle.prepare_write(
            subject,
            rule_set,
            registered.metadata(),
            &message,
            &registered.label(),
            own,
        );
        let encryption = prepared.map_err(|source| {
            Error::from(ErrorKind::Rule {
                schema: registered.name.clone(),
                source: source.into(),
            })
        })?;
        Ok(Steps(encryption.into_iter().collect()))
    }

    /// Checks the descriptor of a dynamic message: it may tag fields that are
    /// untagged in the schema to write with.
    pub(super) fn check_value(
        &self,
        prepared: &PreparedWrite,
        found: &MessageDescriptor,
    ) -> Result<(), Error> {
        let PreparedWrite {
            registered,
            subject,
            checked,
            ..
        } = prepared;
        let is_checked = || checked.iter().any(|known| known.get() == Some(found));
        if self.options.csfle.is_none() || is_checked() {
            return Ok(());
        }
        self.encryption(subject, registered, found)?;
        for known in checked {
            if known.get_or_init(|| found.clone()) == found {
                break;
            }
        }
        Ok(())
    }

    /// Returns the schema to write with, and when it has to be chosen again.
    async fn choose(
        &self,
        subject: &str,
        schema: &dyn ProtoSchema,
    ) -> Result<(Arc<RegisteredSchema>, Option<Instant>), Error> {
        let options = &self.options;
        let by_id = options.use_schema_id.map(SchemaRef::Id);
        let by_ref = by_id.or(options.use_schema_guid.map(SchemaRef::Guid));
        if let Some(by_ref) = by_ref {
            let found = self.fetcher.by_ref(by_ref, Some(subject)).await?;
            if options.id_compatibility_strict {
                let hint = "set id_compatibility_strict to false to write with it all the same";
                require_compatible(&found, schema, hint)?;
            }
            return Ok((found, None));
        }
        let properties = options.use_latest_with_metadata.as_ref();
        if properties.is_some() || options.use_latest_version {
            let latest = self.fetcher.latest(subject, properties).await?;
            if options.latest_compatibility_strict {
                let hint = "set latest_compatibility_strict to false to write with it all the same";
                require_compatible(&latest.schema, schema, hint)?;
            }
            return Ok((latest.schema, latest.until));
        }
        let (registered, until) = self
            .registrar
            .register_or_look_up(subject, schema, options)
            .await?;
        if options.csfle.is_none() {
            return Ok((registered, until));
        }
        // A rule that is added to a schema creates a new version, but registries
        // still answer a registration with the first version of equal text.
        let latest = self.fetcher.latest(subject, None).await?;
        let until = earliest(until, latest.until);
        let newer = !latest.schema.is_same(&registered) && latest.schema.adds_rules_to(schema);
        Ok((if newer { latest.schema } else { registered }, until))
    }
}

/// Checks that a reader with the schema to write with can read records of the
/// record's own schema.
fn require_compatible(
    found: &RegisteredSchema,
    schema: &dyn ProtoSchema,
    hint: &'static str,
) -> Result<(), Error> {
    let messages = found.incompatibilities(schema);
    if messages.is_empty() {
        return Ok(());
    }
    Err(Error::from(ErrorKind::Incompatible {
        schema: found.name.clone(),
        messages,
        hint,
    }))
}

fn incomplete(schema: &SchemaName, missing: &'static str) -> Error {
    Error::from(ErrorKind::Incomplete {
        action: format!("write with the {schema}"),
        missing,
    })
}
