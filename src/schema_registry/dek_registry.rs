//! The DEK Registry: key encryption keys and the data keys that they wrap.
//!
//! A registry without one answers every call here with
//! [`Error::Unsupported`](super::Error::Unsupported).

use super::client::Client;
use super::entities::{Dek, DekRequest, Kek, KekRequest, KekUpdate};
use super::error::Error;
use super::http::call::Call;
use super::http::path;
use super::parameters::Version;
use crate::subject_context::other_than_default;

const KEKS: &str = "/dek-registry/v1/keks";

fn kek_path(name: &str) -> Result<String, Error> {
    Ok(format!("{KEKS}/{}", path::name("KEK", name)?))
}

fn deks_path(kek: &str, subject: &str) -> Result<String, Error> {
    Ok(format!(
        "{}/deks/{}",
        kek_path(kek)?,
        path::subject(subject)?
    ))
}

fn missing_in_kek(kek: &Kek) -> Option<&'static str> {
    kek.name.is_empty().then_some("name")
}

fn missing_in_dek(dek: &Dek) -> Option<&'static str> {
    dek.subject.is_empty().then_some("subject")
}

impl Client {
    /// Names of the KEKs: `GET /keks`.
    pub async fn keks(&self, deleted: bool) -> Result<Vec<String>, Error> {
        let call = Call::get(KEKS).flag("deleted", deleted);
        self.json(call).await
    }

    /// A KEK by name: `GET /keks/{k}`. `deleted` finds a soft-deleted one too.
    ///
    /// # Errors
    ///
    /// 40470 if there is none.
    pub async fn kek(&self, name: &str, deleted: bool) -> Result<Kek, Error> {
        self.kek_for_subject(name, deleted, "").await
    }

    /// A KEK as seen from the context of a subject, `:.ctx:name`; subjects in
    /// the default context see what [`Client::kek`] sees.
    pub async fn kek_for_subject(
        &self,
        name: &str,
        deleted: bool,
        subject: &str,
    ) -> Result<Kek, Error> {
        let call = Call::get(kek_path(name)?)
            .flag("deleted", deleted)
            .maybe("context", other_than_default(subject));
        self.json_with(call, missing_in_kek).await
    }

    /// Creates a KEK: `POST /keks`. Not repeated once it was sent, except when no
    /// connection came about.
    ///
    /// # Errors
    ///
    /// 40971, a conflict, if it exists, even with the same content; 42271 for an
    /// invalid name or key id.
    pub async fn create_kek(&self, kek: &KekRequest) -> Result<Kek, Error> {
        self.create_kek_for_subject(kek, "").await
    }

    /// Creates a KEK in the context of a subject.
    pub async fn create_kek_for_subject(
        &self,
        kek: &KekRequest,
        subject: &str,
    ) -> Result<Kek, Error> {
        let call = Call::post(KEKS)
            .creating()
            .maybe("context", other_than_default(subject))
            .json(kek)?;
        self.json_with(call, missing_in_kek).await
    }

    /// Changes properties, description and sharing of a KEK: `PUT /keks/{k}`.
    pub async fn update_kek(&self, name: &str, update: &KekUpdate) -> Result<Kek, Error> {
        let call = Call::put(kek_path(name)?).json(update)?;
        self.json_with(call, missing_in_kek).await
    }

    /// Deletes a KEK: `DELETE /keks/{k}`; softly first, then permanently. The
    /// key in the KMS is not touched.
    ///
    /// # Errors
    ///
    /// 42272 while it has DEKs, 40471 if it is to go permanently before softly.
    pub async fn delete_kek(&self, name: &str, permanent: bool) -> Result<(), Error> {
        let call = Call::delete(kek_path(name)?).flag("permanent", permanent);
        self.done(call).await
    }

    /// Takes back the soft deletion of a KEK: `POST /keks/{k}/undelete`.
    pub async fn undelete_kek(&self, name: &str) -> Result<(), Error> {
        let call = Call::post(format!("{}/undelete", kek_path(name)?));
        self.done(call).await
    }

    /// Lets the registry try the KMS key of a shared KEK: `POST /keks/{k}/test`.
    pub async fn test_kek(&self, name: &str) -> Result<Kek, Error> {
        let call = Call::post(format!("{}/test", kek_path(name)?));
        self.json_with(call, missing_in_kek).await
    }

    /// Subjects that have DEKs under a KEK: `GET /keks/{k}/deks`.
    pub async fn dek_subjects(&self, kek: &str, deleted: bool) -> Result<Vec<String>, Error> {
        let call = Call::get(format!("{}/deks", kek_path(kek)?)).flag("deleted", deleted);
        self.json(call).await
    }

    /// Versions of a subject's DEK of one algorithm, ascending:
    /// `GET /keks/{k}/deks/{s}/versions`.
    pub async fn dek_versions(
        &self,
        kek: &str,
        subject: &str,
        algorithm: &str,
        deleted: bool,
    ) -> Result<Vec<i32>, Error> {
        let call = Call::get(format!("{}/versions", deks_path(kek, subject)?))
            .query("algorithm", algorithm)
            .flag("deleted", deleted);
        self.json(call).await
    }

    /// A DEK: `GET /keks/{k}/deks/{s}/versions/{v}`. The algorithm is
    /// `AES128_GCM`, `AES256_GCM` or `AES256_SIV`; keys of different algorithms
    /// are counted separately.
    ///
    /// # Errors
    ///
    /// 40470 if there is none.
    pub async fn dek(
        &self,
        kek: &str,
        subject: &str,
        algorithm: &str,
        version: Version,
        deleted: bool,
    ) -> Result<Dek, Error> {
        let call = Call::get(format!("{}/versions/{version}", deks_path(kek, subject)?))
            .query("algorithm", algorithm)
            .flag("deleted", deleted);
        self.json_with(call, missing_in_dek).await
    }

    /// Creates a DEK: `POST /keks/{k}/deks/{s}`. Not repeated once it was sent,
    /// except when no connection came about.
    ///
    /// The key in the answer is the one to use: the registry makes it for shared
    /// KEKs.
    ///
    /// # Errors
    ///
    /// 40971, a conflict, if the version exists; 42271 if the KEK is not shared
    /// and the key material is missing.
    pub async fn create_dek(&self, kek: &str, dek: &DekRequest) -> Result<Dek, Error> {
        let create = |path| Call::post(path).creating().json(dek);
        let answer = self
            .json_with(create(deks_path(kek, &dek.subject)?)?, missing_in_dek)
            .await;
        match answer {
            // Older servers take the subject from the body only.
            Err(error) if error.status() == Some(405) => {
                let path = format!("{}/deks", kek_path(kek)?);
                self.json_with(create(path)?, missing_in_dek).await
            }
            answer => answer,
        }
    }

    /// Deletes every version of a subject's DEK of one algorithm:
    /// `DELETE /keks/{k}/deks/{s}`; softly first, then permanently. What is
    /// encrypted with them cannot be read any more.
    pub async fn delete_deks(
        &self,
        kek: &str,
        subject: &str,
        algorithm: &str,
        permanent: bool,
    ) -> Result<(), Error> {
        let call = Call::delete(deks_path(kek, subject)?)
            .query("algorithm", algorithm)
            .flag("permanent", permanent);
        self.done(call).await
    }

    /// Deletes one version of a DEK: `DELETE /keks/{k}/deks/{s}/versions/{v}`.
    pub async fn delete_dek(
        &self,
        kek: &str,
        subject: &str,
        algorithm: &str,
        version: Version,
        permanent: bool,
    ) -> Result<(), Error> {
        let call = Call::delete(format!("{}/versions/{version}", deks_path(kek, subject)?))
            .query("algorithm", algorithm)
            .flag("permanent", permanent);
        self.done(call).await
    }

    /// Takes back the soft deletion of every version of a subject's DEK of one
    /// algorithm: `POST /keks/{k}/deks/{s}/undelete`.
    ///
    /// # Errors
    ///
    /// 40472 while the KEK itself is soft-deleted.
    pub async fn undelete_deks(
        &self,
        kek: &str,
        subject: &str,
        algorithm: &str,
    ) -> Result<(), Error> {
        let call = Call::post(format!("{}/undelete", deks_path(kek, subject)?))
            .query("algorithm", algorithm);
        self.done(call).await
    }

    /// Takes back the soft deletion of one version of a DEK:
    /// `POST /keks/{k}/deks/{s}/versions/{v}/undelete`.
    pub async fn undelete_dek(
        &self,
        kek: &str,
        subject: &str,
        algorithm: &str,
        version: Version,
    ) -> Result<(), Error> {
        let path = format!("{}/versions/{version}/undelete", deks_path(kek, subject)?);
        let call = Call::post(path).query("algorithm", algorithm);
        self.done(call).await
    }
}
