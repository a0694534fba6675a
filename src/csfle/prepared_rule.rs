//! One rule of a transform, with the keys that it holds.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::cipher::aead::Nonces;
use super::direction::Direction;
use super::error::{Error, Place, RuleContext};
use super::fields::failure::Obstacle;
use super::fields::graph::Graph;
use super::fields::problem::ValueProblem;
use super::fields::walk;
use super::keys::cache::KeyCache;
use super::keys::data_key::{DataKey, KeyNeed};
use super::keys::error::KeyError;
use super::rules::encrypt_rule::EncryptRule;
use super::values::{self, Decrypt, Encrypt};

/// Maximum number of DEK versions that a rule holds for reading.
const HELD_VERSIONS: usize = 32;

pub(super) struct PreparedRule {
    pub(super) name: String,
    direction: Direction,
    pub(super) need: KeyNeed,
    pub(super) target: Target,
    /// A failure leaves the message unchanged.
    pub(super) lenient: bool,
    held: ArcSwap<Held>,
}

pub(super) enum Target {
    Fields(Graph),
    /// No known field is selected; unknown fields are refused.
    Guard(Graph),
    Payload,
}

/// The keys that a rule holds, and the cache's epoch in which they were fetched.
#[derive(Default)]
struct Held {
    epoch: u64,
    keys: Vec<Arc<DataKey>>,
}

/// Why a rule stopped.
pub(super) enum Stop {
    /// The key of this version has to be fetched; on write, the key to write with.
    Key(i32),
    Failed(Box<Error>),
}

impl PreparedRule {
    pub(super) fn new(
        subject: &str,
        rule: EncryptRule,
        target: Target,
        direction: Direction,
    ) -> Self {
        Self {
            name: rule.name,
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

    pub(super) fn run(
        &self,
        cache: &KeyCache,
        epoch: u64,
        input: &[u8],
        out: &mut Vec<u8>,
        fetched: &[Arc<DataKey>],
    ) -> Result<(), Stop> {
        if let Target::Guard(graph) = &self.target {
            return walk::unchanged(graph, input, out)
                .map_err(|failure| self.stop(failure.path(), failure.obstacle));
        }
        let held = self.held.load();
        // Keys that were fetched for this call are not checked: they are used even
        // if they expire at once.
        let held: &[Arc<DataKey>] = if !fetched.is_empty() {
            fetched
        } else if held.epoch == epoch && held.keys.iter().all(|key| key.is_good(cache.clock())) {
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
                walk::message(graph, input, &mut Encrypt::new(key, prefixed), out)
                    .map_err(|failure| self.stop(failure.path(), failure.obstacle))
            }
            Target::Guard(_) => Err(Stop::Failed(self.broken().into())),
            Target::Payload => values::seal(key, prefixed, &mut Nonces::new(), input, out)
                .map_err(|error| self.stop_payload(error.into())),
        }
    }

    fn decrypt(&self, keys: &[Arc<DataKey>], input: &[u8], out: &mut Vec<u8>) -> Result<(), Stop> {
        let prefixed = self.need.rotates();
        match &self.target {
            Target::Fields(graph) => {
                walk::message(graph, input, &mut Decrypt::new(keys, prefixed), out)
                    .map_err(|failure| self.stop(failure.path(), failure.obstacle))
            }
            Target::Guard(_) => Err(Stop::Failed(self.broken().into())),
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
                Stop::Failed(self.bad_value(Place::Payload, problem).into())
            }
            Obstacle::Problem(problem) => {
                Stop::Failed(self.bad_value(Place::Field(path), problem).into())
            }
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

    pub(super) fn no_key(&self, source: Arc<KeyError>) -> Error {
        Error::Key {
            at: self.at(),
            source,
        }
    }

    /// Returns the error for a broken invariant; nothing is written then.
    pub(super) fn broken(&self) -> Error {
        self.bad_value(Place::Payload, ValueProblem::Internal)
    }

    fn at(&self) -> Box<RuleContext> {
        Box::new(RuleContext {
            direction: self.direction,
            subject: self.need.subject.clone(),
            rule: self.name.clone(),
            kek: self.need.kek.clone(),
        })
    }

    pub(super) fn pass_over(&self, error: &Error) {
        tracing::debug!(
            rule = self.name,
            subject = self.need.subject,
            error = error as &dyn std::error::Error,
            "the message is left unchanged because of the rule's onFailure",
        );
    }

    /// Fetches a key and holds it for later calls.
    pub(super) async fn fetch(
        &self,
        cache: &KeyCache,
        version: i32,
    ) -> Result<Arc<DataKey>, Arc<KeyError>> {
        let epoch = cache.epoch();
        let key = match self.direction {
            Direction::Write => cache.to_write(&self.need).await?,
            Direction::Read => cache.to_read(&self.need, version).await?,
        };
        self.held.rcu(|held| {
            let mut keys = Vec::new();
            if self.direction == Direction::Read && held.epoch == epoch {
                let clock = cache.clock();
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
