//! authenticatorGetAssertion, 0x02, and authenticatorGetNextAssertion, 0x08: proof that a
//! credential is held (CTAP 2.3 sections 6.2 and 6.3).

use super::extensions::{AssertionExtensions, AssertionOutputs};
use super::make_credential::encode_options;
use super::message::Members;
use super::{
    CommandCode, CredentialDescriptor, Member, PinUvAuth, Request, ResponseError, SecretBytes,
    UserEntity,
};
use crate::wire::authenticator_data::AuthenticatorData;
use crate::wire::cbor::{Encoded, Item, Map, MapBuilder, Value};

const CREDENTIAL: Member = Member::new(1, "credential");
const AUTH_DATA: Member = Member::new(2, "authData");
const SIGNATURE: Member = Member::new(3, "signature");
const USER: Member = Member::new(4, "user");
const NUMBER_OF_CREDENTIALS: Member = Member::new(5, "numberOfCredentials");
const USER_SELECTED: Member = Member::new(6, "userSelected");
const LARGE_BLOB_KEY: Member = Member::new(7, "largeBlobKey");
const UNSIGNED_EXTENSION_OUTPUTS: Member = Member::new(8, "unsignedExtensionOutputs");

/// Asks for an assertion. The option `rk` is not allowed here.
#[derive(Debug, Default)]
pub struct GetAssertion {
    /// Who wants it.
    pub rp_id: String,
    /// SHA-256 of the client data; what a token authenticates.
    pub client_data_hash: [u8; 32],
    /// Credentials that will do; any resident one when empty.
    pub allow_list: Vec<CredentialDescriptor>,
    /// Extension inputs.
    pub extensions: AssertionExtensions,
    /// `up`: absent means true; false asks only whether a credential is there.
    pub up: Option<bool>,
    /// `uv`: built-in user verification, for keys that give no token for it. Absent means false.
    pub uv: Option<bool>,
    /// Authentication of the client data hash with a token.
    pub pin_uv_auth: Option<PinUvAuth>,
}

/// Asks for the assertion of the next credential; within 30 seconds, and only while
/// [`AssertionResponse::number_of_credentials`] says that there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetNextAssertion;

/// An assertion.
#[derive(Debug)]
pub struct AssertionResponse {
    /// Which credential it is of. A key may leave it out when the allow list had one entry.
    pub credential: Option<CredentialDescriptor>,
    /// The authenticator data as signed.
    pub auth_data: Vec<u8>,
    /// The authenticator data, read.
    pub parsed: AuthenticatorData,
    /// The signature over the authenticator data and the client data hash.
    pub signature: Vec<u8>,
    /// Whose credential it is, for resident ones; names only after user verification.
    pub user: Option<UserEntity>,
    /// How many credentials there are, in the first of several answers only.
    pub number_of_credentials: Option<u64>,
    /// Whether a person chose the credential on the key's own display.
    pub user_selected: Option<bool>,
    /// The credential's key for large blobs.
    pub large_blob_key: Option<SecretBytes>,
    /// Extension outputs that are not signed.
    pub unsigned_extension_outputs: Option<Value>,
    /// Members that were there, but of another type.
    pub mistyped: Vec<Member>,
}

impl AssertionResponse {
    /// The extension outputs that are signed.
    pub fn extensions(&self) -> AssertionOutputs {
        AssertionOutputs::of(&self.parsed)
    }

    /// Reads an answer; `needs_credential` unless the request says which credential it is about.
    fn decode(map: Map<'_>, needs_credential: bool) -> Result<Self, ResponseError> {
        let mut members = Members::new(map);
        if needs_credential {
            members.required(CREDENTIAL, CredentialDescriptor::from_item)?;
        }
        let auth_data = members.required(AUTH_DATA, Item::bytes)?.to_vec();
        let parsed = AuthenticatorData::parse(&auth_data)
            .map_err(|error| ResponseError::of(AUTH_DATA, error))?;
        Ok(Self {
            credential: members.optional(CREDENTIAL, CredentialDescriptor::from_item),
            auth_data,
            parsed,
            signature: members.required(SIGNATURE, Item::bytes)?.to_vec(),
            user: members.optional(USER, UserEntity::from_item),
            number_of_credentials: members.optional(NUMBER_OF_CREDENTIALS, Item::unsigned),
            user_selected: members.optional(USER_SELECTED, Item::boolean),
            large_blob_key: members
                .optional(LARGE_BLOB_KEY, |item| item.bytes().map(SecretBytes::copy_of)),
            unsigned_extension_outputs: members.optional(UNSIGNED_EXTENSION_OUTPUTS, Item::value),
            mistyped: members.finish(),
        })
    }
}

impl Request for GetAssertion {
    type Response = AssertionResponse;

    fn command(&self) -> CommandCode {
        CommandCode::GET_ASSERTION
    }

    fn parameters(&self) -> Option<Encoded> {
        let map = MapBuilder::new()
            .member(0x01, Encoded::text(&self.rp_id))
            .member(0x02, Encoded::bytes(&self.client_data_hash))
            .optional(0x03, CredentialDescriptor::encode_list(&self.allow_list))
            .optional(0x04, self.extensions.encode())
            .optional(0x05, encode_options([("up", self.up), ("uv", self.uv)]))
            .optional(0x06, self.pin_uv_auth.as_ref().map(PinUvAuth::encode_param))
            .optional(0x07, self.pin_uv_auth.as_ref().map(PinUvAuth::encode_protocol));
        Some(map.build())
    }

    /// Only the answer to a request for one credential may leave out which one it is (section 6.2.3).
    fn decode(&self, map: Map<'_>) -> Result<AssertionResponse, ResponseError> {
        AssertionResponse::decode(map, self.allow_list.len() != 1)
    }
}

impl Request for GetNextAssertion {
    type Response = AssertionResponse;

    fn command(&self) -> CommandCode {
        CommandCode::GET_NEXT_ASSERTION
    }

    fn parameters(&self) -> Option<Encoded> {
        None
    }

    fn decode(&self, map: Map<'_>) -> Result<AssertionResponse, ResponseError> {
        AssertionResponse::decode(map, true)
    }
}

#[cfg(test)]
mod tests;
