//! Why a value cannot be encrypted or decrypted.

/// Why a value cannot be encrypted or decrypted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueProblem {
    /// Only text and bytes can be encrypted.
    #[error(
        "fields of type {0} cannot be encrypted, only string and bytes: remove the tag (of a \
         message, tag the fields in it instead)"
    )]
    Type(String),
    /// Neither schema defines the field, so it is unknown whether it must be
    /// encrypted.
    #[error(
        "field number {number} is neither in the registered schema nor in the record's own, so it \
         may hold what must be encrypted: write with a schema that has it, or clear unknown fields"
    )]
    UnknownField {
        /// Number of the field.
        number: u32,
    },
    /// The string field does not hold base64.
    #[error("the value is not base64; was it written without encryption?")]
    NotBase64,
    /// The plaintext of a string is not UTF-8.
    #[error("the string is not valid UTF-8")]
    NotUtf8,
    /// The encoding of the field does not fit its type.
    #[error("the field is not encoded as its type says")]
    Encoding,
    /// The cipher failed.
    #[error("{0}")]
    Cipher(String),
    /// The version prefix is missing, although the rule rotates keys.
    #[error(
        "the value has {len} byte{} and so no DEK version of 5 bytes before it; was it written \
         under a rule without encrypt.dek.expiry.days?",
        if *.len == 1 { "" } else { "s" }
    )]
    NoVersion {
        /// Length of the value.
        len: usize,
    },
    /// The version prefix starts with a wrong byte.
    #[error(
        "the value starts with 0x{found:02x} where the DEK version starts with 0x00; was it \
         written under a rule without encrypt.dek.expiry.days?"
    )]
    BadVersion {
        /// First byte.
        found: u8,
    },
    /// The version prefix holds a negative number.
    #[error(
        "the value names DEK version {found}, and versions count from 1; was it written under a \
         rule without encrypt.dek.expiry.days?"
    )]
    NegativeVersion {
        /// The number.
        found: i32,
    },
    /// The message that holds the value is not valid Protobuf.
    #[error("the message is malformed: {0}")]
    Malformed(String),
    /// An invariant was broken.
    #[error("an internal check failed; please report it")]
    Internal,
}
