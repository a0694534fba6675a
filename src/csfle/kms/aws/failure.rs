//! What a failed call to AWS means for the caller.

use std::error::Error as StdError;

use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};

use crate::csfle::kms::error::{Error, ErrorKind};

/// `kmsType` of the KEKs in AWS KMS.
pub(super) const KMS_TYPE: &str = "aws-kms";

const NOT_KMS: &str = "not an answer of AWS KMS; check AWS_ENDPOINT_URL";

/// Describes an error of the SDK and drops it: its raw answer could hold key bytes.
pub(super) fn failed<E>(key_id: &str, error: &SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let (kind, detail) = match error {
        SdkError::TimeoutError(_) => (ErrorKind::Unreachable, "no answer in time".to_owned()),
        SdkError::DispatchFailure(failure) if failure.is_io() || failure.is_timeout() => {
            (ErrorKind::Unreachable, causes(error))
        }
        SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) => (
            ErrorKind::Denied,
            format!(
                "no request could be sent; are there AWS credentials (sign in, or set AWS_PROFILE)? {}",
                causes(error)
            ),
        ),
        SdkError::ServiceError(service) => {
            let status = service.raw().status();
            match service.err().code() {
                Some(code) => {
                    let message = service.err().message().unwrap_or("no message");
                    let kind = match kind_of(code) {
                        ErrorKind::Invalid if status.is_server_error() => ErrorKind::Unreachable,
                        kind => kind,
                    };
                    (kind, format!("{code}: {message}"))
                }
                // A proxy or a load balancer answers for a service that is down.
                None if status.is_server_error() => {
                    (ErrorKind::Unreachable, format!("HTTP {}", status.as_u16()))
                }
                None => (
                    ErrorKind::Invalid,
                    format!("HTTP {}, {NOT_KMS}", status.as_u16()),
                ),
            }
        }
        _ => (ErrorKind::Invalid, NOT_KMS.to_owned()),
    };
    Error::new(kind, KMS_TYPE, key_id, detail)
}

/// Maps an error code of KMS, STS or the signature check.
fn kind_of(code: &str) -> ErrorKind {
    match code {
        "AccessDeniedException"
        | "AccessDenied"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "InvalidClientTokenId"
        | "InvalidGrantTokenException"
        | "InvalidSignatureException"
        | "MissingAuthenticationToken"
        | "NotAuthorized"
        | "OptInRequired"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => ErrorKind::Denied,
        "NotFoundException" => ErrorKind::NotFound,
        "IncorrectKeyException" | "InvalidCiphertextException" => ErrorKind::WrongKey,
        "DependencyTimeoutException"
        | "InternalFailure"
        | "KeyUnavailableException"
        | "KMSInternalException"
        | "RequestLimitExceeded"
        | "ServiceUnavailable"
        | "Throttling"
        | "ThrottlingException" => ErrorKind::Unreachable,
        _ => ErrorKind::Invalid,
    }
}

/// Returns the messages of an error and its causes, outermost first.
fn causes(error: &(dyn StdError + 'static)) -> String {
    let mut messages: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let message = error.to_string();
        if messages.last() != Some(&message) {
            messages.push(message);
        }
        next = error.source();
    }
    messages.join(": ")
}

pub(super) fn invalid(key_id: &str, detail: &str) -> Error {
    Error::new(ErrorKind::Invalid, KMS_TYPE, key_id, detail)
}
