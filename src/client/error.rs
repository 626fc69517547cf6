//! Why a request came to nothing.

use crate::authenticator::AuthenticatorError;
use crate::webauthn::app_id::AppIdError;
use crate::webauthn::json::ResponseError;
use crate::webauthn::rp_id::RpIdError;
use thiserror::Error;

/// A rule of an extension that options break; a browser refuses them, too.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ExtensionError {
    /// It belongs to the other ceremony.
    #[error("`{member}` is only for {ceremony}")]
    OtherCeremony {
        /// The member below `extensions`.
        member: &'static str,
        /// The ceremony that it is for.
        ceremony: &'static str,
    },
    /// The credentials in `prf.evalByCredential` are not all in the list.
    #[error("`prf.evalByCredential` names a credential that is not in `allowCredentials`")]
    EvalByCredential,
    /// A large blob is read or written, not both.
    #[error("`largeBlob.read` and `largeBlob.write` exclude each other")]
    LargeBlobReadAndWrite,
    /// A large blob is written for one credential.
    #[error("`largeBlob.write` needs exactly one credential in `allowCredentials`")]
    LargeBlobWrite,
    /// The AppID cannot be used.
    #[error("`{member}` cannot be used: {source}")]
    AppId {
        /// The member below `extensions`.
        member: &'static str,
        /// Why.
        source: AppIdError,
    },
}

/// Why a request came to nothing.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The relying party's ID does not fit the origin, or is none. Nothing was sent.
    #[error(transparent)]
    RpId(#[from] RpIdError),
    /// The options break a rule of an extension. Nothing was sent.
    #[error(transparent)]
    Extension(#[from] ExtensionError),
    /// The ceremony on the key failed.
    #[error(transparent)]
    Authenticator(#[from] AuthenticatorError),
    /// The key's result cannot be made into a WebAuthn response.
    #[error(transparent)]
    Response(#[from] ResponseError),
}
