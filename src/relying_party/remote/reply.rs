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

    /// The members of an answer that says yes: a successful HTTP status, and `status` is `ok` where
    /// the server says it.
    ///
    /// # Errors
    ///
    /// [`RemoteError::Refused`] for a no, [`RemoteError::NotJson`] for anything else.
    pub fn accepted(&self, url: &str) -> Result<Map<String, Value>, RemoteError> {
        let Ok(Value::Object(members)) = serde_json::from_slice(without_mark(&self.body)) else {
            return Err(RemoteError::NotJson {
                url: url.to_owned(),
                status: self.status,
                content_type: self.content_type.as_deref().map(cut),
            });
        };
        let says_no = match members.get("status") {
            Some(Value::String(status)) => status != "ok",
            Some(_) => true,
            // What servers say that were written for a page of their own.
            None => members.get("verified").is_some_and(|verified| *verified != Value::Bool(true)),
        };
        if (200..300).contains(&self.status) && !says_no {
            return Ok(members);
        }
        let message = ["errorMessage", "error", "message"].iter().find_map(|name| {
            let text = members.get(*name)?.as_str()?;
            (!text.is_empty()).then(|| cut(text))
        });
        Err(RemoteError::Refused { url: url.to_owned(), status: self.status, message })
    }
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
            (200, r#"{"challenge":"AA"}"#),
            (200, r#"{"verified":true}"#),
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
        ] {
            let error = reply(status, body).accepted("u").unwrap_err();
            assert!(matches!(error, RemoteError::Refused { .. }), "{body}: {error:?}");
        }
        for body in ["", "<html>", "[]", "null", "\"ok\"", "{", &"[".repeat(100_000)] {
            let error = reply(200, body).accepted("u").unwrap_err();
            assert!(matches!(error, RemoteError::NotJson { .. }), "{error:?}");
        }
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
