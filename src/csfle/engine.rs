//! [`Csfle`] and its settings: turns the rules of a schema into a
//! [`PayloadTransform`].

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prost_reflect::MessageDescriptor;

use super::direction::Direction;
use super::error::{Error, RuleContext};
use super::fields::build;
use super::fields::coverage::GraphProblem;
use super::fields::graph::Graph;
use super::fields::tags::Selection;
use super::keys::cache::KeyCache;
use super::keys::clock::{Clock, LONGEST_EXPIRY, SystemClock};
use super::kms::KmsDrivers;
use super::payload_transform::PayloadTransform;
use super::prepared_rule::{PreparedRule, Target};
use super::rules::encrypt_rule::{self, EncryptRule, Phase};
use super::rules::parameters::Parameters;
use super::rules::problem::RuleProblem;
use crate::schema_registry::Client;
use crate::schema_registry::entities::{Metadata, RuleSet};

/// Field-level encryption: prepares a [`PayloadTransform`] per schema and direction.
/// Cheap to clone; clones share their caches.
#[derive(Clone)]
pub struct Csfle {
    inner: Arc<Inner>,
}

struct Inner {
    keys: Arc<KeyCache>,
    overrides: BTreeMap<String, String>,
    encryption_required: bool,
}

/// Settings of a [`Csfle`].
pub struct CsfleBuilder {
    client: Client,
    kms: KmsDrivers,
    overrides: BTreeMap<String, String>,
    encryption_required: bool,
    shared_keks: bool,
    clock: Arc<dyn Clock>,
    cache_capacity: u64,
    cache_expiry: Option<Duration>,
}

impl CsfleBuilder {
    /// Sets the KMS drivers. Default: none, so that only the keys of shared KEKs can
    /// be used, which the registry unwraps.
    #[must_use]
    pub fn kms(mut self, drivers: KmsDrivers) -> Self {
        self.kms = drivers;
        self
    }

    /// Sets parameters (`encrypt.…`) that override the parameters of every rule.
    #[must_use]
    pub fn rule_overrides(mut self, overrides: BTreeMap<String, String>) -> Self {
        self.overrides = overrides;
        self
    }

    /// Requires that a schema to write with has an encryption rule, and that each
    /// such rule selects a field. Protects against registries that drop rule sets or
    /// tags. Default: off.
    #[must_use]
    pub fn encryption_required(mut self, required: bool) -> Self {
        self.encryption_required = required;
        self
    }

    /// Sets whether shared KEKs are accepted. The registry creates the keys of a
    /// shared KEK, so it can read every record. Anyone who may change a KEK in the
    /// registry can make it shared. Default: on. Switch it off if only the KMS may
    /// know the keys.
    #[must_use]
    pub fn shared_keks(mut self, accepted: bool) -> Self {
        self.shared_keks = accepted;
        self
    }

    /// Sets the clock by which keys expire.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets how many KEKs and how many DEKs are cached. Default: 10,000 each.
    #[must_use]
    pub fn cache_capacity(mut self, entries: u64) -> Self {
        self.cache_capacity = entries;
        self
    }

    /// Sets the time after which a KEK or DEK is looked up again. Default: never.
    /// Until then the cache does not notice a deletion, or a new DEK version that
    /// another client created.
    #[must_use]
    pub fn cache_expiry(mut self, expiry: Duration) -> Self {
        self.cache_expiry = Some(expiry.min(LONGEST_EXPIRY));
        self
    }

    /// Builds the [`Csfle`]. It sends no request before the first record.
    #[must_use]
    pub fn build(self) -> Csfle {
        Csfle {
            inner: Arc::new(Inner {
                keys: Arc::new(KeyCache::new(
                    self.client,
                    self.kms,
                    self.clock,
                    self.shared_keks,
                    self.cache_capacity,
                    self.cache_expiry,
                )),
                overrides: self.overrides,
                encryption_required: self.encryption_required,
            }),
        }
    }
}

impl Csfle {
    /// Returns a builder with the client of the DEK Registry.
    #[must_use]
    pub fn builder(client: Client) -> CsfleBuilder {
        CsfleBuilder {
            client,
            kms: KmsDrivers::new(),
            overrides: BTreeMap::new(),
            encryption_required: false,
            shared_keks: true,
            clock: Arc::new(SystemClock),
            cache_capacity: 10_000,
            cache_expiry: None,
        }
    }

    /// Prepares the rules of a schema for records of one message type and one
    /// direction. Returns `None` if no rule applies. On write, pass the registered
    /// schema; on read, the reader's. Sends no request.
    ///
    /// If no field of the message has a tag of the rules, the transform for writing
    /// still refuses unknown fields. If the record's own schema differs from the
    /// registered one, because the program writes with the latest version, use
    /// [`prepare_write`](Self::prepare_write).
    ///
    /// # Errors
    ///
    /// When a rule that runs cannot be carried out: see [`Error::Rule`]. On write
    /// also when encryption is required and there is no rule, or a rule selects no
    /// field.
    pub fn prepare(
        &self,
        subject: &str,
        rule_set: Option<&RuleSet>,
        metadata: Option<&Metadata>,
        message: &MessageDescriptor,
        direction: Direction,
    ) -> Result<Option<PayloadTransform>, Error> {
        self.prepare_phase(subject, rule_set, metadata, message, direction, Phase::All)
    }

    /// Like [`prepare`](Self::prepare), for one phase of the rules only.
    ///
    /// # Errors
    ///
    /// As [`prepare`](Self::prepare).
    pub fn prepare_phase(
        &self,
        subject: &str,
        rule_set: Option<&RuleSet>,
        metadata: Option<&Metadata>,
        message: &MessageDescriptor,
        direction: Direction,
        phase: Phase,
    ) -> Result<Option<PayloadTransform>, Error> {
        let schema = Ruled {
            subject,
            rule_set,
            metadata,
            message,
            own: None,
        };
        self.prepare_schema(&schema, direction, phase)
    }

    /// Prepares the rules of a registered schema for writing records whose own
    /// schema defines the message as `own`. Every field that a rule protects in
    /// either schema is encrypted, or the call fails. `version` names the registered
    /// schema in errors.
    ///
    /// # Errors
    ///
    /// As [`prepare`](Self::prepare). Also [`Error::Uncovered`] if a field of `own`
    /// has a tag of a rule and the registered schema lacks the field or the tag.
    pub fn prepare_write(
        &self,
        subject: &str,
        rule_set: Option<&RuleSet>,
        metadata: Option<&Metadata>,
        registered: &MessageDescriptor,
        version: &str,
        own: &MessageDescriptor,
    ) -> Result<Option<PayloadTransform>, Error> {
        let schema = Ruled {
            subject,
            rule_set,
            metadata,
            message: registered,
            own: Some((own, version)),
        };
        self.prepare_schema(&schema, Direction::Write, Phase::All)
    }

    fn prepare_schema(
        &self,
        schema: &Ruled<'_>,
        direction: Direction,
        phase: Phase,
    ) -> Result<Option<PayloadTransform>, Error> {
        let Ruled {
            subject, metadata, ..
        } = *schema;
        let required =
            self.inner.encryption_required && direction == Direction::Write && phase == Phase::All;
        let parameters = Parameters {
            overrides: &self.inner.overrides,
            metadata,
        };
        let rules = match schema.rule_set {
            Some(rule_set) => {
                encrypt_rule::select(subject, rule_set, parameters, direction, phase)?
            }
            None => Vec::new(),
        };
        if required && rules.is_empty() {
            let subject = subject.to_owned();
            return Err(Error::NoEncryptRule { subject });
        }
        let mut prepared = Vec::new();
        let mut idle = None;
        for rule in rules {
            let target = if rule.payload {
                Target::Payload
            } else {
                let graph = schema.graph(&rule, direction)?;
                if !graph.works() {
                    if required {
                        return Err(Error::NothingToEncrypt {
                            at: schema.at(&rule, direction),
                            message: schema.message.full_name().to_owned(),
                            tags: rule.tags,
                        });
                    }
                    tracing::warn!(
                        rule = rule.name,
                        subject,
                        message = schema.message.full_name(),
                        "rule selects no field of the message: no field has one of its tags",
                    );
                    idle.get_or_insert((rule, graph));
                    continue;
                }
                Target::Fields(graph)
            };
            prepared.push(Arc::new(PreparedRule::new(
                subject, rule, target, direction,
            )));
        }
        // A field that neither schema defines may still carry a tag of the rule.
        if let Some((rule, graph)) = idle
            && direction == Direction::Write
            && prepared.is_empty()
        {
            let guard = PreparedRule::new(subject, rule, Target::Guard(graph), direction);
            prepared.push(Arc::new(guard));
        }
        Ok((!prepared.is_empty()).then(|| PayloadTransform {
            keys: Arc::clone(&self.inner.keys),
            direction,
            rules: prepared.into(),
        }))
    }

    /// Drops all cached keys, so that the next record looks them up again. Call it
    /// after a manual rotation or a deletion.
    pub fn clear_caches(&self) {
        self.inner.keys.clear();
    }
}

/// A schema with its rules, and the message type in it.
struct Ruled<'a> {
    subject: &'a str,
    rule_set: Option<&'a RuleSet>,
    metadata: Option<&'a Metadata>,
    message: &'a MessageDescriptor,
    /// The message in the record's own schema, and the name of the registered schema
    /// in errors.
    own: Option<(&'a MessageDescriptor, &'a str)>,
}

impl Ruled<'_> {
    /// Returns what a rule does to the fields of the message.
    fn graph(&self, rule: &EncryptRule, direction: Direction) -> Result<Graph, Error> {
        let selection = Selection::new(&rule.tags, self.metadata);
        let own = self.own.map(|(own, _)| own);
        build::graph(&selection, self.message, own, direction).map_err(|problem| {
            let at = self.at(rule, direction);
            match problem {
                GraphProblem::Tags(tags) => Error::Rule {
                    at,
                    problem: RuleProblem::Tags {
                        field: tags.field,
                        reason: tags.malformed.to_string(),
                    },
                },
                GraphProblem::Uncovered(field) => Error::Uncovered {
                    at,
                    field: field.path,
                    full_name: field.full_name,
                    tag: field.tag,
                    version: self.own.map_or("schema", |(_, version)| version).to_owned(),
                    lack: field.lack,
                },
            }
        })
    }

    fn at(&self, rule: &EncryptRule, direction: Direction) -> Box<RuleContext> {
        Box::new(RuleContext {
            direction,
            subject: self.subject.to_owned(),
            rule: rule.name.clone(),
            kek: rule.kek_name.clone(),
        })
    }
}

impl fmt::Debug for Csfle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Csfle").finish_non_exhaustive()
    }
}

impl fmt::Debug for CsfleBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsfleBuilder")
            .field("encryption_required", &self.encryption_required)
            .field("shared_keks", &self.shared_keks)
            .finish_non_exhaustive()
    }
}
