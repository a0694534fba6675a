//! The steps between a message's encoding and the payload of its record.

use std::borrow::Cow;

use crate::csfle::{self, PayloadTransform};

/// An ordered list of steps. Encryption and decryption are the only kinds today.
#[derive(Clone, Debug, Default)]
pub(in crate::serdes) struct Steps(pub(in crate::serdes) Vec<PayloadTransform>);

impl Steps {
    #[inline]
    pub(in crate::serdes) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends the result to `out`. Returns `None` and appends nothing if a step has
    /// to wait for a key.
    pub(in crate::serdes) fn run_now(
        &self,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Option<Result<(), csfle::Error>> {
        let Some((last, first)) = self.0.split_last() else {
            out.extend_from_slice(payload);
            return Some(Ok(()));
        };
        let mut payload = Cow::Borrowed(payload);
        for step in first {
            let mut next = Vec::new();
            match step.apply_now(&payload, &mut next)? {
                Ok(()) => payload = Cow::Owned(next),
                Err(error) => return Some(Err(error)),
            }
        }
        last.apply_now(&payload, out)
    }

    /// Appends the result to `out`, and nothing on an error.
    pub(in crate::serdes) async fn run(
        &self,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), csfle::Error> {
        let Some((last, first)) = self.0.split_last() else {
            out.extend_from_slice(payload);
            return Ok(());
        };
        let mut payload = Cow::Borrowed(payload);
        for step in first {
            let mut next = Vec::new();
            step.apply(&payload, &mut next).await?;
            payload = Cow::Owned(next);
        }
        last.apply(&payload, out).await
    }

    /// Returns the steps without one rule.
    pub(in crate::serdes) fn without_rule(&self, name: &str) -> Self {
        Self(self.0.iter().map(|step| step.without_rule(name)).collect())
    }
}
