//! A WebAuthn client: options, rules, ceremony, response.
//!
//! Everything that makes or uses a credential goes through here: a request is checked against the
//! rules, carried out on a key, and its result verified before anybody sees it. Requests come as
//! plain structs; reading them from WebAuthn's options JSON is a matter of filling these structs.

mod assertion;
mod credentials;
mod error;
mod registration;
mod saved;
mod wishes;

pub use assertion::{Asserted, AssertionRequest, KnownRegistration, assert};
pub use credentials::{CredentialIndex, FindError, IdError, IndexedCredential, TypedId};
pub use error::ClientError;
pub use registration::{Registered, RegistrationRequest, register};
pub use saved::{ReadRegistration, SavedRegistration, SavedRegistrationError};

use crate::webauthn::client_data::{ClientDataType, CollectedClientData, hash};
use crate::webauthn::origin::Origin;
use crate::webauthn::rp_id::RpId;
use crate::webauthn::verify::Expected;

/// Where the client data comes from.
#[derive(Clone, Debug)]
pub enum ClientDataSource {
    /// It is built here.
    Build {
        /// Who asks.
        origin: Origin,
        /// What must be signed.
        challenge: Vec<u8>,
    },
    /// It was built elsewhere and only its hash is known.
    Hash([u8; 32]),
}

/// Client data, ready to be signed.
struct PreparedClientData {
    /// The bytes, where they are known.
    json: Option<Vec<u8>>,
    hash: [u8; 32],
    expected: Expected,
}

impl ClientDataSource {
    /// Builds the client data and says what a verifier has to expect.
    fn prepare(
        &self,
        kind: ClientDataType,
        rp_id: &RpId,
    ) -> Result<PreparedClientData, ClientError> {
        let mut expected = Expected::new(rp_id.as_str());
        match self {
            Self::Build { origin, challenge } => {
                rp_id.check_origin(origin)?;
                expected.challenge = Some(challenge.clone());
                expected.origins = vec![origin.to_string()];
                let client_data = CollectedClientData {
                    kind,
                    challenge: challenge.clone(),
                    origin: origin.to_string(),
                    cross_origin: false,
                    top_origin: None,
                };
                let json = client_data.to_json();
                let hash = hash(&json);
                Ok(PreparedClientData { json: Some(json), hash, expected })
            }
            Self::Hash(hash) => Ok(PreparedClientData { json: None, hash: *hash, expected }),
        }
    }
}
