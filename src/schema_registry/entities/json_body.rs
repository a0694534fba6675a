//! The rule for members that may be missing.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// Defines the structs of JSON bodies. A member that is missing or `null` has its
/// type's default, and an option, list or map without content is left out.
macro_rules! json_body {
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident {
            $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)+
        }
    )+) => {$(
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {$(
            $(#[$field_meta])*
            #[serde(
                default,
                deserialize_with = "super::json_body::null_as_default",
                skip_serializing_if = "super::json_body::Member::is_left_out"
            )]
            pub $field: $type,
        )+}
    )+};
}

/// A type of members.
pub(super) trait Member {
    /// Whether a member with this value is not written.
    fn is_left_out(&self) -> bool {
        false
    }
}

impl Member for String {}
impl Member for bool {}

impl<T> Member for Option<T> {
    fn is_left_out(&self) -> bool {
        self.is_none()
    }
}

impl<T> Member for Vec<T> {
    fn is_left_out(&self) -> bool {
        self.is_empty()
    }
}

impl<K, V> Member for BTreeMap<K, V> {
    fn is_left_out(&self) -> bool {
        self.is_empty()
    }
}

/// Reads `null` as the default of the type.
pub(super) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}
