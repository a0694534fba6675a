//! Endpoints for tag definitions of the Stream Catalog.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;

use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::http::json::{Json, Path};
use crate::embedded::registry::http::query::Query;
use crate::embedded::registry::http::state::SharedState;
use crate::embedded::registry::store::tag_definitions::{Definition, Element};

/// An answer of the catalog: always `application/json`, never the registry's
/// own media type.
struct CatalogJson<T>(T);

impl<T: Serialize> IntoResponse for CatalogJson<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.0).into_response();
        if response.status().is_success() {
            response.headers_mut().insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
        }
        response
    }
}

/// Returns the endpoints.
pub(crate) fn routes() -> Router<SharedState> {
    Router::new()
        .route(
            "/catalog/v1/types/tagdefs",
            get(list).post(create).put(update),
        )
        .route("/catalog/v1/types/tagdefs/{name}", get(one).delete(delete))
}

async fn create(
    State(state): State<SharedState>,
    Json(definitions): Json<Vec<Definition>>,
) -> CatalogJson<Vec<Element>> {
    CatalogJson(state.tags.create(definitions))
}

async fn update(
    State(state): State<SharedState>,
    Json(definitions): Json<Vec<Definition>>,
) -> CatalogJson<Vec<Element>> {
    CatalogJson(state.tags.update(definitions))
}

async fn list(State(state): State<SharedState>, query: Query) -> CatalogJson<Vec<Element>> {
    CatalogJson(state.tags.list(query.get("prefix").unwrap_or_default()))
}

async fn one(
    State(state): State<SharedState>,
    Path(name): Path<String>,
) -> Result<CatalogJson<Element>, ApiError> {
    state.tags.get(&name).map(CatalogJson)
}

async fn delete(
    State(state): State<SharedState>,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    state.tags.delete(&name)?;
    Ok(StatusCode::NO_CONTENT)
}
