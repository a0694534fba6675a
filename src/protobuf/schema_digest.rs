//! The identity of a schema: a digest of its message and files.

use sha2::{Digest, Sha256};

/// A digest of a message's name, its file and everything that the file imports.
/// Schemas with equal digests are equal, even if they were created separately.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SchemaDigest(u64, u64);

impl SchemaDigest {
    /// Computes the digest of a message from its full name, and the names and texts
    /// of its files.
    pub fn new<'a>(message: &str, files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut hash = Sha256::new();
        let mut add = |text: &str| {
            // Each text follows its length, so that different lists give different bytes.
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        add(message);
        for (name, text) in files {
            add(name);
            add(text);
        }
        let digest: [u8; 32] = hash.finalize().into();
        let (words, _) = digest.as_chunks::<8>();
        let mut words = words.iter().map(|word| u64::from_le_bytes(*word));
        let mut word = || words.next().unwrap_or_default();
        Self(word(), word())
    }
}
