//! A data encryption key ready for use, and what a rule demands of it.

use super::clock::Clock;
use super::error::KeyError;
use crate::csfle::cipher::aead::Cipher;
use crate::csfle::cipher::algorithm::Algorithm;
use crate::csfle::cipher::raw_dek::RawDek;

const MS_PER_DAY: i64 = 24 * 60 * 60 * 1000;

/// What a rule demands of its keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct KeyNeed {
    pub(crate) subject: String,
    pub(crate) kek: String,
    /// Empty when the rule does not say.
    pub(crate) kms_type: String,
    /// Empty when the rule does not say.
    pub(crate) kms_key_id: String,
    pub(crate) algorithm: Algorithm,
    /// 0 for no rotation.
    pub(crate) expiry_days: u32,
}

impl KeyNeed {
    pub(crate) fn rotates(&self) -> bool {
        self.expiry_days > 0
    }

    /// Returns when a key that was created at `created_ms` has to be replaced.
    pub(crate) fn expires(&self, created_ms: i64) -> i64 {
        if self.rotates() {
            created_ms.saturating_add(i64::from(self.expiry_days).saturating_mul(MS_PER_DAY))
        } else {
            i64::MAX
        }
    }
}

/// A DEK whose cipher is ready for use.
#[derive(Debug)]
pub(crate) struct DataKey {
    pub(crate) version: i32,
    pub(crate) cipher: Cipher,
    /// When to look up the key again, in milliseconds since the Unix epoch: because
    /// the key to write with expires, or because the settings limit how long any key
    /// is cached.
    pub(crate) good_until_ms: i64,
}

impl DataKey {
    pub(crate) fn new(
        need: &KeyNeed,
        version: i32,
        raw: &RawDek,
        good_until_ms: i64,
    ) -> Result<Self, KeyError> {
        let cipher = Cipher::new(raw).map_err(|error| KeyError::Material {
            kek: need.kek.clone(),
            subject: need.subject.clone(),
            version,
            problem: error.into(),
        })?;
        Ok(Self {
            version,
            cipher,
            good_until_ms,
        })
    }

    /// Returns whether the key may be used without another look-up. Reads the clock
    /// only for a key that has an end.
    #[inline]
    pub(crate) fn is_good(&self, clock: &dyn Clock) -> bool {
        self.good_until_ms == i64::MAX || clock.now_ms() < self.good_until_ms
    }
}
