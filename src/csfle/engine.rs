//! The way in: settings to an engine, an engine and a schema to a plan, a plan
//! and a payload to another payload.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use prost_reflect::MessageDescriptor;

use super::aead::Nonces;
use super::algorithm::Algorithm;
use super::clock::{Clock, LONGEST_EXPIRY, SystemClock};
use super::error::{Error, KeyError, Place, RuleContext, ValueProblem};
use super::fields::Graph;
use super::keys::{DataKey, KeyNeed, Keys};
use super::kms::KmsDrivers;
use super::rules::{self, Direction, EncryptRule, Parameters, Phase};
use super::transform::{self, Obstacle};
use super::values::{self, Decrypt, Encrypt};
use crate::schema_registry::Client;
use crate::schema_registry::entities::{Metadata, RuleSet};

/// DEK versions that a plan keeps at hand for reading.
const HELD_VERSIONS: usize = 32;

/// Field-level encryption: makes a [`Plan`] per schema and direction. A cheap
/// clone; clones share their caches.
#[derive(Clone)]
pub struct Csfle {
    inner: Arc<Inner>,
}

struct Inner {
    keys: Keys,
    overrides: BTreeMap<String, String>,
    encryption_required: bool,
    /// Counts up when the caches are cleared, so that plans let go too.
    epoch: AtomicU64,
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

/// What the rules of a schema do to its records, prepared. A cheap clone, for
/// use from many tasks.
#[derive(Clone)]
pub struct Plan {
    inner: Arc<Inner>,
    direction: Direction,
    steps: Arc<[Arc<Step>]>,
}

/// One rule of a plan, for showing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleSummary {
    /// Name of the rule.
    pub name: String,
    /// Name of the KEK.
    pub kek: String,
    /// KMS type that the rule names, or empty.
    pub kms_type: String,
    /// KMS key id that the rule names, or empty.
    pub kms_key_id: String,
    /// Algorithm of the DEK.
    pub algorithm: Algorithm,
    /// Days until a new DEK is made; 0 for never, and no version prefix.
    pub expiry_days: u32,
    /// Full names of the fields it encrypts; empty for the whole payload.
    pub fields: Vec<String>,
}

struct Step {
    rule: String,
    direction: Direction,
    need: KeyNeed,
    target: Target,
    /// A failure leaves the message as it is.
    lenient: bool,
    held: ArcSwap<Held>,
}

enum Target {
    Fields(Graph),
    Payload,
}

/// The keys that a plan has at hand.
#[derive(Default)]
struct Held {
    epoch: u64,
    keys: Vec<Arc<DataKey>>,
}

/// Why a step did not come to its end.
enum Stop {
    /// Needs the key of this version; on write, the key to write with.
    Key(i32),
    Failed(Error),
}

impl Plan {
    /// Whether the plan encrypts or decrypts.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// The rules in the order in which they run.
    pub fn rules(&self) -> impl Iterator<Item = RuleSummary> {
        self.steps.iter().map(|step| RuleSummary {
            name: step.rule.clone(),
            kek: step.need.kek.clone(),
            kms_type: step.need.kms_type.clone(),
            kms_key_id: step.need.kms_key_id.clone(),
            algorithm: step.need.algorithm,
            expiry_days: step.need.expiry_days,
            fields: match &step.target {
                Target::Fields(graph) => graph.selected().to_vec(),
                Target::Payload => Vec::new(),
            },
        })
    }

    /// The plan without one rule, for a record whose header `__rule.name` names
    /// it: such a record comes from a dead letter queue. Only reading leaves a
    /// rule out; a record to write stays encrypted whatever its headers say.
    #[must_use]
    pub fn without_rule(&self, name: &str) -> Self {
        let mut plan = self.clone();
        if self.direction == Direction::Read {
            plan.steps = self
                .steps
                .iter()
                .filter(|step| step.rule != name)
                .cloned()
                .collect();
        }
        plan
    }

    /// Appends to `out` what the payload becomes. Fetches keys if it has to; that
    /// is the only reason to wait. On an error nothing is appended.
    ///
    /// # Errors
    ///
    /// When a key cannot be had or a value cannot be transformed, unless on read
    /// the rule's `onFailure` is `NONE`: then that rule leaves the payload as it
    /// is.
    pub async fn apply(&self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let start = out.len();
        // What this call fetched; a plan holds only so many.
        let mut keys: Vec<Vec<Arc<DataKey>>> = Vec::new();
        loop {
            let stopped = match self.run(payload, out, &keys) {
                Ok(()) => return Ok(()),
                Err(stopped) => stopped,
            };
            out.truncate(start);
            let (at, version) = match stopped {
                (_, Stop::Failed(error)) => return Err(error),
                (at, Stop::Key(version)) => (at, version),
            };
            let Some(step) = self.steps.get(at) else {
                return Ok(());
            };
            match step.fetch(&self.inner, version).await {
                Ok(key) => {
                    keys.resize(self.steps.len(), Vec::new());
                    if let Some(keys) = keys.get_mut(at) {
                        keys.push(key);
                    }
                }
                Err(source) => {
                    let error = step.no_key(source);
                    if !step.lenient {
                        return Err(error);
                    }
                    // The rule is passed over, the others still run.
                    step.pass_over(&error);
                    let rest = self.without_step(at);
                    return Box::pin(rest.apply(payload, out)).await;
                }
            }
        }
    }

    /// As [`apply`](Self::apply), without waiting: `None` if a key has to be
    /// fetched first, and then nothing is appended. The usual way once keys are
    /// at hand.
    pub fn apply_now(&self, payload: &[u8], out: &mut Vec<u8>) -> Option<Result<(), Error>> {
        let start = out.len();
        let result = match self.run(payload, out, &[]) {
            Ok(()) => return Some(Ok(())),
            Err((_, Stop::Failed(error))) => Some(Err(error)),
            Err((_, Stop::Key(_))) => None,
        };
        out.truncate(start);
        result
    }

    fn without_step(&self, at: usize) -> Self {
        let mut plan = self.clone();
        plan.steps = self
            .steps
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != at)
            .map(|(_, step)| Arc::clone(step))
            .collect();
        plan
    }

    /// Every step in turn; the last one writes to `out`.
    fn run(
        &self,
        payload: &[u8],
        out: &mut Vec<u8>,
        fetched: &[Vec<Arc<DataKey>>],
    ) -> Result<(), (usize, Stop)> {
        let epoch = self.inner.epoch.load(Ordering::Acquire);
        let mut done: Option<Vec<u8>> = None;
        let last = self.steps.len().saturating_sub(1);
        for (at, step) in self.steps.iter().enumerate() {
            let fetched = fetched.get(at).map(Vec::as_slice).unwrap_or_default();
            let input = done.as_deref().unwrap_or(payload);
            let mut next = Vec::new();
            let target = if at == last { &mut *out } else { &mut next };
            let start = target.len();
            target.reserve(input.len().saturating_mul(2).saturating_add(64));
            match step.run(&self.inner, epoch, input, target, fetched) {
                Ok(()) => {}
                Err(Stop::Failed(error)) if step.lenient => {
                    step.pass_over(&error);
                    target.truncate(start);
                    target.extend_from_slice(input);
                }
                Err(stop) => return Err((at, stop)),
            }
            if at != last {
                done = Some(next);
            }
        }
        if self.steps.is_empty() {
            out.extend_from_slice(payload);
        }
        Ok(())
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("direction", &self.direction)
            .field("rules", &self.rules().collect::<Vec<_>>())
            .finish()
    }
}

impl Step {
    fn new(subject: &str, rule: EncryptRule, target: Target, direction: Direction) -> Self {
        Self {
            rule: rule.name,
            direction,
            need: KeyNeed {
                subject: subject.to_owned(),
                kek: rule.kek_name,
                kms_type: rule.kms_type,
                kms_key_id: rule.kms_key_id,
                algorithm: rule.algorithm,
                expiry_days: rule.expiry_days,
            },
            target,
            lenient: rule.lenient,
            held: ArcSwap::default(),
        }
    }

    fn run(
        &self,
        inner: &Inner,
        epoch: u64,
        input: &[u8],
        out: &mut Vec<u8>,
        fetched: &[Arc<DataKey>],
    ) -> Result<(), Stop> {
        let held = self.held.load();
        // What was fetched for this very call needs no check: it is in use even
        // if it expires at once.
        let held: &[Arc<DataKey>] = if !fetched.is_empty() {
            fetched
        } else if held.epoch == epoch && held.keys.iter().all(|key| key.is_good(inner.keys.clock()))
        {
            &held.keys
        } else {
            &[]
        };
        match self.direction {
            Direction::Write => {
                let key = held.last().ok_or(Stop::Key(1))?;
                self.encrypt(key, input, out)
            }
            Direction::Read => self.decrypt(held, input, out),
        }
    }

    fn encrypt(&self, key: &DataKey, input: &[u8], out: &mut Vec<u8>) -> Result<(), Stop> {
        let prefixed = self.need.rotates();
        match &self.target {
            Target::Fields(graph) => {
                transform::message(graph, input, &mut Encrypt::new(key, prefixed), out)
                    .map_err(|failure| self.stop(failure.path(), failure.obstacle))
            }
            Target::Payload => values::seal(key, prefixed, &mut Nonces::new(), input, out)
                .map_err(|error| self.stop_payload(error.into())),
        }
    }

    fn decrypt(&self, keys: &[Arc<DataKey>], input: &[u8], out: &mut Vec<u8>) -> Result<(), Stop> {
        let prefixed = self.need.rotates();
        match &self.target {
            Target::Fields(graph) => {
                transform::message(graph, input, &mut Decrypt::new(keys, prefixed), out)
                    .map_err(|failure| self.stop(failure.path(), failure.obstacle))
            }
            Target::Payload => (|| {
                let (version, ciphertext) = values::split(input, prefixed)?;
                let key = values::key_of(keys, version)?;
                Ok(key.cipher.open(ciphertext, out)?)
            })()
            .map_err(|obstacle| self.stop_payload(obstacle)),
        }
    }

    fn stop(&self, path: String, obstacle: Obstacle) -> Stop {
        match obstacle {
            Obstacle::MissingKey(version) => Stop::Key(version),
            Obstacle::Problem(problem) if path.is_empty() => {
                Stop::Failed(self.bad_value(Place::Payload, problem))
            }
            Obstacle::Problem(problem) => Stop::Failed(self.bad_value(Place::Field(path), problem)),
        }
    }

    fn stop_payload(&self, obstacle: Obstacle) -> Stop {
        self.stop(String::new(), obstacle)
    }

    fn bad_value(&self, place: Place, problem: ValueProblem) -> Error {
        Error::Value {
            at: self.at(),
            place,
            problem,
        }
    }

    fn no_key(&self, source: Arc<KeyError>) -> Error {
        Error::Key {
            at: self.at(),
            source,
        }
    }

    fn at(&self) -> Box<RuleContext> {
        Box::new(RuleContext {
            direction: self.direction,
            subject: self.need.subject.clone(),
            rule: self.rule.clone(),
            kek: self.need.kek.clone(),
        })
    }

    fn pass_over(&self, error: &Error) {
        tracing::debug!(
            rule = self.rule,
            subject = self.need.subject,
            error = error as &dyn std::error::Error,
            "the message stays as it is, as the rule's onFailure says",
        );
    }

    /// Fetches a key and keeps it at hand.
    async fn fetch(&self, inner: &Inner, version: i32) -> Result<Arc<DataKey>, Arc<KeyError>> {
        let epoch = inner.epoch.load(Ordering::Acquire);
        let key = match self.direction {
            Direction::Write => inner.keys.to_write(&self.need).await?,
            Direction::Read => inner.keys.to_read(&self.need, version).await?,
        };
        self.held.rcu(|held| {
            let mut keys = Vec::new();
            if self.direction == Direction::Read && held.epoch == epoch {
                let clock = inner.keys.clock();
                keys.extend(
                    held.keys
                        .iter()
                        .filter(|other| other.version != key.version && other.is_good(clock))
                        .cloned(),
                );
                let excess = keys.len().saturating_add(1).saturating_sub(HELD_VERSIONS);
                keys.drain(..excess.min(keys.len()));
            }
            keys.push(Arc::clone(&key));
            Held { epoch, keys }
        });
        Ok(key)
    }
}
