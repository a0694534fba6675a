//! Client-side field-level encryption (CSFLE): encrypts the tagged fields of a
//! record before the record leaves the client. Confluent's clients can read what
//! this module writes, and the other way round.
//!
//! A schema's rule set says which tags to encrypt and with which key encryption key
//! (KEK). The KEK stays in a KMS ([`kms`]). It wraps data encryption keys (DEKs),
//! one or more per subject, and the DEK Registry stores them wrapped.
//!
//! [`Csfle`] prepares a [`PayloadTransform`] per schema and direction. The transform
//! works on the encoded payload: it walks the bytes once, replaces the selected
//! values, and copies the rest. It never returns a half-encrypted record.
//!
//! ```no_run
//! # use cc_protobuf_examples::csfle::{Csfle, Direction, kms::{KmsDrivers, LocalKms}};
//! # use cc_protobuf_examples::schema_registry::{Client, entities::Schema};
//! # async fn example(
//! #     client: Client,
//! #     schema: Schema,
//! #     message: prost_reflect::MessageDescriptor,
//! #     payload: Vec<u8>,
//! # ) -> Result<(), cc_protobuf_examples::csfle::Error> {
//! let csfle = Csfle::builder(client)
//!     .kms(KmsDrivers::new().with(LocalKms::new("a secret shared by all clients")))
//!     .build();
//! let transform = csfle.prepare(
//!     "orders-value",
//!     schema.rule_set.as_ref(),
//!     schema.metadata.as_ref(),
//!     &message,
//!     Direction::Write,
//! )?;
//! if let Some(transform) = transform {
//!     let mut encrypted = Vec::new();
//!     transform.apply(&payload, &mut encrypted).await?;
//! }
//! # Ok(())
//! # }
//! ```

mod cipher;
mod direction;
mod engine;
mod error;
mod fields;
mod keys;
pub mod kms;
mod payload_transform;
mod prepared_rule;
mod rules;
mod values;
mod wire;

pub use cipher::algorithm::{Algorithm, UnknownAlgorithm};
pub use cipher::raw_dek::{InvalidKey, RawDek};
pub use direction::Direction;
pub use engine::{Csfle, CsfleBuilder};
pub use error::{Error, Place, RuleContext};
pub use fields::coverage::Lack;
pub use fields::problem::ValueProblem;
pub(crate) use keys::clock::LONGEST_EXPIRY;
pub use keys::clock::{Clock, SystemClock};
pub use keys::error::{KeyError, MaterialProblem};
pub use payload_transform::{PayloadTransform, RuleSummary};
pub(crate) use rules::conditions;
pub use rules::encrypt_rule::Phase;
pub use rules::parameters::{DEK_ALGORITHM, DEK_EXPIRY_DAYS, KEK_NAME, KMS_KEY_ID, KMS_TYPE};
pub use rules::problem::RuleProblem;
pub use rules::stored::verify_rules_stored;
