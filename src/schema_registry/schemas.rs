//! Schemas by id and GUID.

use super::client::Client;
use super::entities::{Schema, SchemaLocation, SubjectVersion};
use super::error::Error;
use super::http::call::Call;
use super::parameters::{Format, SchemasQuery};
use crate::wire_format::{SchemaGuid, SchemaId};

impl Client {
    /// Schema types that the registry supports: `GET /schemas/types`.
    ///
    /// # Errors
    ///
    /// See [`Error`]; as every call here.
    pub async fn types(&self) -> Result<Vec<String>, Error> {
        self.json(Call::get("/schemas/types")).await
    }

    /// Schema versions of many subjects at once: `GET /schemas`.
    pub async fn schemas(&self, query: &SchemasQuery) -> Result<Vec<Schema>, Error> {
        let call = Call::get("/schemas")
            .maybe("subjectPrefix", query.prefix.as_deref())
            .flag("deleted", query.deleted)
            .flag("latestOnly", query.latest_only)
            .page(query.offset, query.limit);
        self.json(call).await
    }

    /// The schema with this id: `GET /schemas/ids/{id}`.
    ///
    /// Ids are unique within a context only; `subject` says which context, and
    /// which of several places the answer should name.
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

    /// The bare text of the schema with this id: `GET /schemas/ids/{id}/schema`.
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

    /// The schema with this GUID: `GET /schemas/guids/{guid}`. Registries of
    /// before 2025 answer 404.
    pub async fn schema_by_guid(&self, guid: &SchemaGuid, format: Format) -> Result<Schema, Error> {
        let call = Call::get(format!("/schemas/guids/{guid}")).maybe("format", format.parameter());
        self.schema(call).await
    }

    /// Contexts and ids under which the schema with this GUID is registered:
    /// `GET /schemas/guids/{guid}/ids`. Empty if there are none.
    pub async fn ids_for_guid(&self, guid: &SchemaGuid) -> Result<Vec<SchemaLocation>, Error> {
        self.json(Call::get(format!("/schemas/guids/{guid}/ids")))
            .await
    }

    /// Subjects and versions that have the schema with this id:
    /// `GET /schemas/ids/{id}/versions`.
    pub async fn versions_for_schema(&self, id: SchemaId) -> Result<Vec<SubjectVersion>, Error> {
        self.json(Call::get(format!("/schemas/ids/{id}/versions")))
            .await
    }

    /// Subjects that have the schema with this id:
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
