//! Endpoints about the service itself.

use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};

use crate::embedded::registry::http::json::Json;
use crate::embedded::registry::http::state::SharedState;

pub(crate) fn routes() -> Router<SharedState> {
    Router::new()
        .route("/", get(root).post(root))
        .route("/schemas/types", get(types))
        .route("/v1/metadata/id", get(cluster_id))
        .route("/v1/metadata/version", get(version))
}

async fn root() -> Json<Value> {
    Json(json!({}))
}

/// Lists the types of a Confluent registry. Only Protobuf can be registered
/// here, but clients read the list as what the API knows.
async fn types() -> Json<Value> {
    Json(json!(["JSON", "PROTOBUF", "AVRO"]))
}

async fn cluster_id() -> Json<Value> {
    Json(json!({
        "id": "",
        "scope": {
            "path": [],
            "clusters": {
                "kafka-cluster": "embedded",
                "schema-registry-cluster": "schema-registry",
            },
        },
    }))
}

async fn version() -> Json<Value> {
    Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "commitId": "",
    }))
}
