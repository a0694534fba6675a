//! Checks that a Rust type is the message of a schema.

use std::any::TypeId;
use std::sync::OnceLock;

use prost::Name;

/// The Rust types whose message name was found to be right. Comparing names builds a
/// string, so it is done once per type. A few types may share a name, such as
/// versions of one message.
#[derive(Debug, Default)]
pub(in crate::serdes) struct TypeCheck {
    known: [OnceLock<TypeId>; 3],
}

impl TypeCheck {
    /// Returns whether `M` was checked before. Never allocates.
    #[inline]
    pub(in crate::serdes) fn knows<M: 'static>(&self) -> bool {
        let id = TypeId::of::<M>();
        self.known.iter().any(|known| known.get() == Some(&id))
    }

    /// Compares the full names. On failure returns the name of `M`.
    pub(in crate::serdes) fn check<M: Name + 'static>(&self, message: &str) -> Result<(), String> {
        if self.knows::<M>() {
            return Ok(());
        }
        let name = M::full_name();
        if name != message {
            return Err(name);
        }
        self.remember::<M>();
        Ok(())
    }

    /// Records that `M` has the right name.
    pub(in crate::serdes) fn remember<M: 'static>(&self) {
        let id = TypeId::of::<M>();
        for known in &self.known {
            if *known.get_or_init(|| id) == id {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_decide_and_are_remembered_per_type() {
        let check = TypeCheck::default();
        assert!(!check.knows::<prost_types::Timestamp>());
        assert!(
            check
                .check::<prost_types::Timestamp>("google.protobuf.Timestamp")
                .is_ok()
        );
        assert!(check.knows::<prost_types::Timestamp>());
        let wrong = check.check::<prost_types::Duration>("google.protobuf.Timestamp");
        assert_eq!(wrong, Err("google.protobuf.Duration".to_owned()));
        assert!(!check.knows::<prost_types::Duration>());
    }
}
