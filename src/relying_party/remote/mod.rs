//! A relying party elsewhere, reached over HTTP: a client of the REST interface that the FIDO2
//! conformance tests prescribe for servers.
//!
//! | module | what it does |
//! |---|---|
//! | [`url`] | where the relying party is, and what its origin is |
//! | [`session`] | one browser's worth of HTTP: cookies, TLS, deadlines, limits |
//! | [`reply`] | what an answer says: yes, no, or nothing that can be understood |
//! | [`roots`] | roots to trust, from a file |
//! | [`ceremony`] | the four requests |
//!
//! Blocking. A server is as hostile as a key: an answer is bounded in size and time, and a redirect
//! is not followed.

pub mod ceremony;
mod error;
mod names;
pub mod reply;
pub mod roots;
pub mod session;
pub mod url;

pub use error::RemoteError;
pub use session::{Session, SessionSettings};
pub use url::{RelyingPartyUrl, UrlError};
