//! Which path leads where.

use super::answer::Failure;
use super::guard::guard;
use super::shared::Shared;
use super::{conformance, page, people};
use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::post;

/// All paths, behind the guard.
pub(super) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/attestation/options", post(conformance::attestation_options))
        .route("/attestation/result", post(conformance::attestation_result))
        .route("/assertion/options", post(conformance::assertion_options))
        .route("/assertion/result", post(conformance::assertion_result))
        .merge(people::routes())
        .merge(page::routes())
        .fallback(|| async { missing() })
        .method_not_allowed_fallback(|| async { wrong_method() })
        .layer(from_fn_with_state(shared.clone(), guard))
        .with_state(shared)
}

fn missing() -> Response {
    Failure::new(StatusCode::NOT_FOUND, "there is nothing at this path").into_response()
}

fn wrong_method() -> Response {
    let message = "this path is not asked in this way";
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, message).into_response()
}
