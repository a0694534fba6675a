//! The endpoints under `/dek-registry/v1`.

use std::str::FromStr as _;

use axum::Router;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::routing::{get, post};
use serde::Deserialize;

use crate::csfle::Algorithm;
use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::http::json::{Json, Path};
use crate::embedded::registry::http::query::Query;
use crate::embedded::registry::http::state::SharedState;
use crate::schema_registry::entities::{Dek, Kek};

use crate::embedded::registry::keys::deks::{DekPath, DekSelection, DekVersion};
use crate::embedded::registry::keys::keks::KekChange;

/// These lists are not capped.
const NO_CAP: usize = usize::MAX;

pub(crate) fn routes() -> Router<SharedState> {
    let endpoints = Router::new()
        .route("/keks", get(list_keks).post(create_kek))
        .route(
            "/keks/{kek}",
            get(get_kek).put(update_kek).delete(delete_kek),
        )
        .route("/keks/{kek}/undelete", post(undelete_kek))
        .route("/keks/{kek}/test", post(test_kek))
        .route("/keks/{kek}/deks", get(list_subjects).post(create_dek))
        .route(
            "/keks/{kek}/deks/{subject}",
            get(get_dek).post(create_dek_of_subject).delete(delete_dek),
        )
        .route("/keks/{kek}/deks/{subject}/undelete", post(undelete_dek))
        .route("/keks/{kek}/deks/{subject}/versions", get(list_versions))
        .route(
            "/keks/{kek}/deks/{subject}/versions/{version}",
            get(get_dek).delete(delete_dek),
        )
        .route(
            "/keks/{kek}/deks/{subject}/versions/{version}/undelete",
            post(undelete_dek),
        );
    Router::new().nest("/dek-registry/v1", endpoints)
}

/// Parses the algorithm in the query. An unknown one is answered 404.
fn algorithm(query: &Query) -> Result<Algorithm, ApiError> {
    match query.get("algorithm") {
        None => Ok(Algorithm::default()),
        Some(name) => Algorithm::from_str(name).map_err(|_| ApiError::not_found()),
    }
}

/// The DEKs that a path and the algorithm in the query name.
struct DekTarget {
    path: DekPath,
    version: Option<DekVersion>,
}

#[derive(Deserialize)]
struct DekParameters {
    kek: String,
    subject: String,
    version: Option<String>,
}

impl FromRequestParts<SharedState> for DekTarget {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &SharedState) -> Result<Self, ApiError> {
        let Path(DekParameters {
            kek: kek_name,
            subject,
            version: text,
        }) = Path::from_request_parts(parts, state).await?;
        let Ok(query) = Query::from_request_parts(parts, state).await;
        let path = DekPath {
            kek_name,
            subject,
            algorithm: algorithm(&query)?,
        };
        let version = text.as_deref().map(version).transpose()?;
        Ok(Self { path, version })
    }
}

impl DekTarget {
    fn selection(&self) -> DekSelection {
        self.version.map_or(DekSelection::All, DekSelection::One)
    }
}

fn version(text: &str) -> Result<DekVersion, ApiError> {
    let trimmed = text.trim();
    if trimmed.eq_ignore_ascii_case("latest") || trimmed == "-1" {
        return Ok(DekVersion::Latest);
    }
    match trimmed.parse() {
        Ok(number) if number > 0 => Ok(DekVersion::Number(number)),
        _ => Err(ApiError::invalid_version(text)),
    }
}

async fn list_keks(
    State(state): State<SharedState>,
    query: Query,
) -> Result<Json<Vec<String>>, ApiError> {
    let page = query.page(NO_CAP)?;
    let prefixes: Vec<&str> = query.all("subjectPrefix").collect();
    let names = state.dek.kek_names(&prefixes, query.flag("deleted"));
    Ok(Json(page.of(names)))
}

async fn create_kek(
    State(state): State<SharedState>,
    query: Query,
    Json(body): Json<Kek>,
) -> Result<Json<Kek>, ApiError> {
    let kek = state
        .dek
        .create_kek(body, query.flag("testSharing"))
        .await?;
    Ok(Json(kek.to_entity()))
}

async fn get_kek(
    State(state): State<SharedState>,
    Path(name): Path<String>,
    query: Query,
) -> Result<Json<Kek>, ApiError> {
    let kek = state.dek.kek(&name, query.flag("deleted"))?;
    Ok(Json(kek.to_entity()))
}

async fn update_kek(
    State(state): State<SharedState>,
    Path(name): Path<String>,
    query: Query,
    Json(change): Json<KekChange>,
) -> Result<Json<Kek>, ApiError> {
    let test_sharing = query.flag("testSharing");
    let kek = state.dek.update_kek(&name, change, test_sharing).await?;
    Ok(Json(kek.to_entity()))
}

async fn delete_kek(
    State(state): State<SharedState>,
    Path(name): Path<String>,
    query: Query,
) -> Result<StatusCode, ApiError> {
    state.dek.delete_kek(&name, query.flag("permanent"))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn undelete_kek(
    State(state): State<SharedState>,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    state.dek.undelete_kek(&name)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn test_kek(
    State(state): State<SharedState>,
    Path(name): Path<String>,
) -> Result<Json<Kek>, ApiError> {
    let kek = state.dek.test_kek(&name).await?;
    Ok(Json(kek.to_entity()))
}

async fn list_subjects(
    State(state): State<SharedState>,
    Path(kek): Path<String>,
    query: Query,
) -> Result<Json<Vec<String>>, ApiError> {
    let page = query.page(NO_CAP)?;
    let subjects = state.dek.dek_subjects(&kek, query.flag("deleted"))?;
    Ok(Json(page.of(subjects)))
}

/// Creates a DEK through the older path, which has the subject in the body.
async fn create_dek(
    State(state): State<SharedState>,
    Path(kek): Path<String>,
    Json(body): Json<Dek>,
) -> Result<Json<Dek>, ApiError> {
    let subject = body.subject.clone();
    create(&state, kek, subject, body, false).await
}

async fn create_dek_of_subject(
    State(state): State<SharedState>,
    Path((kek, subject)): Path<(String, String)>,
    query: Query,
    Json(body): Json<Dek>,
) -> Result<Json<Dek>, ApiError> {
    create(&state, kek, subject, body, query.flag("rewrap")).await
}

async fn create(
    state: &SharedState,
    kek_name: String,
    subject: String,
    body: Dek,
    rewrap: bool,
) -> Result<Json<Dek>, ApiError> {
    let algorithm = match &body.algorithm {
        None => Algorithm::default(),
        Some(name) => Algorithm::from_str(name)
            .map_err(|unknown| ApiError::malformed_body(unknown.to_string()))?,
    };
    let path = DekPath {
        kek_name,
        subject,
        algorithm,
    };
    Ok(Json(state.dek.create_dek(&path, body, rewrap).await?))
}

async fn get_dek(
    State(state): State<SharedState>,
    DekTarget { path, version }: DekTarget,
    query: Query,
) -> Result<Json<Dek>, ApiError> {
    let version = version.unwrap_or(DekVersion::FIRST);
    let dek = state.dek.dek(&path, version, query.flag("deleted")).await?;
    Ok(Json(dek))
}

async fn list_versions(
    State(state): State<SharedState>,
    DekTarget { path, .. }: DekTarget,
    query: Query,
) -> Result<Json<Vec<i32>>, ApiError> {
    let page = query.page(NO_CAP)?;
    let versions = state.dek.dek_versions(&path, query.flag("deleted"))?;
    Ok(Json(page.of(versions)))
}

async fn delete_dek(
    State(state): State<SharedState>,
    target: DekTarget,
    query: Query,
) -> Result<StatusCode, ApiError> {
    let permanent = query.flag("permanent");
    let keys = &state.dek;
    keys.delete_deks(&target.path, target.selection(), permanent)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn undelete_dek(
    State(state): State<SharedState>,
    target: DekTarget,
) -> Result<StatusCode, ApiError> {
    state.dek.undelete_deks(&target.path, target.selection())?;
    Ok(StatusCode::NO_CONTENT)
}
