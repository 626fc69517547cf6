//! Answers: JSON in the form of the FIDO2 conformance interface, `status` and `errorMessage` first.

use super::desk::Closed;
use crate::relying_party::party::Refusal;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// Why a request is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    pub(super) message: String,
    /// The number of the record that tells everything.
    record: Option<u64>,
}

impl Failure {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), record: None }
    }

    /// A response was judged and refused.
    pub(super) fn judged(reason: String, record: u64) -> Self {
        let message = format!("the key's answer was refused, since {reason}");
        Self { status: StatusCode::BAD_REQUEST, message, record: Some(record) }
    }
}

impl From<Closed> for Failure {
    fn from(_: Closed) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the service is ending")
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::Random(_) | Refusal::NotKept(_) | Refusal::NoMemory => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Refusal::Full(_) => StatusCode::INSUFFICIENT_STORAGE,
            Refusal::WrongPassword | Refusal::NotSignedIn => StatusCode::FORBIDDEN,
            Refusal::TooManyTries { .. } => StatusCode::TOO_MANY_REQUESTS,
            Refusal::NoRecord | Refusal::NoSuchToken => StatusCode::NOT_FOUND,
            Refusal::NameTaken | Refusal::NicknameTaken | Refusal::LastWayIn => {
                StatusCode::CONFLICT
            }
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(status, refusal.to_string())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut body = json!({"status": "failed", "errorMessage": self.message});
        if let (Some(record), Value::Object(members)) = (self.record, &mut body) {
            members.insert("record".into(), record.into());
        }
        json_response(self.status, &body)
    }
}

/// The answer to a request that was done: these members after `status` and `errorMessage`.
pub(super) fn done(members: Value) -> Response {
    let mut body = Map::new();
    body.insert("status".into(), "ok".into());
    body.insert("errorMessage".into(), "".into());
    if let Value::Object(members) = members {
        body.extend(members);
    }
    json_response(StatusCode::OK, &Value::Object(body))
}

fn json_response(status: StatusCode, body: &Value) -> Response {
    let json = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, json)], body.to_string()).into_response()
}

/// An answer in plain words, for whoever looks at it with a browser.
pub(super) fn plain(status: StatusCode, text: impl Into<String>) -> Response {
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    (status, [(header::CONTENT_TYPE, kind)], text.into()).into_response()
}
