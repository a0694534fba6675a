//! The version in a path.

use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::store::{SchemaVersion, Versions};

/// A version: a number from 1, or −1 for the newest active one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VersionId(pub(crate) i32);

impl VersionId {
    /// Parses a path segment: `latest` in upper or lower case, −1, or a number
    /// from 1.
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let trimmed = text.trim();
        if trimmed.eq_ignore_ascii_case("latest") {
            return Ok(Self(-1));
        }
        match trimmed.parse::<i32>() {
            Ok(number) if number > 0 || number == -1 => Ok(Self(number)),
            _ => Err(ApiError::invalid_version(text)),
        }
    }

    /// Returns the version. A soft-deleted one is found only `with_deleted` and
    /// never as the newest.
    pub(crate) fn of(self, versions: &Versions, with_deleted: bool) -> Option<&SchemaVersion> {
        versions.find(self.0, with_deleted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_from_one_and_latest() {
        for (text, expected) in [
            ("1", Some(1)),
            (" 7 ", Some(7)),
            ("2147483647", Some(i32::MAX)),
            ("latest", Some(-1)),
            ("LATEST", Some(-1)),
            (" latest ", Some(-1)),
            ("-1", Some(-1)),
            ("0", None),
            ("-2", None),
            ("2147483648", None),
            ("1.0", None),
            ("", None),
            ("abc", None),
        ] {
            let found = VersionId::parse(text);
            match expected {
                Some(number) => assert_eq!(found, Ok(VersionId(number)), "{text}"),
                None => assert_eq!(found, Err(ApiError::invalid_version(text)), "{text}"),
            }
        }
    }
}
