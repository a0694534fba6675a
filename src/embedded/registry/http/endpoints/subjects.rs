//! Endpoints for subjects and their versions: read, look up, register, delete.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::State;
use axum::routing::get;

use crate::schema_registry::entities::Schema;

use super::schemas::{has_prefix, text_of};
use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::http::blocking::off_the_worker;
use crate::embedded::registry::http::json::{Json, Path, RawText};
use crate::embedded::registry::http::query::Query;
use crate::embedded::registry::http::schema_response;
use crate::embedded::registry::http::state::SharedState;
use crate::embedded::registry::rules::deadline::Deadline;
use crate::embedded::registry::rules::deletion;
use crate::embedded::registry::rules::format::SchemaFormat;
use crate::embedded::registry::rules::lookup;
use crate::embedded::registry::rules::registration::{self, RegisterOptions};
use crate::embedded::registry::rules::requested_schema::SchemaBody;
use crate::embedded::registry::rules::version_id::VersionId;
use crate::embedded::registry::store::subject::{ANY_CONTEXT, Subject};
use crate::embedded::registry::store::{Data, SchemaVersion, Versions};

pub(crate) fn routes() -> Router<SharedState> {
    Router::new()
        .route("/subjects", get(list))
        .route(
            "/subjects/{subject}",
            axum::routing::post(look_up).delete(delete_subject),
        )
        .route("/subjects/{subject}/metadata", get(latest_with_metadata))
        .route("/subjects/{subject}/versions", get(versions).post(register))
        .route(
            "/subjects/{subject}/versions/{version}",
            get(version).delete(delete_version),
        )
        .route("/subjects/{subject}/versions/{version}/schema", get(text))
        .route(
            "/subjects/{subject}/versions/{version}/referencedby",
            get(referenced_by),
        )
}

async fn list(
    State(state): State<SharedState>,
    query: Query,
) -> Result<Json<Vec<String>>, ApiError> {
    // It reads every subject.
    off_the_worker(true, move || listed(&state, &query)).await
}

fn listed(state: &SharedState, query: &Query) -> Result<Json<Vec<String>>, ApiError> {
    let page = query.page(usize::MAX)?;
    let prefix = query.get("subjectPrefix").unwrap_or(ANY_CONTEXT);
    let only_deleted = query.flag("deletedOnly");
    let with_deleted = query.flag("deleted");
    let included = |versions: &Versions| match versions.latest() {
        Some(_) => !only_deleted,
        None => only_deleted || with_deleted,
    };
    let mut names: Vec<String> = {
        let data = state.store.read();
        data.subjects()
            .filter(|(_, versions)| included(versions))
            .map(|(subject, _)| (subject.to_string(), subject))
            .filter(|(shown, subject)| has_prefix(subject, shown, prefix))
            .map(|(shown, _)| shown)
            .collect()
    };
    names.sort();
    Ok(Json(page.of(names)))
}

async fn versions(
    State(state): State<SharedState>,
    Path(subject): Path<Subject>,
    query: Query,
) -> Result<Json<Vec<i32>>, ApiError> {
    let page = query.page(usize::MAX)?;
    let only_deleted = query.flag("deletedOnly");
    let with_deleted = query.flag("deleted");
    let data = state.store.read();
    if !data.has_versions(&subject, with_deleted || only_deleted) {
        return Err(ApiError::subject_not_found(&subject.to_string()));
    }
    let all = data.versions(&subject).into_iter().flat_map(Versions::all);
    if query.flag("deletedAsNegative") {
        let signed = all.map(|version| match version.deleted {
            true => version.number.saturating_neg(),
            false => version.number,
        });
        return Ok(Json(page.of(signed)));
    }
    let included = all.filter(|version| match version.deleted {
        true => with_deleted || only_deleted,
        false => !only_deleted,
    });
    Ok(Json(page.of(included.map(|version| version.number))))
}

/// Finds a version. A plain name is searched in every context.
fn locate(
    data: &Data,
    subject: &Subject,
    wanted: VersionId,
    with_deleted: bool,
) -> Result<(Subject, SchemaVersion), ApiError> {
    let in_subject = |subject: Subject| {
        let version = wanted.of(data.versions(&subject)?, with_deleted)?.clone();
        Some((subject, version))
    };
    let mut found = in_subject(subject.clone());
    if found.is_none() && subject.is_in_default_context() {
        found = data
            .contexts()
            .map(|(context, _)| Subject::new(context, &subject.name))
            .find_map(in_subject);
    }
    found.ok_or_else(|| {
        if data.has_versions(subject, with_deleted) {
            ApiError::version_not_found(wanted.0)
        } else {
            ApiError::subject_not_found(&subject.to_string())
        }
    })
}

async fn version(
    State(state): State<SharedState>,
    Path((subject, version)): Path<(Subject, String)>,
    query: Query,
) -> Result<Json<Schema>, ApiError> {
    let wanted = VersionId::parse(&version)?;
    let (subject, version) = locate(&state.store.read(), &subject, wanted, query.flag("deleted"))?;
    let format = SchemaFormat::parse(query.get("format"));
    let qualified = query.get("referenceFormat") == Some("qualified");
    off_the_worker(format.parses(&version.content), move || {
        let mut schema = schema_response::of_version(&state.store, &subject, &version, format)?;
        if qualified {
            schema_response::qualify(&subject, &mut schema.references);
        }
        Ok(Json(schema))
    })
    .await
}

async fn text(
    State(state): State<SharedState>,
    Path((subject, version)): Path<(Subject, String)>,
    query: Query,
) -> Result<RawText, ApiError> {
    let wanted = VersionId::parse(&version)?;
    let (subject, version) = locate(&state.store.read(), &subject, wanted, query.flag("deleted"))?;
    text_of(state, subject, version, &query).await
}

async fn referenced_by(
    State(state): State<SharedState>,
    Path((subject, version)): Path<(Subject, String)>,
    query: Query,
) -> Result<Json<Vec<i32>>, ApiError> {
    let page = query.page(usize::MAX)?;
    let wanted = VersionId::parse(&version)?;
    let data = state.store.read();
    // The target may always be soft-deleted; the parameter is about the
    // referring schemas.
    let (subject, version) = locate(&data, &subject, wanted, true)?;
    let mut ids: Vec<i32> = data
        .referrers(&subject, version.number, query.flag("deleted"))
        .map(|(_, referring)| referring.id)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(Json(page.of(ids)))
}

async fn latest_with_metadata(
    State(state): State<SharedState>,
    Path(subject): Path<Subject>,
    query: Query,
) -> Result<Json<Schema>, ApiError> {
    let with_deleted = query.flag("deleted");
    let wanted: BTreeMap<&str, &str> = query.all("key").zip(query.all("value")).collect();
    let has_all = |version: &&SchemaVersion| {
        version.content.metadata.as_ref().is_some_and(|metadata| {
            let properties = &metadata.properties;
            wanted
                .iter()
                .all(|(key, value)| properties.get(*key).is_some_and(|found| found == value))
        })
    };
    let found = {
        let data = state.store.read();
        let versions = data.versions(&subject).into_iter().flat_map(Versions::all);
        let newest_first = versions.rev().filter(|v| with_deleted || !v.deleted);
        match { newest_first }.find(has_all).cloned() {
            Some(version) => version,
            None if data.has_versions(&subject, with_deleted) => {
                return Err(ApiError::schema_not_found());
            }
            None => return Err(ApiError::subject_not_found(&subject.to_string())),
        }
    };
    let format = SchemaFormat::parse(query.get("format"));
    let parses = format.parses(&found.content);
    off_the_worker(parses, move || {
        schema_response::of_version(&state.store, &subject, &found, format).map(Json)
    })
    .await
}

async fn look_up(
    State(state): State<SharedState>,
    Path(subject): Path<Subject>,
    query: Query,
    Json(body): Json<SchemaBody>,
) -> Result<Json<Schema>, ApiError> {
    let request = body.into_request()?;
    let normalize = query.flag("normalize");
    let with_deleted = query.flag("deleted");
    let format = SchemaFormat::parse(query.get("format"));
    let deadline = Deadline::after(state.request_timeout);
    off_the_worker(true, move || {
        deadline.check()?;
        let store = &state.store;
        let found = lookup::look_up(store, &subject, &request, normalize, with_deleted, deadline)?;
        schema_response::of_lookup(store, &found, format).map(Json)
    })
    .await
}

async fn register(
    State(state): State<SharedState>,
    Path(subject): Path<Subject>,
    query: Query,
    Json(body): Json<SchemaBody>,
) -> Result<Json<Schema>, ApiError> {
    let request = body.into_request()?;
    let options = RegisterOptions {
        normalize: query.flag("normalize"),
        force: query.flag("force"),
        deadline: Deadline::after(state.request_timeout),
    };
    let format = SchemaFormat::parse(query.get("format"));
    let turn = state.store.writing(&subject).await;
    off_the_worker(true, move || {
        options.deadline.check()?;
        let registered = registration::register(&state.store, &subject, request, options);
        drop(turn);
        schema_response::of_registration(&state.store, &registered?, format).map(Json)
    })
    .await
}

async fn delete_subject(
    State(state): State<SharedState>,
    Path(subject): Path<Subject>,
    query: Query,
) -> Result<Json<Vec<i32>>, ApiError> {
    let _turn = state.store.writing(&subject).await;
    let mut data = state.store.write();
    deletion::subject(&mut data, &subject, query.flag("permanent")).map(Json)
}

async fn delete_version(
    State(state): State<SharedState>,
    Path((subject, version)): Path<(Subject, String)>,
    query: Query,
) -> Result<Json<i32>, ApiError> {
    let VersionId(number) = VersionId::parse(&version)?;
    let _turn = state.store.writing(&subject).await;
    let mut data = state.store.write();
    deletion::version(&mut data, &subject, number, query.flag("permanent")).map(Json)
}
