//! The FIDO2 conformance interface ("FIDO2 Server API" of the conformance tools): `POST` of JSON to
//! `/attestation/options`, `/attestation/result`, `/assertion/options` and `/assertion/result`, with a
//! cookie that ties options and result together.

use super::answer::{Failure, done};
use super::shared::Shared;
use super::{body, cookie};
use crate::relying_party::party::{Decision, Entry, Refusal, RelyingParty, SessionKey};
use crate::webauthn::json::{AuthenticationResponseJson, DocumentError, RegistrationResponseJson};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Has options made in a session, which is begun if there is none.
async fn options<T: DeserializeOwned + Send + 'static>(
    shared: &Shared,
    headers: &HeaderMap,
    body: Body,
    act: impl FnOnce(&mut RelyingParty<'_>, SessionKey, &T) -> Result<Value, Refusal> + Send + 'static,
) -> Result<Response, Failure> {
    let request: T = body::json(headers, body, &shared.limits).await?;
    let session = cookie::get(headers, &shared.cookies.session).map(str::to_owned);
    let made = shared.desk.ask(move |party| {
        let Entry { key, cookie } = party.enter(session.as_deref())?;
        Ok::<_, Refusal>((act(party, key, &request)?, cookie))
    });
    let (options, token) = made.await??;
    let mut response = done(options);
    if let Some(token) = token
        && let Some(field) =
            cookie::set(&shared.cookies.session, &token, None, shared.hosts.is_secure(headers))
    {
        response.headers_mut().insert(header::SET_COOKIE, field);
    }
    Ok(response)
}

/// Has a response judged in the session in which its options were made.
async fn result<T: Send + 'static>(
    shared: &Shared,
    headers: &HeaderMap,
    body: Body,
    parse: impl FnOnce(&[u8]) -> Result<T, DocumentError>,
    act: impl FnOnce(&mut RelyingParty<'_>, SessionKey, &T) -> Result<Decision, Refusal>
    + Send
    + 'static,
) -> Result<Response, Failure> {
    let bytes = body::bytes(headers, body, &shared.limits).await?;
    let response = parse(&bytes).map_err(|error| {
        let message = format!("the body is not a response in WebAuthn's JSON: {error}");
        Failure::new(StatusCode::BAD_REQUEST, message)
    })?;
    let session = cookie::get(headers, &shared.cookies.session).map(str::to_owned);
    let judged = shared.desk.ask(move |party| {
        let key = party.resume(session.as_deref())?;
        act(party, key, &response)
    });
    let decision = judged.await??;
    match decision.reason {
        None => Ok(done(json!({}))),
        Some(reason) => Err(Failure::judged(reason, decision.record)),
    }
}

fn answer(result: Result<Response, Failure>) -> Response {
    result.unwrap_or_else(IntoResponse::into_response)
}

pub(super) async fn attestation_options(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let act = |party: &mut RelyingParty<'_>, key, request: &_| {
        party.conformance_registration(key, request)
    };
    answer(options(&shared, &headers, body, act).await)
}

pub(super) async fn attestation_result(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let act = |party: &mut RelyingParty<'_>, key, response: &_| {
        party.conformance_registered(key, response)
    };
    answer(result(&shared, &headers, body, RegistrationResponseJson::parse, act).await)
}

pub(super) async fn assertion_options(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let act =
        |party: &mut RelyingParty<'_>, key, request: &_| party.conformance_assertion(key, request);
    answer(options(&shared, &headers, body, act).await)
}

pub(super) async fn assertion_result(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let act =
        |party: &mut RelyingParty<'_>, key, response: &_| party.conformance_asserted(key, response);
    answer(result(&shared, &headers, body, AuthenticationResponseJson::parse, act).await)
}
