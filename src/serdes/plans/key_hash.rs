//! A hash for the keys of plans. It runs for every message, so it has to be quick.

use std::hash::Hasher;

/// Mixes eight bytes at a time. It does not resist keys that are chosen to collide,
/// and need not: a lookup compares few slots whatever the keys.
#[derive(Default)]
pub(super) struct KeyHash(u64);

impl KeyHash {
    #[inline]
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Hasher for KeyHash {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.add(u64::from_le_bytes(*word));
        }
        // The last eight bytes, some of them for the second time, are one word.
        match bytes.last_chunk::<8>() {
            Some(last) => self.add(u64::from_le_bytes(*last)),
            None => self.add(
                rest.iter()
                    .fold(1, |word, byte| word << 8 | u64::from(*byte)),
            ),
        }
    }

    #[inline]
    fn write_u8(&mut self, value: u8) {
        self.add(value.into());
    }

    #[inline]
    fn write_u32(&mut self, value: u32) {
        self.add(value.into());
    }

    #[inline]
    fn write_u64(&mut self, value: u64) {
        self.add(value);
    }

    #[inline]
    fn finish(&self) -> u64 {
        // The upper bits are mixed best, and slots are chosen by the lower ones.
        self.0 ^ (self.0 >> 32)
    }
}
