//! Why a request to a relying party came to nothing.

use crate::webauthn::json::options::OptionsError;
use std::time::Duration;
use thiserror::Error;

/// Why a request to a relying party came to nothing.
///
/// Texts that a server sent are as it sent them: they have to be escaped before a person sees them.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RemoteError {
    /// There is no such host, or nobody answers there, or the connection broke.
    #[error("{url} cannot be reached: {reason}")]
    Unreachable {
        /// What was asked.
        url: String,
        /// Why.
        reason: String,
    },
    /// The server's certificate is not trusted, or there is no TLS there.
    #[error("{url} cannot be trusted: {reason}")]
    Tls {
        /// What was asked.
        url: String,
        /// Why.
        reason: String,
    },
    /// The time was over.
    #[error("{url} took longer than {} s", after.as_secs())]
    TimedOut {
        /// What was asked.
        url: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The person asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// The server points elsewhere, which is not followed.
    #[error("{url} points elsewhere")]
    Redirected {
        /// What was asked.
        url: String,
        /// Where it points, if it says.
        target: Option<String>,
    },
    /// The answer is longer than any that makes sense.
    #[error("{url} sent more than {limit} bytes")]
    TooLong {
        /// What was asked.
        url: String,
        /// The most that is read, in bytes.
        limit: u64,
    },
    /// The answer is not a JSON object.
    #[error("{url} did not answer in JSON (HTTP status {status})")]
    NotJson {
        /// What was asked.
        url: String,
        /// The HTTP status.
        status: u16,
        /// What the server says it sent, such as `text/html`.
        content_type: Option<String>,
    },
    /// The answer was to be a JSON object, and is not a whole one.
    #[error("{url} sent broken JSON (HTTP status {status}): {problem}")]
    BrokenJson {
        /// What was asked.
        url: String,
        /// The HTTP status.
        status: u16,
        /// What is wrong, and where, as a sentence: `its JSON ends too early, line 1 column 40`.
        problem: String,
    },
    /// The server says neither yes nor no.
    #[error("{url} said neither yes nor no (HTTP status {status})")]
    Unclear {
        /// What was asked.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The server asks for more patience than there is.
    #[error("{url} wants fewer requests")]
    TooManyRequests {
        /// What was asked.
        url: String,
    },
    /// The server says no, or that it failed (an HTTP status of 500 and above).
    #[error("{url} refused (HTTP status {status})")]
    Refused {
        /// What was asked.
        url: String,
        /// The HTTP status.
        status: u16,
        /// Why, if it says.
        message: Option<String>,
    },
    /// The server's options are none.
    #[error("{url} sent options that cannot be used: {source}")]
    Options {
        /// What was asked.
        url: String,
        /// What is wrong with them.
        source: OptionsError,
    },
}
