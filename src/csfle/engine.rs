//! The way in: settings to an engine, an engine and a schema to a plan.

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

/// Field-level encryption: makes a [`PayloadTransform`] per schema and direction. A cheap
/// clone; clones share their caches.
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
    /// The KMS drivers. None unless set: then only the keys that the registry
    /// hands out for shared KEKs can be used.
    #[must_use]
    pub fn kms(mut self, drivers: KmsDrivers) -> Self {
        self.kms = drivers;
        self
    }

    /// Rule parameters (`encrypt.…`) that take the place of those in any rule.
    #[must_use]
    pub fn rule_overrides(mut self, overrides: BTreeMap<String, String>) -> Self {
        self.overrides = overrides;
        self
    }

    /// Whether a schema to write with must have an encryption rule, and each such
    /// rule must find something to encrypt. Guards against registries that drop
    /// rule sets or tags. Off unless set.
    #[must_use]
    pub fn encryption_required(mut self, required: bool) -> Self {
        self.encryption_required = required;
        self
    }

    /// Whether KEKs that the registry calls shared are used. It makes the keys of
    /// those itself, so it can read every record, and whoever may change a KEK there
    /// can make it shared. On unless set; switch it off where only the KMS is to have
    /// the keys.
    #[must_use]
    pub fn shared_keks(mut self, accepted: bool) -> Self {
        self.shared_keks = accepted;
        self
    }

    /// The clock that the expiry of keys is measured with.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// How many KEKs and how many DEKs are kept; 10,000 unless set.
    #[must_use]
    pub fn cache_capacity(mut self, entries: u64) -> Self {
        self.cache_capacity = entries;
        self
    }

    /// After how long a KEK or DEK is looked up again; never unless set. Until
    /// then a deletion, or a new DEK version that another client made, is not
    /// noticed.
    #[must_use]
    pub fn cache_expiry(mut self, expiry: Duration) -> Self {
        self.cache_expiry = Some(expiry.min(LONGEST_EXPIRY));
        self
    }

    /// Makes the engine. Nothing is requested before the first record.
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
    /// Starts with the client of the DEK Registry.
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

    /// What the rules of a schema do to records of one message type, in one
    /// direction; `None` if nothing. On write the schema is the registered one,
    /// on read the reader's. Requests nothing. (A rule for tags that the message
    /// lacks still refuses unknown fields on write.)
    ///
    /// For records whose own schema is another than the registered one, as that of
    /// a program that writes with the latest version, see
    /// [`prepare_write`](Self::prepare_write).
    ///
    /// # Errors
    ///
    /// When a rule that runs cannot be honoured: see [`Error::Rule`]. On write
    /// also when encryption is required and there is no rule, or a rule encrypts
    /// nothing.
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

    /// As [`prepare`](Self::prepare), for some of the rules only.
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

    /// What the rules of a registered schema do on write to records whose own
    /// schema has the message as `own`. Every field that a rule protects in either
    /// schema is encrypted, or there is no plan. `version` names the registered
    /// schema in errors.
    ///
    /// # Errors
    ///
    /// As [`prepare`](Self::prepare); [`Error::Uncovered`] if a field of `own` carries a
    /// tag of a rule, and the registered schema lacks the field or the tag.
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
        let mut steps = Vec::new();
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
            steps.push(Arc::new(PreparedRule::new(
                subject, rule, target, direction,
            )));
        }
        // Fields that neither schema knows may still be for the rule.
        if let Some((rule, graph)) = idle
            && direction == Direction::Write
            && steps.is_empty()
        {
            let guard = PreparedRule::new(subject, rule, Target::Guard(graph), direction);
            steps.push(Arc::new(guard));
        }
        Ok((!steps.is_empty()).then(|| PayloadTransform {
            keys: Arc::clone(&self.inner.keys),
            direction,
            steps: steps.into(),
        }))
    }

    /// Forgets all keys, so that the next record looks them up again: after a
    /// rotation by hand, or a deletion.
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
    /// The message as the record's own schema has it, and how errors name the
    /// registered one.
    own: Option<(&'a MessageDescriptor, &'a str)>,
}

impl Ruled<'_> {
    /// What a rule does to the fields of the message.
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
