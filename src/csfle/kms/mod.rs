//! Key management systems (KMS), which wrap and unwrap data encryption keys.
//!
//! A key encryption key (KEK) never leaves its KMS. The DEK Registry knows only
//! where the KEK is: a KMS type such as `aws-kms` and a key id of that KMS.
//! [`KmsDrivers`] picks the driver by type; a driver implements [`Kms`].

#[cfg(feature = "aws-kms")]
mod aws;
mod driver;
mod drivers;
mod error;
mod local;

#[cfg(feature = "aws-kms")]
pub use aws::AwsKms;
pub use driver::{Kms, Properties};
pub use drivers::{ALTERNATE_KEY_IDS, KmsDrivers};
pub use error::{Error, ErrorKind};
pub use local::LocalKms;
