//! Requests in a session: which one it is, and the cookies that keep it.

use super::answer::{Failure, done};
use super::shared::Shared;
use super::{body, cookie};
use crate::relying_party::party::{Decision, Entry, REMEMBERED, Refusal, RelyingParty, SessionKey};
use axum::body::Body;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// An answer, or why there is none.
pub(super) type Answer = Result<Response, Failure>;

/// The cookies of a request that matter here.
pub(super) struct Cookies {
    pub(super) session: Option<String>,
    pub(super) computer: Option<String>,
}

impl Cookies {
    pub(super) fn of(shared: &Shared, headers: &HeaderMap) -> Self {
        let get = |name| cookie::get(headers, name).map(str::to_owned);
        let names = &shared.cookies;
        Self { session: get(&names.session), computer: get(&names.computer) }
    }
}

/// Has the relying party do something in a session, which is begun if there is none; gives the
/// members of the answer.
pub(super) async fn in_session<T, A>(
    shared: &Shared,
    headers: &HeaderMap,
    body: Body,
    act: A,
) -> Answer
where
    T: DeserializeOwned + Send + 'static,
    A: FnOnce(&mut RelyingParty<'_>, SessionKey, T) -> Result<Value, Refusal> + Send + 'static,
{
    let request: T = body::json(headers, body, &shared.limits).await?;
    let cookies = Cookies::of(shared, headers);
    let asked = shared.desk.ask(move |party| {
        let Entry { key, cookie } = party.enter(cookies.session.as_deref())?;
        Ok::<_, Refusal>((act(party, key, request)?, cookie))
    });
    let (members, token) = asked.await??;
    Ok(with_cookies(done(members), shared, headers, token, None))
}

/// As [`in_session`] for a response to options, whose session is there already.
pub(super) async fn judged<T, A>(shared: &Shared, headers: &HeaderMap, body: Body, act: A) -> Answer
where
    T: DeserializeOwned + Send + 'static,
    A: FnOnce(&mut RelyingParty<'_>, SessionKey, T) -> Result<Judged, Refusal> + Send + 'static,
{
    let request: T = body::json(headers, body, &shared.limits).await?;
    let cookies = Cookies::of(shared, headers);
    let asked = shared.desk.ask(move |party| {
        let key = party.resume(cookies.session.as_deref())?;
        act(party, key, request)
    });
    let Judged { decision, entry, remember } = asked.await??;
    if let Some(reason) = decision.reason {
        return Err(Failure::judged(reason, decision.record));
    }
    let answer = done(json!({"record": decision.record}));
    Ok(with_cookies(answer, shared, headers, entry.and_then(|entry| entry.cookie), remember))
}

/// What became of a response.
pub(super) struct Judged {
    pub(super) decision: Decision,
    pub(super) entry: Option<Entry>,
    pub(super) remember: Option<String>,
}

impl From<Decision> for Judged {
    fn from(decision: Decision) -> Self {
        Self { decision, entry: None, remember: None }
    }
}

impl From<(Decision, Option<Entry>)> for Judged {
    fn from((decision, entry): (Decision, Option<Entry>)) -> Self {
        Self { decision, entry, remember: None }
    }
}

/// Sets the cookies that are new.
pub(super) fn with_cookies(
    mut response: Response,
    shared: &Shared,
    headers: &HeaderMap,
    session: Option<String>,
    computer: Option<String>,
) -> Response {
    let secure = shared.hosts.is_secure(headers);
    let names = &shared.cookies;
    let fields = [
        session.and_then(|token| cookie::set(&names.session, &token, None, secure)),
        computer.and_then(|token| cookie::set(&names.computer, &token, Some(REMEMBERED), secure)),
    ];
    for field in fields.into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, field);
    }
    response
}
