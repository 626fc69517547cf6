//! What an answer of a relying party says.

use super::RemoteError;
use crate::webauthn::json::without_mark;
use serde_json::{Map, Value};
use std::time::Duration;

/// How long a server is left alone that asks for it without saying for how long.
const USUAL_PATIENCE: Duration = Duration::from_secs(1);

/// The longest message of a server that is kept, in characters.
const MAX_MESSAGE: usize = 300;

/// An answer, whatever it says.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The header `Content-Type`.
    pub content_type: Option<String>,
    /// The header `Location`.
    pub location: Option<String>,
    /// The header `Retry-After`.
    pub retry_after: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// For how long the server asks to be left alone, if it does.
    pub(super) fn patience(&self) -> Option<Duration> {
        if self.status != 429 {
            return None;
        }
        let seconds = self.retry_after.as_deref().and_then(|text| text.trim().parse().ok());
        Some(seconds.map_or(USUAL_PATIENCE, Duration::from_secs))
    }

    /// The members of an answer that does not say no: a successful HTTP status, and nothing in it
    /// that is a no (`status`, `verified`, `success`, `ok`, `errorMessage`, `error`).
    ///
    /// # Errors
    ///
    /// [`RemoteError::Refused`] for a no, [`RemoteError::NotJson`] or [`RemoteError::BrokenJson`]
    /// for anything else.
    pub fn members(&self, url: &str) -> Result<Map<String, Value>, RemoteError> {
        let members = self.object(url)?;
        if (200..300).contains(&self.status) && !says_no(&members) {
            return Ok(members);
        }
        let message = ["errorMessage", "error", "message"].iter().find_map(|name| {
            let text = members.get(*name)?.as_str()?;
            (!text.is_empty()).then(|| cut(text))
        });
        Err(RemoteError::Refused { url: url.to_owned(), status: self.status, message })
    }

    /// The members of an answer that says yes: `status` is `ok`, or `verified` is true, as servers
    /// say that were written for a page of their own.
    ///
    /// # Errors
    ///
    /// As [`Reply::members`], and [`RemoteError::Unclear`] for an answer that says neither yes nor
    /// no.
    pub fn accepted(&self, url: &str) -> Result<Map<String, Value>, RemoteError> {
        let members = self.members(url)?;
        let says_yes = members.contains_key("status") || members.contains_key("verified");
        if says_yes {
            return Ok(members);
        }
        Err(RemoteError::Unclear { url: url.to_owned(), status: self.status })
    }

    fn object(&self, url: &str) -> Result<Map<String, Value>, RemoteError> {
        let body = without_mark(&self.body);
        let (url, status) = (url.to_owned(), self.status);
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(members),
            // Something was to be an object, and is not whole.
            Err(error) if body.trim_ascii_start().starts_with(b"{") => {
                Err(RemoteError::BrokenJson { url, status, problem: problem(&error) })
            }
            _ => {
                let content_type = self.content_type.as_deref().map(cut);
                Err(RemoteError::NotJson { url, status, content_type })
            }
        }
    }
}

/// Whether one of the members is a no. What a member says that is none of them decides nothing.
fn says_no(members: &Map<String, Value>) -> bool {
    let is = |name: &str, holds: fn(&Value) -> bool| members.get(name).is_some_and(holds);
    is("status", |status| status != "ok")
        || is("verified", |verified| *verified != Value::Bool(true))
        || ["success", "ok"].iter().any(|name| is(name, |done| *done == Value::Bool(false)))
        || ["errorMessage", "error"].iter().any(|name| is(name, is_something))
}

/// Whether a member that tells of an error tells of one.
fn is_something(error: &Value) -> bool {
    match error {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::Bool(true) => true,
    }
}

/// What is wrong with JSON, and where.
fn problem(error: &serde_json::Error) -> String {
    let place = format!("line {} column {}", error.line(), error.column());
    if error.is_eof() {
        return format!("its JSON ends too early, {place}");
    }
    // serde_json ends its message with the place.
    let message = error.to_string();
    let message = message.strip_suffix(&format!(" at {place}")).unwrap_or(&message);
    format!("its JSON is wrong, {place}: {message}")
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_MESSAGE) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            content_type: Some("application/json".into()),
            location: None,
            retry_after: None,
            body: body.into(),
        }
    }

    #[test]
    fn only_a_clear_yes_is_a_yes() {
        for (status, body) in [
            (200, r#"{"status":"ok","errorMessage":""}"#),
            (201, r#"{"status":"ok"}"#),
            (200, r#"{"verified":true}"#),
            (200, r#"{"status":"ok","error":null,"success":true}"#),
            // As some servers start UTF-8, which a browser skips.
            (200, "\u{feff}{\"status\":\"ok\"}"),
        ] {
            assert!(reply(status, body).accepted("u").is_ok(), "{body}");
        }
        for (status, body) in [
            (200, r#"{"status":"failed","errorMessage":"no"}"#),
            (400, r#"{"status":"ok"}"#),
            (500, r#"{"error":"no"}"#),
            (200, r#"{"status":true}"#),
            (200, r#"{"verified":false}"#),
            (200, r#"{"verified":null}"#),
            (200, r#"{"status":"ok","verified":false}"#),
            (200, r#"{"error":"the origin is another one"}"#),
            (200, r#"{"errorMessage":"no","status":"ok"}"#),
            (200, r#"{"error":{"code":7}}"#),
            (200, r#"{"success":false}"#),
            (200, r#"{"ok":false,"message":"no"}"#),
        ] {
            let error = reply(status, body).accepted("u").unwrap_err();
            assert!(matches!(error, RemoteError::Refused { .. }), "{body}: {error:?}");
        }
        for body in ["{}", r#"{"challenge":"AA"}"#, r#"{"success":true}"#, r#"{"error":""}"#] {
            let reply = reply(200, body);
            let error = reply.accepted("u").unwrap_err();
            assert!(matches!(error, RemoteError::Unclear { .. }), "{body}: {error:?}");
            assert!(reply.members("u").is_ok(), "{body}");
        }
        for body in ["", "<html>", "[]", "null", "\"ok\"", &"[".repeat(100_000)] {
            let error = reply(200, body).accepted("u").unwrap_err();
            assert!(matches!(error, RemoteError::NotJson { .. }), "{error:?}");
        }
    }

    #[test]
    fn json_that_is_not_whole_is_named_with_its_place() {
        let problem = |body: &str| match reply(200, body).members("u") {
            Err(RemoteError::BrokenJson { problem, .. }) => problem,
            other => panic!("{other:?}"),
        };
        assert_eq!(problem("{\"rp\":{\"id\""), "its JSON ends too early, line 1 column 11");
        assert_eq!(
            problem(" {\n \"a\": 1 \"b\"}"),
            "its JSON is wrong, line 2 column 9: expected `,` or `}`"
        );
        assert!(problem(&"{\"a\":".repeat(1000)).contains("recursion limit"));
    }

    #[test]
    fn the_message_is_kept_but_not_all_of_a_long_one() {
        let message = |text: &str| {
            let body = serde_json::json!({"status": "failed", "errorMessage": text}).to_string();
            match reply(200, &body).accepted("u") {
                Err(RemoteError::Refused { message, .. }) => message,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(message(""), None);
        assert_eq!(message("no"), Some("no".into()));
        assert_eq!(message(&"é".repeat(1000)).unwrap().chars().count(), 301);
    }

    #[test]
    fn patience_is_what_is_a_number() {
        let mut reply = reply(429, "");
        assert_eq!(reply.patience(), Some(USUAL_PATIENCE));
        reply.retry_after = Some("7".into());
        assert_eq!(reply.patience(), Some(Duration::from_secs(7)));
        reply.retry_after = Some("Wed, 21 Oct 2026 07:28:00 GMT".into());
        assert_eq!(reply.patience(), Some(USUAL_PATIENCE));
        reply.status = 200;
        assert_eq!(reply.patience(), None);
    }
}
