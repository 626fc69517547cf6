//! What the page asks for: accounts, signing in, keys, records.

use super::answer::{Failure, done};
use super::body;
use super::session::{Answer, Cookies, Judged, in_session, judged, with_cookies};
use super::shared::Shared;
use crate::relying_party::accounts::Purpose;
use crate::relying_party::accounts::password::{Password, PasswordHash};
use crate::relying_party::party::{Refusal, RelyingParty, SignedIn};
use crate::relying_party::record::Kind;
use crate::webauthn::base64url::Base64Url;
use crate::webauthn::json::{AuthenticationResponseJson, RegistrationResponseJson};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

/// The paths of the page's requests.
pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/session", get(session))
        .route("/api/records", get(records))
        .route("/api/records/{number}", get(record))
        .route("/api/sign-up", post(sign_up))
        .route("/api/sign-in", post(sign_in))
        .route("/api/sign-in/key/options", post(second_step_options))
        .route("/api/sign-in/key/result", post(second_step_result))
        .route("/api/sign-out", post(sign_out))
        .route("/api/tokens/options", post(token_options))
        .route("/api/tokens/result", post(token_result))
        .route("/api/tokens/remove", post(remove_token))
        .route("/api/second-factor", post(second_factor))
        .route("/api/forget-computers", post(forget_computers))
        .route("/api/passkey/sign-up/options", post(passkey_account_options))
        .route("/api/passkey/sign-up/result", post(passkey_account_result))
        .route("/api/passkey/sign-in/options", post(passkey_options))
        .route("/api/passkey/sign-in/result", post(passkey_result))
        .route("/api/gave-up", post(gave_up))
}

/// A body without members.
#[derive(Deserialize)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(expecting = "an object with `username` and `password`")]
struct Credentials {
    username: String,
    password: SecretText,
}

/// A text that wipes itself.
#[derive(Deserialize)]
#[serde(from = "String")]
struct SecretText(zeroize::Zeroizing<String>);

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(zeroize::Zeroizing::new(text))
    }
}

#[derive(Deserialize)]
#[serde(expecting = "an object with `username`")]
struct Named {
    username: String,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with `nickname` and `purpose`")]
struct NewToken {
    nickname: String,
    purpose: Purpose,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with `id`")]
struct Which {
    id: Base64Url,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with `on`")]
struct Switch {
    on: bool,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with `response`")]
struct Registered {
    response: RegistrationResponseJson,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with `response`")]
struct Asserted {
    response: AuthenticationResponseJson,
    #[serde(default)]
    remember: bool,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with `kind` and `error`")]
struct GaveUp {
    kind: Kind,
    error: String,
}

fn answer(result: Answer) -> Response {
    result.unwrap_or_else(IntoResponse::into_response)
}

/// A view as the members of an answer.
fn members(view: &impl serde::Serialize) -> Value {
    serde_json::to_value(view).unwrap_or_default()
}

async fn session(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let cookies = Cookies::of(&shared, &headers);
    let asked = shared.desk.ask(move |party| {
        let key = party.resume(cookies.session.as_deref()).ok();
        members(&party.session_view(key))
    });
    answer(asked.await.map(done).map_err(Failure::from))
}

async fn records(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let cookies = Cookies::of(&shared, &headers);
    let asked = shared.desk.ask(move |party| {
        let key = party.resume(cookies.session.as_deref()).ok();
        json!({"records": party.records(key)})
    });
    answer(asked.await.map(done).map_err(Failure::from))
}

async fn record(
    State(shared): State<Shared>,
    number: Result<Path<u64>, axum::extract::rejection::PathRejection>,
    headers: HeaderMap,
) -> Response {
    let Ok(Path(number)) = number else {
        return Failure::from(Refusal::NoRecord).into_response();
    };
    let cookies = Cookies::of(&shared, &headers);
    let asked = shared.desk.ask(move |party| {
        let key = party.resume(cookies.session.as_deref()).ok();
        party.record(key, number).map(|record| json!({"record": record}))
    });
    let found = match asked.await {
        Ok(Ok(found)) => Ok(done(found)),
        Ok(Err(refusal)) => Err(refusal.into()),
        Err(closed) => Err(closed.into()),
    };
    answer(found)
}

async fn sign_up(State(shared): State<Shared>, headers: HeaderMap, body: Body) -> Response {
    answer(try_sign_up(&shared, &headers, body).await)
}

async fn try_sign_up(shared: &Shared, headers: &HeaderMap, body: Body) -> Answer {
    let Credentials { username, password } = body::json(headers, body, &shared.limits).await?;
    let turn = shared.hashing.queue()?;
    let begun = shared.desk.ask(move |party| {
        let password = Password::new(&password.0);
        party.begin_account(&username, &password).map(|(name, salt)| (name, salt, password))
    });
    let (name, salt, password) = begun.await??;
    let hashed = shared.hashing.run(turn, move |memory| PasswordHash::of(&password, salt, memory));
    let hash = hashed.await?.ok_or(Refusal::NoMemory)?;
    let cookies = Cookies::of(shared, headers);
    let made = shared.desk.ask(move |party| {
        let entry = party.enter(cookies.session.as_deref())?;
        party.make_account(entry.key, name, hash)
    });
    let entry = made.await??;
    Ok(with_cookies(done(json!({})), shared, headers, entry.cookie, None))
}

async fn sign_in(State(shared): State<Shared>, headers: HeaderMap, body: Body) -> Response {
    answer(try_sign_in(&shared, &headers, body).await)
}

async fn try_sign_in(shared: &Shared, headers: &HeaderMap, body: Body) -> Answer {
    let Credentials { username, password } = body::json(headers, body, &shared.limits).await?;
    // A try is counted only where its password will be looked at.
    let turn = shared.hashing.queue()?;
    let tried = shared.desk.ask(move |party| party.begin_sign_in(&username)).await??;
    let checked = shared.hashing.run(turn, move |memory| {
        let right = tried.check(&Password::new(&password.0), memory);
        (tried, right)
    });
    let (tried, right) = checked.await?;
    let cookies = Cookies::of(shared, headers);
    let signed_in = shared.desk.ask(move |party| {
        let entry = party.enter(cookies.session.as_deref())?;
        party.sign_in(entry.key, &tried, right, cookies.computer.as_deref())
    });
    let SignedIn { entry, key_awaited } = signed_in.await??;
    let answer = done(json!({"key_awaited": key_awaited}));
    Ok(with_cookies(answer, shared, headers, entry.cookie, None))
}

async fn second_step_options(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let act = |party: &mut RelyingParty<'_>, key, _: Nothing| {
        party.offer_second_step(key).map(|options| json!({"options": options}))
    };
    answer(in_session(&shared, &headers, body, act).await)
}

async fn second_step_result(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let act = |party: &mut RelyingParty<'_>, key, asserted: Asserted| {
        let done = party.second_step(key, &asserted.response, asserted.remember)?;
        Ok(Judged { decision: done.decision, entry: done.entry, remember: done.remember })
    };
    answer(judged(&shared, &headers, body, act).await)
}

async fn sign_out(State(shared): State<Shared>, headers: HeaderMap, body: Body) -> Response {
    let act = |party: &mut RelyingParty<'_>, key, _: Nothing| {
        party.sign_out(key);
        Ok(json!({}))
    };
    answer(in_session(&shared, &headers, body, act).await)
}

async fn token_options(State(shared): State<Shared>, headers: HeaderMap, body: Body) -> Response {
    let act = |party: &mut RelyingParty<'_>, key, token: NewToken| {
        let options = party.offer_token(key, &token.nickname, token.purpose)?;
        Ok(json!({"options": options}))
    };
    answer(in_session(&shared, &headers, body, act).await)
}

async fn token_result(State(shared): State<Shared>, headers: HeaderMap, body: Body) -> Response {
    let act = |party: &mut RelyingParty<'_>, key, registered: Registered| {
        party.register_token(key, &registered.response).map(Judged::from)
    };
    answer(judged(&shared, &headers, body, act).await)
}

async fn remove_token(State(shared): State<Shared>, headers: HeaderMap, body: Body) -> Response {
    let act = |party: &mut RelyingParty<'_>, key, which: Which| {
        party.remove_token(key, &which.id).map(|()| json!({}))
    };
    answer(in_session(&shared, &headers, body, act).await)
}

async fn second_factor(State(shared): State<Shared>, headers: HeaderMap, body: Body) -> Response {
    let act = |party: &mut RelyingParty<'_>, key, switch: Switch| {
        party.set_second_factor(key, switch.on).map(|()| json!({}))
    };
    answer(in_session(&shared, &headers, body, act).await)
}

async fn forget_computers(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let act = |party: &mut RelyingParty<'_>, key, _: Nothing| {
        party.forget_computers(key).map(|()| json!({}))
    };
    answer(in_session(&shared, &headers, body, act).await)
}

async fn passkey_account_options(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let act = |party: &mut RelyingParty<'_>, key, named: Named| {
        let options = party.offer_passkey_account(key, &named.username)?;
        Ok(json!({"options": options}))
    };
    answer(in_session(&shared, &headers, body, act).await)
}

async fn passkey_account_result(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let act = |party: &mut RelyingParty<'_>, key, registered: Registered| {
        party.make_passkey_account(key, &registered.response).map(Judged::from)
    };
    answer(judged(&shared, &headers, body, act).await)
}

async fn passkey_options(State(shared): State<Shared>, headers: HeaderMap, body: Body) -> Response {
    let act = |party: &mut RelyingParty<'_>, key, _: Nothing| {
        party.offer_passkey(key).map(|options| json!({"options": options}))
    };
    answer(in_session(&shared, &headers, body, act).await)
}

async fn passkey_result(State(shared): State<Shared>, headers: HeaderMap, body: Body) -> Response {
    let act = |party: &mut RelyingParty<'_>, key, asserted: Asserted| {
        party.sign_in_with_passkey(key, &asserted.response).map(Judged::from)
    };
    answer(judged(&shared, &headers, body, act).await)
}

async fn gave_up(State(shared): State<Shared>, headers: HeaderMap, body: Body) -> Response {
    let act = |party: &mut RelyingParty<'_>, key, end: GaveUp| {
        party.gave_up(key, end.kind, &end.error).map(|record| json!({"record": record}))
    };
    answer(in_session(&shared, &headers, body, act).await)
}
