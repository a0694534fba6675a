//! Subjects and their versions: reading, registering, deleting, and testing for
//! compatibility.

use std::collections::BTreeMap;

use super::client::Client;
use super::entities::{Compatibility, Schema, SchemaRequest};
use super::error::Error;
use super::http::call::Call;
use super::http::path;
use super::parameters::{Format, LookupQuery, SubjectsQuery, Version, VersionQuery};

impl Client {
    /// Every subject with an active version, in all contexts: `GET /subjects`.
    pub async fn subjects(&self) -> Result<Vec<String>, Error> {
        self.json(Call::get("/subjects")).await
    }

    /// Subjects by prefix and state, page by page: `GET /subjects`.
    pub async fn subjects_matching(&self, query: &SubjectsQuery) -> Result<Vec<String>, Error> {
        let call = Call::get("/subjects")
            .maybe("subjectPrefix", query.prefix.as_deref())
            .flag("deleted", query.deleted)
            .flag("deletedOnly", query.deleted_only)
            .page(query.offset, query.limit);
        self.json(call).await
    }

    /// Active versions of a subject, ascending: `GET /subjects/{s}/versions`.
    pub async fn versions(&self, subject: &str) -> Result<Vec<i32>, Error> {
        self.versions_including(subject, false).await
    }

    /// Versions of a subject, ascending, soft-deleted ones too if so asked.
    pub async fn versions_including(
        &self,
        subject: &str,
        deleted: bool,
    ) -> Result<Vec<i32>, Error> {
        let subject = path::subject(subject)?;
        self.json(Call::get(format!("/subjects/{subject}/versions")).flag("deleted", deleted))
            .await
    }

    /// One version of a subject: `GET /subjects/{s}/versions/{v}`.
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

    /// The bare text of a version: `GET /subjects/{s}/versions/{v}/schema`.
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

    /// The newest version whose metadata has all these properties:
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

    /// Ids of the schemas that reference this version:
    /// `GET /subjects/{s}/versions/{v}/referencedby`.
    pub async fn referenced_by(&self, subject: &str, version: Version) -> Result<Vec<i32>, Error> {
        let subject = path::subject(subject)?;
        self.json(Call::get(format!(
            "/subjects/{subject}/versions/{version}/referencedby"
        )))
        .await
    }

    /// Registers a schema: `POST /subjects/{s}/versions`. One that the subject
    /// has already is found, not added.
    ///
    /// The answer always has the id; everything else, the version included, only
    /// from newer registries: see [`Client::register_with_version`].
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

    /// Registers a schema and tells its version in any case: registries that
    /// answer with the id alone (Confluent up to 7.9, other vendors) are asked
    /// again by [`Client::lookup`].
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
    /// 40401 if there is no such subject, 40403 if it does not have the schema.
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
    /// `DELETE /subjects/{s}/versions/{v}`. Permanent deletion comes after soft
    /// deletion and cannot be undone.
    ///
    /// # Errors
    ///
    /// 42206 while another schema references it.
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

    /// Soft-deletes every version of a subject and returns their numbers:
    /// `DELETE /subjects/{s}`. Registered ids stay readable.
    ///
    /// # Errors
    ///
    /// 42206 while a schema of another subject references one of them.
    pub async fn delete_subject(&self, subject: &str) -> Result<Vec<i32>, Error> {
        let subject = path::subject(subject)?;
        self.json(Call::delete(format!("/subjects/{subject}")))
            .await
    }

    /// Deletes a soft-deleted subject for good and returns the versions:
    /// `DELETE /subjects/{s}?permanent=true`. Records written with its schemas
    /// cannot be read any more.
    pub async fn delete_subject_permanent(&self, subject: &str) -> Result<Vec<i32>, Error> {
        let subject = path::subject(subject)?;
        self.json(Call::delete(format!("/subjects/{subject}")).flag("permanent", true))
            .await
    }

    /// Returns whether a schema could be registered as far as one version goes,
    /// and the reasons if not: `POST /compatibility/subjects/{s}/versions/{v}`.
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

    /// Returns whether a schema could be registered, at the subject's level,
    /// and the reasons if not: `POST /compatibility/subjects/{s}/versions`.
    /// Anything is compatible with a subject that does not exist.
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
