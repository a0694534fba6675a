//! Calls for the DEK Registry: key encryption keys and data encryption keys.
//!
//! With a registry that has no DEK Registry, every call here returns
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
    /// Returns the names of the KEKs: `GET /keks`.
    pub async fn keks(&self, deleted: bool) -> Result<Vec<String>, Error> {
        let call = Call::get(KEKS).flag("deleted", deleted);
        self.json(call).await
    }

    /// Returns a KEK by name: `GET /keks/{k}`. `deleted` includes soft-deleted ones.
    ///
    /// # Errors
    ///
    /// Fails with 40470 if there is none.
    pub async fn kek(&self, name: &str, deleted: bool) -> Result<Kek, Error> {
        self.kek_for_subject(name, deleted, "").await
    }

    /// Returns a KEK from the context of a subject, `:.ctx:name`. For a subject in
    /// the default context this is the same as [`Client::kek`].
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

    /// Creates a KEK: `POST /keks`. Retried only if no connection was made,
    /// because a sent request may have succeeded.
    ///
    /// # Errors
    ///
    /// Fails with 40971 (a conflict) if it exists, even with the same content,
    /// and with 42271 for an invalid name or key id.
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

    /// Deletes a KEK, first softly, then permanently: `DELETE /keks/{k}`. Does
    /// not delete the key in the KMS.
    ///
    /// # Errors
    ///
    /// Fails with 42272 while the KEK has DEKs, and with 40471 if it is to be
    /// deleted permanently but is not soft-deleted.
    pub async fn delete_kek(&self, name: &str, permanent: bool) -> Result<(), Error> {
        let call = Call::delete(kek_path(name)?).flag("permanent", permanent);
        self.done(call).await
    }

    /// Undoes the soft deletion of a KEK: `POST /keks/{k}/undelete`.
    pub async fn undelete_kek(&self, name: &str) -> Result<(), Error> {
        let call = Call::post(format!("{}/undelete", kek_path(name)?));
        self.done(call).await
    }

    /// Lets the registry test the KMS key of a shared KEK: `POST /keks/{k}/test`.
    pub async fn test_kek(&self, name: &str) -> Result<Kek, Error> {
        let call = Call::post(format!("{}/test", kek_path(name)?));
        self.json_with(call, missing_in_kek).await
    }

    /// Returns the subjects that have DEKs under a KEK: `GET /keks/{k}/deks`.
    pub async fn dek_subjects(&self, kek: &str, deleted: bool) -> Result<Vec<String>, Error> {
        let call = Call::get(format!("{}/deks", kek_path(kek)?)).flag("deleted", deleted);
        self.json(call).await
    }

    /// Returns the versions of a subject's DEK of one algorithm, ascending:
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

    /// Returns a DEK: `GET /keks/{k}/deks/{s}/versions/{v}`. The algorithm is
    /// `AES128_GCM`, `AES256_GCM` or `AES256_SIV`; each has its own versions.
    ///
    /// # Errors
    ///
    /// Fails with 40470 if there is none.
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

    /// Creates a DEK: `POST /keks/{k}/deks/{s}`. Retried only if no connection was
    /// made, because a sent request may have succeeded.
    ///
    /// Use the key in the answer: for shared KEKs the registry creates it.
    ///
    /// # Errors
    ///
    /// Fails with 40971 (a conflict) if the version exists, and with 42271 if the
    /// KEK is not shared and the key material is missing.
    pub async fn create_dek(&self, kek: &str, dek: &DekRequest) -> Result<Dek, Error> {
        let create = |path| Call::post(path).creating().json(dek);
        let answer = self
            .json_with(create(deks_path(kek, &dek.subject)?)?, missing_in_dek)
            .await;
        match answer {
            // Older servers accept the subject in the body only.
            Err(error) if error.status() == Some(405) => {
                let path = format!("{}/deks", kek_path(kek)?);
                self.json_with(create(path)?, missing_in_dek).await
            }
            answer => answer,
        }
    }

    /// Deletes all versions of a subject's DEK of one algorithm, first softly,
    /// then permanently: `DELETE /keks/{k}/deks/{s}`. Data encrypted with them
    /// can then no longer be read.
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

    /// Undoes the soft deletion of all versions of a subject's DEK of one
    /// algorithm: `POST /keks/{k}/deks/{s}/undelete`.
    ///
    /// # Errors
    ///
    /// Fails with 40472 while the KEK itself is soft-deleted.
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

    /// Undoes the soft deletion of one version of a DEK:
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
