//! The way in: settings to an engine, an engine and a schema to a plan.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prost_reflect::MessageDescriptor;

use super::clock::{Clock, LONGEST_EXPIRY, SystemClock};
use super::error::Error;
use super::fields::Graph;
use super::keys::Keys;
use super::kms::KmsDrivers;
use super::plan::Plan;
use super::rules::{self, Direction, Parameters, Phase};
use super::step::{Step, Target};
use crate::schema_registry::Client;
use crate::schema_registry::entities::{Metadata, RuleSet};

/// Field-level encryption: makes a [`Plan`] per schema and direction. A cheap
/// clone; clones share their caches.
#[derive(Clone)]
pub struct Csfle {
    inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) keys: Keys,
    overrides: BTreeMap<String, String>,
    encryption_required: bool,
    /// Counts up when the caches are cleared, so that plans let go too.
    epoch: AtomicU64,
}

impl Inner {
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }
}

/// Settings of a [`Csfle`].
pub struct CsfleBuilder {
    client: Client,
    kms: KmsDrivers,
    overrides: BTreeMap<String, String>,
    encryption_required: bool,
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

    /// Whether a schema to write with must have an ENCRYPT rule that finds
    /// something to encrypt. Guards against registries that drop rule sets or
    /// tags. Off unless set.
    #[must_use]
    pub fn encryption_required(mut self, required: bool) -> Self {
        self.encryption_required = required;
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
                keys: Keys::new(
                    self.client,
                    self.kms,
                    self.clock,
                    self.cache_capacity,
                    self.cache_expiry,
                ),
                overrides: self.overrides,
                encryption_required: self.encryption_required,
                epoch: AtomicU64::new(0),
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
            clock: Arc::new(SystemClock),
            cache_capacity: 10_000,
            cache_expiry: None,
        }
    }

    /// What the rules of a schema do to records of one message type, in one
    /// direction; `None` if nothing. On write the schema is the registered one,
    /// on read the reader's. Requests nothing.
    ///
    /// # Errors
    ///
    /// When a rule that runs cannot be honoured: see [`Error::Rule`]. On write
    /// also when encryption is required and no rule encrypts anything.
    pub fn plan(
        &self,
        subject: &str,
        rule_set: Option<&RuleSet>,
        metadata: Option<&Metadata>,
        message: &MessageDescriptor,
        direction: Direction,
    ) -> Result<Option<Plan>, Error> {
        self.plan_phase(subject, rule_set, metadata, message, direction, Phase::All)
    }

    /// As [`plan`](Self::plan), for some of the rules only.
    ///
    /// # Errors
    ///
    /// As [`plan`](Self::plan).
    pub fn plan_phase(
        &self,
        subject: &str,
        rule_set: Option<&RuleSet>,
        metadata: Option<&Metadata>,
        message: &MessageDescriptor,
        direction: Direction,
        phase: Phase,
    ) -> Result<Option<Plan>, Error> {
        let parameters = Parameters {
            overrides: &self.inner.overrides,
            metadata,
        };
        let rules = match rule_set {
            Some(rule_set) => rules::select(subject, rule_set, parameters, direction, phase)?,
            None => Vec::new(),
        };
        let no_rule = rules.is_empty();
        let mut idle_tags = Vec::new();
        let mut steps = Vec::new();
        for rule in rules {
            let target = if rule.payload {
                Target::Payload
            } else {
                match Graph::new(message, &rule.tags, metadata, direction) {
                    Some(graph) => Target::Fields(graph),
                    None => {
                        tracing::warn!(
                            rule = rule.name,
                            subject,
                            message = message.full_name(),
                            "rule selects no field of the message: no field has one of its tags",
                        );
                        idle_tags.extend(rule.tags);
                        continue;
                    }
                }
            };
            steps.push(Arc::new(Step::new(subject, rule, target, direction)));
        }
        let required =
            self.inner.encryption_required && direction == Direction::Write && phase == Phase::All;
        if required && steps.is_empty() {
            let subject = subject.to_owned();
            return Err(match no_rule {
                true => Error::NoEncryptRule { subject },
                false => Error::NothingToEncrypt {
                    subject,
                    message: message.full_name().to_owned(),
                    tags: idle_tags,
                },
            });
        }
        Ok((!steps.is_empty()).then(|| Plan {
            inner: Arc::clone(&self.inner),
            direction,
            steps: steps.into(),
        }))
    }

    /// Forgets all keys, so that the next record looks them up again: after a
    /// rotation by hand, or a deletion.
    pub fn clear_caches(&self) {
        self.inner.keys.clear();
        self.inner.epoch.fetch_add(1, Ordering::Release);
    }
}

impl fmt::Debug for Csfle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Csfle").finish_non_exhaustive()
    }
}
