//! [`PayloadTransform`]: the prepared rules of a schema, which encrypt or decrypt
//! payloads.

use std::fmt;
use std::sync::Arc;

use super::cipher::algorithm::Algorithm;
use super::direction::Direction;
use super::error::Error;
use super::keys::cache::KeyCache;
use super::keys::data_key::DataKey;
use super::prepared_rule::{PreparedRule, Stop, Target};

/// The rules of a schema, prepared for one message type and one direction. Cheap to
/// clone; many tasks may use one at once.
#[derive(Clone)]
pub struct PayloadTransform {
    pub(super) keys: Arc<KeyCache>,
    pub(super) direction: Direction,
    pub(super) rules: Arc<[Arc<PreparedRule>]>,
}

/// What one rule of a transform does, for display.
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
    /// Days until a new DEK is created; 0 for no rotation and no version prefix.
    pub expiry_days: u32,
    /// Full names of the fields that the rule encrypts; empty for the whole payload.
    pub fields: Vec<String>,
}

impl PayloadTransform {
    /// Returns whether the transform encrypts or decrypts.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// Returns the rules in the order in which they run.
    pub fn rules(&self) -> impl Iterator<Item = RuleSummary> {
        let rules = self.rules.iter();
        let rules = rules.filter(|rule| !matches!(rule.target, Target::Guard(_)));
        rules.map(|rule| RuleSummary {
            name: rule.name.clone(),
            kek: rule.need.kek.clone(),
            kms_type: rule.need.kms_type.clone(),
            kms_key_id: rule.need.kms_key_id.clone(),
            algorithm: rule.need.algorithm,
            expiry_days: rule.need.expiry_days,
            fields: match &rule.target {
                Target::Fields(graph) => graph.selected().to_vec(),
                Target::Guard(_) | Target::Payload => Vec::new(),
            },
        })
    }

    /// Returns the transform without one rule, for a record whose header
    /// `__rule.name` names that rule: such a record comes from a dead letter queue.
    /// On write, returns the transform unchanged, so that no header can leave a
    /// record unencrypted.
    #[must_use]
    pub fn without_rule(&self, name: &str) -> Self {
        let mut rest = self.clone();
        if self.direction == Direction::Read {
            rest.rules = self
                .rules
                .iter()
                .filter(|rule| rule.name != name)
                .cloned()
                .collect();
        }
        rest
    }

    /// Appends the transformed payload to `out`. Waits only to fetch keys. Appends
    /// nothing on an error.
    ///
    /// # Errors
    ///
    /// When a key is not available or a value cannot be transformed. If on read the
    /// `onFailure` of the rule is `NONE`, the rule leaves the payload unchanged
    /// instead.
    pub async fn apply(&self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let start = out.len();
        // The keys that this call fetched: a rule itself holds only a limited
        // number.
        let mut keys: Vec<Vec<Arc<DataKey>>> = Vec::new();
        loop {
            let stopped = match self.run(payload, out, &keys) {
                Ok(()) => return Ok(()),
                Err(stopped) => stopped,
            };
            out.truncate(start);
            let Halt { at, rule, stop } = stopped;
            let version = match stop {
                Stop::Failed(error) => return Err(*error),
                Stop::Key(version) => version,
            };
            match rule.fetch(&self.keys, version).await {
                Ok(key) => {
                    keys.resize_with(self.rules.len(), Vec::new);
                    match keys.get_mut(at) {
                        Some(keys) => keys.push(key),
                        None => return Err(rule.broken()),
                    }
                }
                Err(source) => {
                    let error = rule.no_key(source);
                    if !rule.lenient {
                        return Err(error);
                    }
                    // Skips this rule; the others still run.
                    rule.pass_over(&error);
                    let rest = self.without_rule_at(at);
                    return Box::pin(rest.apply(payload, out)).await;
                }
            }
        }
    }

    /// Like [`apply`](Self::apply), without waiting. Returns `None` and appends
    /// nothing if a key has to be fetched first. Callers try this first, since the
    /// keys are usually cached.
    pub fn apply_now(&self, payload: &[u8], out: &mut Vec<u8>) -> Option<Result<(), Error>> {
        let start = out.len();
        let result = match self.run(payload, out, &[]) {
            Ok(()) => return Some(Ok(())),
            Err(halt) => match halt.stop {
                Stop::Failed(error) => Some(Err(*error)),
                Stop::Key(_) => None,
            },
        };
        out.truncate(start);
        result
    }

    fn without_rule_at(&self, at: usize) -> Self {
        let mut rest = self.clone();
        rest.rules = self
            .rules
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != at)
            .map(|(_, rule)| Arc::clone(rule))
            .collect();
        rest
    }

    /// Runs the rules in order; the last one writes to `out`.
    fn run(
        &self,
        payload: &[u8],
        out: &mut Vec<u8>,
        fetched: &[Vec<Arc<DataKey>>],
    ) -> Result<(), Halt<'_>> {
        let epoch = self.keys.epoch();
        let mut done: Option<Vec<u8>> = None;
        let last = self.rules.len().saturating_sub(1);
        for (at, rule) in self.rules.iter().enumerate() {
            let fetched = fetched.get(at).map_or(&[][..], Vec::as_slice);
            let input = done.as_deref().unwrap_or(payload);
            let mut next = Vec::new();
            let target = if at == last { &mut *out } else { &mut next };
            let start = target.len();
            target.reserve(input.len().saturating_mul(2).saturating_add(64));
            match rule.run(&self.keys, epoch, input, target, fetched) {
                Ok(()) => {}
                Err(Stop::Failed(error)) if rule.lenient => {
                    rule.pass_over(&error);
                    target.truncate(start);
                    target.extend_from_slice(input);
                }
                Err(stop) => return Err(Halt { at, rule, stop }),
            }
            if at != last {
                done = Some(next);
            }
        }
        if self.rules.is_empty() {
            out.extend_from_slice(payload);
        }
        Ok(())
    }
}

/// The rule at which a run stopped, and why.
struct Halt<'a> {
    at: usize,
    rule: &'a PreparedRule,
    stop: Stop,
}

impl fmt::Debug for PayloadTransform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PayloadTransform")
            .field("direction", &self.direction)
            .field("rules", &self.rules().collect::<Vec<_>>())
            .finish()
    }
}
