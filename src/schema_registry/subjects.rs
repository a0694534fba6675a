//! Calls for subjects and versions: read, register, delete, test compatibility.

use std::collections::BTreeMap;

use super::client::Client;
use super::entities::{Compatibility, Schema, SchemaRequest};
use super::error::Error;
use super::http::call::Call;
use super::http::path;
use super::parameters::{Format, LookupQuery, SubjectsQuery, Version, VersionQuery};

impl Client {
    /// Returns the subjects with an active version in all contexts: `GET /subjects`.
    pub async fn subjects(&self) -> Result<Vec<String>, Error> {
        self.json(Call::get("/subjects")).await
    }

    /// Returns subjects by prefix and state, in pages: `GET /subjects`.
    pub async fn subjects_matching(&self, query: &SubjectsQuery) -> Result<Vec<String>, Error> {
        let call = Call::get("/subjects")
            .maybe("subjectPrefix", query.prefix.as_deref())
            .flag("deleted", query.deleted)
            .flag("deletedOnly", query.deleted_only)
            .page(query.offset, query.limit);
        self.json(call).await
    }

    /// Returns the active versions, ascending: `GET /subjects/{s}/versions`.
    pub async fn versions(&self, subject: &str) -> Result<Vec<i32>, Error> {
        self.versions_including(subject, false).await
    }

    /// Returns the versions of a subject, ascending, optionally with soft-deleted ones.
    pub async fn versions_including(
        &self,
        subject: &str,
        deleted: bool,
    ) -> Result<Vec<i32>, Error> {
        let subject = path::subject(subject)?;
        self.json(Call::get(format!("/subjects/{subject}/versions")).flag("deleted", deleted))
            .await
    }

    /// Returns one version of a subject: `GET /subjects/{s}/versions/{v}`.
    pub async fn version(
        &self,
        subject: &str,
        version: Version,
        query: VersionQuery,
    ) -> Result<Schema, Error> {
        let subject = path::subject(subject)?;
        let call = Call::get(format!("/subjects/{subject}/versions/{version}"))
            .flag("deleted", query.deleted)
            .maybe("format", query.format.parameter());
        self.placed_schema(call).await
    }

    /// Returns the text of a version: `GET /subjects/{s}/versions/{v}/schema`.
    pub async fn version_text(
        &self,
        subject: &str,
        version: Version,
        query: VersionQuery,
    ) -> Result<String, Error> {
        let subject = path::subject(subject)?;
        let call = Call::get(format!("/subjects/{subject}/versions/{version}/schema"))
            .flag("deleted", query.deleted)
            .maybe("format", query.format.parameter());
        self.text(call).await
    }

    /// Returns the newest version whose metadata has all these properties:
    /// `GET /subjects/{s}/metadata`.
    pub async fn latest_with_metadata(
        &self,
        subject: &str,
        properties: &BTreeMap<String, String>,
        format: Format,
    ) -> Result<Schema, Error> {
        let subject = path::subject(subject)?;
        let call =
            Call::get(format!("/subjects/{subject}/metadata")).maybe("format", format.parameter());
        let call = properties.iter().fold(call, |call, (key, value)| {
            call.query("key", key).query("value", value)
        });
        self.placed_schema(call).await
    }

    /// Returns the ids of the schemas that reference this version:
    /// `GET /subjects/{s}/versions/{v}/referencedby`.
    pub async fn referenced_by(&self, subject: &str, version: Version) -> Result<Vec<i32>, Error> {
        let subject = path::subject(subject)?;
        self.json(Call::get(format!(
            "/subjects/{subject}/versions/{version}/referencedby"
        )))
        .await
    }

    /// Registers a schema, or finds it if the subject has it already:
    /// `POST /subjects/{s}/versions`.
    ///
    /// Older registries return only the id; see [`Client::register_with_version`].
    pub async fn register(
        &self,
        subject: &str,
        schema: &SchemaRequest,
        normalize: bool,
    ) -> Result<Schema, Error> {
        let subject = path::subject(subject)?;
        let call = Call::post(format!("/subjects/{subject}/versions"))
            .flag("normalize", normalize)
            .json(schema)?;
        self.json_with(call, |schema: &Schema| schema.id.is_none().then_some("id"))
            .await
    }

    /// Registers a schema and always returns its version. If the registry returns
    /// only the id (Confluent up to 7.9, other vendors), this also calls
    /// [`Client::lookup`].
    pub async fn register_with_version(
        &self,
        subject: &str,
        schema: &SchemaRequest,
        normalize: bool,
    ) -> Result<Schema, Error> {
        let registered = self.register(subject, schema, normalize).await?;
        if registered.version.is_some() {
            return Ok(registered);
        }
        let query = LookupQuery::default().normalize(normalize);
        self.lookup(subject, schema, query).await
    }

    /// Finds a schema in a subject: `POST /subjects/{s}`.
    ///
    /// # Errors
    ///
    /// Fails with 40401 if the subject does not exist, and with 40403 if it does
    /// not have the schema.
    pub async fn lookup(
        &self,
        subject: &str,
        schema: &SchemaRequest,
        query: LookupQuery,
    ) -> Result<Schema, Error> {
        let subject = path::subject(subject)?;
        let call = Call::post(format!("/subjects/{subject}"))
            .flag("normalize", query.normalize)
            .flag("deleted", query.deleted)
            .maybe("format", query.format.parameter())
            .json(schema)?;
        self.placed_schema(call).await
    }

    /// Deletes one version and returns its number:
    /// `DELETE /subjects/{s}/versions/{v}`. A version must be soft-deleted before
    /// it can be deleted permanently, which cannot be undone.
    ///
    /// # Errors
    ///
    /// Fails with 42206 while another schema references it.
    pub async fn delete_version(
        &self,
        subject: &str,
        version: Version,
        permanent: bool,
    ) -> Result<i32, Error> {
        let subject = path::subject(subject)?;
        let call = Call::delete(format!("/subjects/{subject}/versions/{version}"))
            .flag("permanent", permanent);
        self.json(call).await
    }

    /// Soft-deletes all versions of a subject and returns their numbers:
    /// `DELETE /subjects/{s}`. Their schemas can still be read by id.
    ///
    /// # Errors
    ///
    /// Fails with 42206 while a schema of another subject references one of them.
    pub async fn delete_subject(&self, subject: &str) -> Result<Vec<i32>, Error> {
        let subject = path::subject(subject)?;
        self.json(Call::delete(format!("/subjects/{subject}")))
            .await
    }

    /// Permanently deletes a soft-deleted subject and returns its versions:
    /// `DELETE /subjects/{s}?permanent=true`. Records of its schemas can then no
    /// longer be read.
    pub async fn delete_subject_permanent(&self, subject: &str) -> Result<Vec<i32>, Error> {
        let subject = path::subject(subject)?;
        self.json(Call::delete(format!("/subjects/{subject}")).flag("permanent", true))
            .await
    }

    /// Tests whether a schema is compatible with one version:
    /// `POST /compatibility/subjects/{s}/versions/{v}`.
    pub async fn test_compatibility(
        &self,
        subject: &str,
        version: Version,
        schema: &SchemaRequest,
    ) -> Result<Compatibility, Error> {
        let subject = path::subject(subject)?;
        let call = Call::post(format!(
            "/compatibility/subjects/{subject}/versions/{version}"
        ));
        self.json(call.flag("verbose", true).json(schema)?).await
    }

    /// Tests whether a schema is compatible under the subject's level:
    /// `POST /compatibility/subjects/{s}/versions`. Any schema is compatible with a
    /// subject that does not exist.
    pub async fn test_compatibility_with_all(
        &self,
        subject: &str,
        schema: &SchemaRequest,
    ) -> Result<Compatibility, Error> {
        let subject = path::subject(subject)?;
        let call = Call::post(format!("/compatibility/subjects/{subject}/versions"));
        self.json(call.flag("verbose", true).json(schema)?).await
    }
}
