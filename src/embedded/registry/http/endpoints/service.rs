//! Endpoints about the service itself.

use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};

use crate::embedded::registry::http::json::Json;
use crate::embedded::registry::http::state::Shared;

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/", get(root).post(root))
        .route("/schemas/types", get(types))
        .route("/v1/metadata/id", get(cluster_id))
        .route("/v1/metadata/version", get(version))
}

async fn root() -> Json<Value> {
    Json(json!({}))
}

/// The types of a Confluent registry. Only Protobuf schemas can be registered
/// here, but clients take the list for what the API knows.
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
