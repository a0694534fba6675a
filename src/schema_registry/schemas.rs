//! Calls for schemas by id and GUID.

use super::client::Client;
use super::entities::{Schema, SchemaLocation, SubjectVersion};
use super::error::Error;
use super::http::call::Call;
use super::parameters::{Format, SchemasQuery};
use crate::wire_format::{SchemaGuid, SchemaId};

impl Client {
    /// Returns the schema types that the registry supports: `GET /schemas/types`.
    ///
    /// # Errors
    ///
    /// Fails like every call; see [`Error`].
    pub async fn types(&self) -> Result<Vec<String>, Error> {
        self.json(Call::get("/schemas/types")).await
    }

    /// Returns schema versions of many subjects: `GET /schemas`.
    pub async fn schemas(&self, query: &SchemasQuery) -> Result<Vec<Schema>, Error> {
        let call = Call::get("/schemas")
            .maybe("subjectPrefix", query.prefix.as_deref())
            .flag("deleted", query.deleted)
            .flag("latestOnly", query.latest_only)
            .page(query.offset, query.limit);
        self.json(call).await
    }

    /// Returns the schema with this id: `GET /schemas/ids/{id}`.
    ///
    /// Ids are unique within a context. `subject` selects the context, and the
    /// subject that the answer names if several have the schema.
    pub async fn schema_by_id(
        &self,
        id: SchemaId,
        subject: Option<&str>,
        format: Format,
    ) -> Result<Schema, Error> {
        let call = Call::get(format!("/schemas/ids/{id}"))
            .maybe("subject", subject)
            .maybe("format", format.parameter());
        let mut schema = self.schema(call).await?;
        schema.id.get_or_insert_with(|| id.0.cast_signed());
        Ok(schema)
    }

    /// Returns the text of the schema with this id: `GET /schemas/ids/{id}/schema`.
    pub async fn schema_text_by_id(
        &self,
        id: SchemaId,
        subject: Option<&str>,
        format: Format,
    ) -> Result<String, Error> {
        let call = Call::get(format!("/schemas/ids/{id}/schema"))
            .maybe("subject", subject)
            .maybe("format", format.parameter());
        self.text(call).await
    }

    /// Returns the schema with this GUID: `GET /schemas/guids/{guid}`. Registries
    /// before 2025 answer 404.
    pub async fn schema_by_guid(&self, guid: &SchemaGuid, format: Format) -> Result<Schema, Error> {
        let call = Call::get(format!("/schemas/guids/{guid}")).maybe("format", format.parameter());
        self.schema(call).await
    }

    /// Returns the contexts and ids of the schema with this GUID:
    /// `GET /schemas/guids/{guid}/ids`. Empty if there are none.
    pub async fn ids_for_guid(&self, guid: &SchemaGuid) -> Result<Vec<SchemaLocation>, Error> {
        self.json(Call::get(format!("/schemas/guids/{guid}/ids")))
            .await
    }

    /// Returns the subjects and versions that have the schema with this id:
    /// `GET /schemas/ids/{id}/versions`.
    pub async fn versions_for_schema(&self, id: SchemaId) -> Result<Vec<SubjectVersion>, Error> {
        self.json(Call::get(format!("/schemas/ids/{id}/versions")))
            .await
    }

    /// Returns the subjects that have the schema with this id:
    /// `GET /schemas/ids/{id}/subjects`.
    pub async fn subjects_for_schema(
        &self,
        id: SchemaId,
        deleted: bool,
    ) -> Result<Vec<String>, Error> {
        self.json(Call::get(format!("/schemas/ids/{id}/subjects")).flag("deleted", deleted))
            .await
    }
}
