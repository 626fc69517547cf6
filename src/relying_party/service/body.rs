//! Bodies of requests: JSON, of a bounded length, that comes in time.

use super::answer::Failure;
use super::limits::Limits;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

/// Reads the bytes of a body that says it is JSON.
///
/// # Errors
///
/// [`Failure`] when it says something else, is too long, or comes too slowly.
pub(super) async fn bytes(
    headers: &HeaderMap,
    body: Body,
    limits: &Limits,
) -> Result<Bytes, Failure> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    // A browser sends this type to another origin only after having asked, which is refused.
    let kind = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
    if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application/json")) {
        let message = "the body must be JSON, with the Content-Type application/json";
        return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let most = limits.body_bytes;
    let read = tokio::time::timeout(limits.body, axum::body::to_bytes(body, most)).await;
    match read {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => {
            let message = format!("the body must come whole, and have at most {most} bytes");
            Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, message))
        }
        Err(_) => Err(Failure::new(StatusCode::REQUEST_TIMEOUT, "the body came too slowly")),
    }
}

/// Reads a body as JSON.
///
/// # Errors
///
/// As [`bytes`], and [`Failure`] with the place where it is no such JSON.
pub(super) async fn json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    limits: &Limits,
) -> Result<T, Failure> {
    let bytes = bytes(headers, body, limits).await?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let message = format!("the body is not what is asked for here: {error}");
        Failure::new(StatusCode::BAD_REQUEST, message)
    })
}
