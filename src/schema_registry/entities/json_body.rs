//! Defines JSON bodies whose members may be missing.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// Defines the structs of JSON bodies. A missing or `null` member has its type's
/// default; empty options, lists and maps are not written.
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

/// The type of a member.
pub(super) trait Member {
    /// Returns whether a member with this value is not written.
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

/// Parses `null` as the type's default.
pub(super) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}
