//! Endpoints for compatibility tests, which store nothing.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use serde::Serialize;

use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::http::blocking::off_the_worker;
use crate::embedded::registry::http::json::{Json, Path};
use crate::embedded::registry::http::query::Query;
use crate::embedded::registry::http::state::SharedState;
use crate::embedded::registry::rules::compatibility::{self, Against};
use crate::embedded::registry::rules::deadline::Deadline;
use crate::embedded::registry::rules::requested_schema::SchemaBody;
use crate::embedded::registry::rules::version_id::VersionId;
use crate::embedded::registry::store::subject::Subject;

pub(crate) fn routes() -> Router<SharedState> {
    Router::new()
        .route(
            "/compatibility/subjects/{subject}/versions",
            post(with_subject),
        )
        .route(
            "/compatibility/subjects/{subject}/versions/{version}",
            post(with_version),
        )
}

#[derive(Serialize)]
struct Verdict {
    is_compatible: bool,
    /// Present only on request, but then even if it is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<Vec<String>>,
}

async fn with_version(
    state: State<SharedState>,
    Path((subject, version)): Path<(Subject, String)>,
    query: Query,
    Json(body): Json<SchemaBody>,
) -> Result<Json<Verdict>, ApiError> {
    let VersionId(number) = VersionId::parse(&version)?;
    test(state, subject, Against::Version(number), query, body).await
}

async fn with_subject(
    state: State<SharedState>,
    Path(subject): Path<Subject>,
    query: Query,
    Json(body): Json<SchemaBody>,
) -> Result<Json<Verdict>, ApiError> {
    test(state, subject, Against::Active, query, body).await
}

async fn test(
    State(state): State<SharedState>,
    subject: Subject,
    against: Against,
    query: Query,
    body: SchemaBody,
) -> Result<Json<Verdict>, ApiError> {
    compatibility::check_exists(&state.store, &subject, against)?;
    let request = body.into_request()?;
    let normalize = query.flag("normalize");
    let verbose = query.flag("verbose");
    let deadline = Deadline::after(state.request_timeout);
    off_the_worker(true, move || {
        deadline.check()?;
        let store = &state.store;
        let tested = compatibility::test(store, &subject, &request, against, normalize, deadline);
        let messages = match tested {
            Ok(messages) => messages,
            // With `verbose`, an invalid schema is reported as incompatible
            // instead of 42201.
            Err(error) if verbose && error.code == 42201 => vec![error.message],
            Err(error) => return Err(error),
        };
        Ok(Json(Verdict {
            is_compatible: messages.is_empty(),
            messages: verbose.then_some(messages),
        }))
    })
    .await
}
