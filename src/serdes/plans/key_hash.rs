//! Hash and comparison of the keys of plans. They run for every message, so they
//! have to be quick.

use std::hash::Hasher;

/// Mixes eight bytes at a time. It does not resist keys that are chosen to collide,
/// and need not: a lookup compares few slots whatever the keys.
#[derive(Default)]
pub(super) struct KeyHash(u64);

impl KeyHash {
    #[inline(always)]
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Hasher for KeyHash {
    #[inline(always)]
    fn write(&mut self, bytes: &[u8]) {
        let word = |bytes: &[u8; 4]| u64::from(u32::from_le_bytes(*bytes));
        // The last word may hold bytes of the one before it for the second time.
        if let Some(last) = bytes.last_chunk::<8>() {
            let (words, _) = bytes.as_chunks::<8>();
            for word in words {
                self.add(u64::from_le_bytes(*word));
            }
            self.add(u64::from_le_bytes(*last));
        } else if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
            self.add(word(first) << 32 | word(last));
        } else {
            self.add(
                bytes
                    .iter()
                    .fold(1, |word, byte| word << 8 | u64::from(*byte)),
            );
        }
    }

    #[inline(always)]
    fn write_u8(&mut self, value: u8) {
        self.add(value.into());
    }

    #[inline(always)]
    fn write_u32(&mut self, value: u32) {
        self.add(value.into());
    }

    #[inline(always)]
    fn write_u64(&mut self, value: u64) {
        self.add(value);
    }

    #[inline(always)]
    fn finish(&self) -> u64 {
        // The upper bits are mixed best, and slots are chosen by the lower ones.
        self.0 ^ (self.0 >> 32)
    }
}

/// Compares two topics. Short ones, the usual case, are compared as two words, which
/// takes a third of the time of a call to `memcmp`.
#[inline(always)]
pub(in crate::serdes) fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    a.len() == b.len()
        && match a.len() {
            4..8 => {
                a.first_chunk::<4>() == b.first_chunk() && a.last_chunk::<4>() == b.last_chunk()
            }
            8..=16 => {
                a.first_chunk::<8>() == b.first_chunk() && a.last_chunk::<8>() == b.last_chunk()
            }
            _ => a == b,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_of_every_length_are_compared_in_full() {
        for length in 0..40 {
            let topic = "t".repeat(length);
            assert!(is_same(&topic, &topic.clone()));
            assert!(!is_same(&topic, &"t".repeat(length + 1)));
            for at in 0..length {
                let mut other = topic.clone();
                other.replace_range(at..=at, "u");
                assert!(!is_same(&topic, &other), "{topic} {other}");
                let hash = |text: &str| {
                    let mut hash = KeyHash::default();
                    hash.write(text.as_bytes());
                    hash.finish()
                };
                assert_ne!(hash(&topic), hash(&other));
            }
        }
    }
}
