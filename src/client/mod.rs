//! A WebAuthn client: options, rules, ceremony, response.
//!
//! Everything that makes or uses a credential goes through here: a request is checked against the
//! rules, carried out on a key, and its result verified before anybody sees it. Requests are plain
//! structs; [`RegistrationRequest::from_options`] and [`AssertionRequest::from_options`] fill them
//! from WebAuthn's options.

mod assertion;
mod client_data;
mod credentials;
mod error;
mod extensions;
mod options;
mod registration;
mod saved;
mod wishes;

pub use assertion::{Asserted, AssertionRequest, KnownRegistration, LargeBlobProblem, assert};
pub use client_data::{Caller, ClientDataSource};
pub use credentials::{CredentialIndex, FindError, IdError, IndexedCredential, TypedId};
pub use error::{ClientError, ExtensionError};
pub use extensions::{LeftOut, LeftOutReason};
pub use options::Expectations;
pub use registration::{Registered, RegistrationRequest, register};
pub use saved::{ReadRegistration, SavedRegistration, SavedRegistrationError};
