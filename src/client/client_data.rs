//! Who asks, and the client data that says so (WebAuthn Level 3 section 5.8.1).

use super::ClientError;
use crate::webauthn::client_data::{ClientDataType, CollectedClientData, hash};
use crate::webauthn::origin::Origin;
use crate::webauthn::related_origins::{RelatedOrigins, Relation};
use crate::webauthn::rp_id::{RpId, RpIdError};
use crate::webauthn::verify::{ClientData, Expected};

/// The page that asks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Its origin.
    pub origin: Origin,
    /// Whether it is in a frame of a page of another origin.
    pub cross_origin: bool,
    /// The origin of that page.
    pub top_origin: Option<Origin>,
    /// The RP ID's list of related origins, where it is known.
    pub related_origins: Option<RelatedOrigins>,
}

impl Caller {
    /// A page that is in no frame.
    pub fn new(origin: Origin) -> Self {
        Self { origin, cross_origin: false, top_origin: None, related_origins: None }
    }

    /// Checks that the page may ask for an RP ID.
    ///
    /// # Errors
    ///
    /// [`RpIdError`] names the rule that is broken.
    pub fn check(&self, rp_id: &RpId) -> Result<(), RpIdError> {
        let Err(error) = rp_id.check_origin(&self.origin) else { return Ok(()) };
        let Some(list) = self.related_origins.as_ref().filter(|_| rp_id.is_domain()) else {
            return Err(error);
        };
        let origin = self.origin.to_string();
        match list.relation(&self.origin) {
            Relation::Related => Ok(()),
            Relation::NotListed => Err(RpIdError::NotRelated { origin }),
            Relation::BehindTooMany => Err(RpIdError::BehindTooMany { origin }),
        }
    }
}

/// Where the client data comes from.
#[derive(Clone, Debug)]
pub enum ClientDataSource {
    /// It is built here.
    Build {
        /// Who asks.
        caller: Caller,
        /// What must be signed.
        challenge: Vec<u8>,
    },
    /// It was built elsewhere and only its hash is known.
    Hash([u8; 32]),
}

/// Client data, ready to be signed.
pub(super) struct PreparedClientData {
    /// The bytes, where they are known.
    pub(super) json: Option<Vec<u8>>,
    pub(super) hash: [u8; 32],
    pub(super) expected: Expected,
}

impl PreparedClientData {
    /// What is known of what was signed.
    pub(super) fn signed(&self) -> ClientData<'_> {
        match &self.json {
            Some(json) => ClientData::Json(json),
            None => ClientData::Hash(self.hash),
        }
    }
}

impl ClientDataSource {
    /// Builds client data for a page that is in no frame.
    pub fn new(origin: Origin, challenge: Vec<u8>) -> Self {
        Self::Build { caller: Caller::new(origin), challenge }
    }

    /// Checks that who asks may ask for an RP ID.
    pub(super) fn check(&self, rp_id: &RpId) -> Result<(), RpIdError> {
        match self {
            Self::Build { caller, .. } => caller.check(rp_id),
            Self::Hash(_) => Ok(()),
        }
    }

    /// The origin that asks, where it is known.
    pub(super) fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Build { caller, .. } => Some(&caller.origin),
            Self::Hash(_) => None,
        }
    }

    /// Builds the client data and says what a verifier has to expect.
    pub(super) fn prepare(
        &self,
        kind: ClientDataType,
        rp_id: &RpId,
    ) -> Result<PreparedClientData, ClientError> {
        self.check(rp_id)?;
        let mut expected = Expected::new(rp_id.as_str());
        match self {
            Self::Build { caller, challenge } => {
                let top_origin = caller.top_origin.as_ref().map(ToString::to_string);
                expected.challenge = Some(challenge.clone());
                expected.origins = vec![caller.origin.to_string()];
                expected.cross_origin = caller.cross_origin;
                expected.top_origins = top_origin.iter().cloned().collect();
                let client_data = CollectedClientData {
                    kind,
                    challenge: challenge.clone(),
                    origin: caller.origin.to_string(),
                    cross_origin: caller.cross_origin,
                    top_origin,
                };
                let json = client_data.to_json();
                let hash = hash(&json);
                Ok(PreparedClientData { json: Some(json), hash, expected })
            }
            Self::Hash(hash) => Ok(PreparedClientData { json: None, hash: *hash, expected }),
        }
    }
}
