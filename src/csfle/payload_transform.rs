//! A plan and a payload to another payload.

use std::fmt;
use std::sync::Arc;

use super::cipher::algorithm::Algorithm;
use super::direction::Direction;
use super::error::Error;
use super::keys::cache::KeyCache;
use super::keys::data_key::DataKey;
use super::prepared_rule::{PreparedRule, Stop, Target};

/// What the rules of a schema do to its records, prepared. A cheap clone, for
/// use from many tasks.
#[derive(Clone)]
pub struct PayloadTransform {
    pub(super) keys: Arc<KeyCache>,
    pub(super) direction: Direction,
    pub(super) steps: Arc<[Arc<PreparedRule>]>,
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
impl PayloadTransform {
    /// Whether the plan encrypts or decrypts.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// The rules in the order in which they run.
    pub fn rules(&self) -> impl Iterator<Item = RuleSummary> {
        let steps = self.steps.iter();
        let steps = steps.filter(|step| !matches!(step.target, Target::Guard(_)));
        steps.map(|step| RuleSummary {
            name: step.rule.clone(),
            kek: step.need.kek.clone(),
            kms_type: step.need.kms_type.clone(),
            kms_key_id: step.need.kms_key_id.clone(),
            algorithm: step.need.algorithm,
            expiry_days: step.need.expiry_days,
            fields: match &step.target {
                Target::Fields(graph) => graph.selected().to_vec(),
                Target::Guard(_) | Target::Payload => Vec::new(),
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
            let Halt { at, step, stop } = stopped;
            let version = match stop {
                Stop::Failed(error) => return Err(*error),
                Stop::Key(version) => version,
            };
            match step.fetch(&self.keys, version).await {
                Ok(key) => {
                    keys.resize_with(self.steps.len(), Vec::new);
                    match keys.get_mut(at) {
                        Some(keys) => keys.push(key),
                        None => return Err(step.broken()),
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
            Err(halt) => match halt.stop {
                Stop::Failed(error) => Some(Err(*error)),
                Stop::Key(_) => None,
            },
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
    ) -> Result<(), Halt<'_>> {
        let epoch = self.keys.epoch();
        let mut done: Option<Vec<u8>> = None;
        let last = self.steps.len().saturating_sub(1);
        for (at, step) in self.steps.iter().enumerate() {
            let fetched = fetched.get(at).map_or(&[][..], Vec::as_slice);
            let input = done.as_deref().unwrap_or(payload);
            let mut next = Vec::new();
            let target = if at == last { &mut *out } else { &mut next };
            let start = target.len();
            target.reserve(input.len().saturating_mul(2).saturating_add(64));
            match step.run(&self.keys, epoch, input, target, fetched) {
                Ok(()) => {}
                Err(Stop::Failed(error)) if step.lenient => {
                    step.pass_over(&error);
                    target.truncate(start);
                    target.extend_from_slice(input);
                }
                Err(stop) => return Err(Halt { at, step, stop }),
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

/// Where a run ended before its time.
struct Halt<'a> {
    at: usize,
    step: &'a PreparedRule,
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
