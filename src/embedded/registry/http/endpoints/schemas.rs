//! Endpoints for schemas by id and by GUID, and for the list of all schemas.

use std::collections::HashMap;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Serialize;

use crate::schema_registry::entities::{Schema, SubjectVersion};
use crate::wire_format::SchemaGuid;

use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::http::blocking::off_the_worker;
use crate::embedded::registry::http::json::{Json, Path, RawText};
use crate::embedded::registry::http::query::Query;
use crate::embedded::registry::http::schema_response::{self, WithAliases, WithMaxId};
use crate::embedded::registry::http::state::SharedState;
use crate::embedded::registry::rules::format::SchemaFormat;
use crate::embedded::registry::rules::rule_set;
use crate::embedded::registry::store::subject::{ANY_CONTEXT, DEFAULT_CONTEXT, Subject};
use crate::embedded::registry::store::{Data, SchemaVersion, Scope};

/// Maximum number of schemas in one answer.
const MAX_SCHEMAS: usize = 1000;

pub(crate) fn routes() -> Router<SharedState> {
    Router::new()
        .route("/schemas", get(list))
        .route("/schemas/ids/{id}", get(by_id))
        .route("/schemas/ids/{id}/schema", get(text_by_id))
        .route("/schemas/ids/{id}/subjects", get(subjects_of_id))
        .route("/schemas/ids/{id}/versions", get(versions_of_id))
        .route("/schemas/guids/{guid}", get(by_guid))
        .route("/schemas/guids/{guid}/ids", get(ids_of_guid))
}

async fn list(
    State(state): State<SharedState>,
    query: Query,
) -> Result<Json<Vec<WithAliases>>, ApiError> {
    // It reads the whole store.
    off_the_worker(true, move || listed(&state, &query)).await
}

fn listed(state: &SharedState, query: &Query) -> Result<Json<Vec<WithAliases>>, ApiError> {
    let page = query.page(MAX_SCHEMAS)?;
    let prefix = query.get("subjectPrefix").unwrap_or_default();
    let with_deleted = query.flag("deleted");
    let latest_only = query.flag("latestOnly");
    let rule_type = query.get("ruleType").filter(|text| !text.is_empty());

    let data = state.store.read();
    let mut found: Vec<(String, Subject, SchemaVersion)> = Vec::new();
    for (subject, versions) in data.subjects() {
        let shown = subject.to_string();
        if !has_prefix(&subject, &shown, prefix) {
            continue;
        }
        let mut included: Vec<&SchemaVersion> = versions
            .all()
            .filter(|version| with_deleted || !version.deleted)
            .collect();
        if latest_only {
            included.drain(..included.len().saturating_sub(1));
        }
        let wanted = included.into_iter().filter(|version| {
            rule_type.is_none_or(|rule_type| {
                let rules = version.content.rule_set.as_ref();
                rules.is_some_and(|rules| rule_set::has_type(rules, rule_type))
            })
        });
        found.extend(wanted.map(|version| (shown.clone(), subject.clone(), version.clone())));
    }
    let aliases = if query.flag("aliases") {
        aliases(&data)
    } else {
        HashMap::new()
    };
    drop(data);
    found.sort_by(|a, b| (&a.0, a.2.number).cmp(&(&b.0, b.2.number)));
    let shown = page.of(found).into_iter().map(|(shown, subject, version)| {
        let names = aliases.get(&shown).cloned();
        Ok(WithAliases {
            schema: schema_response::of_version(
                &state.store,
                &subject,
                &version,
                SchemaFormat::Stored,
            )?,
            aliases: names.unwrap_or_default(),
        })
    });
    shown.collect::<Result<Vec<_>, _>>().map(Json)
}

/// Returns whether a subject has the prefix. `:*:` matches any context.
pub(crate) fn has_prefix(subject: &Subject, shown: &str, prefix: &str) -> bool {
    match prefix.strip_prefix(ANY_CONTEXT) {
        Some(prefix) => subject.name.starts_with(prefix),
        None => shown.starts_with(prefix),
    }
}

/// Returns subjects with their aliases, sorted.
fn aliases(data: &Data) -> HashMap<String, Vec<String>> {
    let mut found: HashMap<String, Vec<String>> = HashMap::new();
    for (scope, config) in data.configs() {
        if let Scope::Subject(alias) = scope
            && let Some(target) = config.alias.as_deref().filter(|text| !text.is_empty())
        {
            let target = alias.sibling(target).to_string();
            found.entry(target).or_default().push(alias.to_string());
        }
    }
    found.values_mut().for_each(|names| names.sort());
    found
}

/// Finds a version that uses an id; the `subject` parameter says where to look.
fn locate(data: &Data, id: i32, hint: Option<&str>) -> Option<(Subject, SchemaVersion)> {
    let in_context = |context: &str, name: Option<&str>| {
        let uses = data.context(context)?.uses(id);
        let mut uses: Vec<_> = uses
            .into_iter()
            .filter(|(subject, _)| name.is_none_or(|name| *subject == name))
            .collect();
        // Active versions come first.
        uses.sort_by_key(|(_, version)| version.deleted);
        let (name, version) = uses.first()?;
        Some((Subject::new(context, name), (*version).clone()))
    };
    let hint = Subject::parse(hint.unwrap_or_default());
    if hint.is_context() {
        return in_context(&hint.context, None);
    }
    let exactly = in_context(&hint.context, Some(&hint.name));
    if exactly.is_some() || !hint.is_in_default_context() {
        return exactly;
    }
    data.contexts()
        .find_map(|(context, _)| in_context(context, Some(&hint.name)))
        .or_else(|| in_context(DEFAULT_CONTEXT, None))
}

async fn by_id(
    State(state): State<SharedState>,
    Path(id): Path<i32>,
    query: Query,
) -> Result<Json<WithMaxId>, ApiError> {
    let hint = query.get("subject").map(str::to_owned);
    let format = SchemaFormat::parse(query.get("format"));
    let (found, max_id) = {
        let data = state.store.read();
        let found = locate(&data, id, hint.as_deref());
        let context = found.as_ref().map(|(subject, _)| &subject.context);
        let max_id = context
            .filter(|_| query.flag("fetchMaxId"))
            .and_then(|context| data.context(context))
            .map(|context| context.highest_id());
        (found, max_id)
    };
    let (subject, version) = found.ok_or_else(|| ApiError::schema_key_not_found(id))?;
    let with_place = hint.is_some();
    let qualified = query.get("referenceFormat") == Some("qualified");
    let parses = format.parses(&version.content);
    off_the_worker(parses, move || {
        let mut schema =
            schema_response::by_id(&state.store, &subject, &version, format, with_place)?;
        if qualified {
            schema_response::qualify(&subject, &mut schema.references);
        }
        Ok(Json(WithMaxId { schema, max_id }))
    })
    .await
}

async fn text_by_id(
    State(state): State<SharedState>,
    Path(id): Path<i32>,
    query: Query,
) -> Result<RawText, ApiError> {
    let found = locate(&state.store.read(), id, query.get("subject"));
    let (subject, version) = found.ok_or_else(|| ApiError::schema_key_not_found(id))?;
    text_of(state, subject, version, &query).await
}

/// Returns the text of a version in the format asked for.
pub(crate) async fn text_of(
    state: SharedState,
    subject: Subject,
    version: SchemaVersion,
    query: &Query,
) -> Result<RawText, ApiError> {
    let format = SchemaFormat::parse(query.get("format"));
    off_the_worker(format.parses(&version.content), move || {
        format
            .of(&state.store, &subject, &version.content)
            .map(RawText)
    })
    .await
}

/// Returns one version per subject that uses the id, in the context where the
/// id was found.
fn uses(data: &Data, id: i32, query: &Query) -> Result<Vec<SubjectVersion>, ApiError> {
    let (found, _) =
        locate(data, id, query.get("subject")).ok_or_else(ApiError::schema_not_found)?;
    let context = data.context(&found.context);
    let uses = context.map(|context| context.uses(id)).unwrap_or_default();
    let with_deleted = query.flag("deleted");
    Ok(uses
        .into_iter()
        .filter(|(_, version)| with_deleted || !version.deleted)
        .map(|(name, version)| SubjectVersion {
            subject: Subject::new(&found.context, name).to_string(),
            version: version.number,
        })
        .collect())
}

async fn subjects_of_id(
    State(state): State<SharedState>,
    Path(id): Path<i32>,
    query: Query,
) -> Result<Json<Vec<String>>, ApiError> {
    let page = query.page(usize::MAX)?;
    let uses = uses(&state.store.read(), id, &query)?;
    Ok(Json(page.of(uses.into_iter().map(|used| used.subject))))
}

async fn versions_of_id(
    State(state): State<SharedState>,
    Path(id): Path<i32>,
    query: Query,
) -> Result<Json<Vec<SubjectVersion>>, ApiError> {
    let page = query.page(usize::MAX)?;
    let uses = uses(&state.store.read(), id, &query)?;
    Ok(Json(page.of(uses)))
}

/// Returns the id of the schema with this GUID in each context that has it.
fn ids(data: &Data, guid: &str) -> Vec<(String, i32)> {
    let Ok(guid) = guid.parse::<SchemaGuid>() else {
        return Vec::new();
    };
    data.contexts()
        .filter_map(|(name, context)| Some((name.to_owned(), context.id_of(&guid)?)))
        .collect()
}

async fn by_guid(
    State(state): State<SharedState>,
    Path(guid): Path<String>,
    query: Query,
) -> Result<Json<Schema>, ApiError> {
    let found = {
        let data = state.store.read();
        ids(&data, &guid).first().and_then(|(context, id)| {
            let hint = Subject::new(context, "").to_string();
            locate(&data, *id, Some(&hint))
        })
    };
    let (subject, version) = found.ok_or_else(|| ApiError::schema_key_not_found(&guid))?;
    let format = SchemaFormat::parse(query.get("format"));
    let parses = format.parses(&version.content);
    off_the_worker(parses, move || {
        schema_response::by_id(&state.store, &subject, &version, format, false).map(Json)
    })
    .await
}

#[derive(Serialize)]
struct ContextId {
    context: String,
    id: i32,
}

async fn ids_of_guid(
    State(state): State<SharedState>,
    Path(guid): Path<String>,
) -> Json<Vec<ContextId>> {
    let ids = ids(&state.store.read(), &guid).into_iter();
    Json(ids.map(|(context, id)| ContextId { context, id }).collect())
}
