//! Why a request came to nothing.

use crate::authenticator::AuthenticatorError;
use crate::webauthn::json::ResponseError;
use crate::webauthn::rp_id::RpIdError;
use thiserror::Error;

/// Why a request came to nothing.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The relying party's ID does not fit the origin, or is none. Nothing was sent.
    #[error(transparent)]
    RpId(#[from] RpIdError),
    /// The ceremony on the key failed.
    #[error(transparent)]
    Authenticator(#[from] AuthenticatorError),
    /// The key's result cannot be made into a WebAuthn response.
    #[error(transparent)]
    Response(#[from] ResponseError),
}
