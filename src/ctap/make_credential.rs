//! authenticatorMakeCredential, 0x01: a new credential (CTAP 2.3 section 6.1).

use super::entity::encode_parameters;
use super::extensions::{RegistrationExtensions, RegistrationOutputs};
use super::message::Members;
use super::{
    CommandCode, CredentialDescriptor, Effect, Member, PinUvAuth, RelyingPartyEntity, Request,
    ResponseError, SecretBytes, UserEntity,
};
use crate::wire::authenticator_data::AuthenticatorData;
use crate::wire::cbor::{CborError, Encoded, Item, Map, MapBuilder, Value};
use crate::wire::cose::Algorithm;

const FMT: Member = Member::new(1, "fmt");
const AUTH_DATA: Member = Member::new(2, "authData");
const ATT_STMT: Member = Member::new(3, "attStmt");
const EP_ATT: Member = Member::new(4, "epAtt");
const LARGE_BLOB_KEY: Member = Member::new(5, "largeBlobKey");
const UNSIGNED_EXTENSION_OUTPUTS: Member = Member::new(6, "unsignedExtensionOutputs");

/// Which enterprise attestation is wanted. It shows relying parties the key's serial number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnterpriseAttestation {
    /// For relying parties that the vendor put into the key.
    VendorFacilitated,
    /// For relying parties that the platform vouches for.
    PlatformManaged,
}

/// Asks for a new credential.
#[derive(Debug, Default)]
pub struct MakeCredential {
    /// SHA-256 of the client data; what a token authenticates.
    pub client_data_hash: [u8; 32],
    /// Who wants the credential.
    pub rp: RelyingPartyEntity,
    /// Whose credential it is to be.
    pub user: UserEntity,
    /// Algorithms, most wanted first.
    pub algorithms: Vec<Algorithm>,
    /// Credentials none of which the key may hold already.
    pub exclude_list: Vec<CredentialDescriptor>,
    /// Extension inputs.
    pub extensions: RegistrationExtensions,
    /// `rk`: resident. Absent means false; `Some(false)` is sent as such, which some keys refuse.
    pub rk: Option<bool>,
    /// `up`: absent means true, and nothing else is allowed.
    pub up: Option<bool>,
    /// `uv`: built-in user verification, for keys that give no token for it. Absent means false.
    pub uv: Option<bool>,
    /// Authentication of the client data hash with a token.
    pub pin_uv_auth: Option<PinUvAuth>,
    /// Enterprise attestation, if it is wanted.
    pub enterprise_attestation: Option<EnterpriseAttestation>,
    /// Attestation formats, most wanted first (CTAP 2.2).
    pub attestation_formats: Vec<String>,
}

/// A new credential.
#[derive(Debug)]
pub struct MakeCredentialResponse {
    /// The attestation statement format identifier.
    pub fmt: String,
    /// The authenticator data as signed.
    pub auth_data: Vec<u8>,
    /// The authenticator data, read; it has a credential.
    pub parsed: AuthenticatorData,
    /// The attestation statement, one CBOR map, as received.
    pub att_stmt: Vec<u8>,
    /// Whether enterprise attestation was given.
    pub ep_att: Option<bool>,
    /// The credential's key for large blobs.
    pub large_blob_key: Option<SecretBytes>,
    /// Extension outputs that are not signed.
    pub unsigned_extension_outputs: Option<Value>,
    /// Members that were there, but of another type.
    pub mistyped: Vec<Member>,
}

impl MakeCredentialResponse {
    /// The extension outputs that are signed.
    pub fn extensions(&self) -> RegistrationOutputs {
        RegistrationOutputs::of(&self.parsed)
    }
}

/// Encodes options; `None` when there are none.
pub(super) fn encode_options<const N: usize>(
    options: [(&str, Option<bool>); N],
) -> Option<Encoded> {
    let mut map = MapBuilder::new();
    for (id, value) in options {
        if let Some(value) = value {
            map = map.text_member(id, Encoded::boolean(value));
        }
    }
    (!map.is_empty()).then(|| map.build())
}

impl Request for MakeCredential {
    type Response = MakeCredentialResponse;

    fn command(&self) -> CommandCode {
        CommandCode::MAKE_CREDENTIAL
    }

    /// A credential that is not resident leaves nothing on the key.
    fn effect(&self) -> Option<Effect> {
        (self.rk == Some(true)).then_some(Effect::CredentialKept)
    }

    fn parameters(&self) -> Option<Encoded> {
        let algorithms = self.algorithms.iter().copied().map(encode_parameters);
        let options = [("rk", self.rk), ("up", self.up), ("uv", self.uv)];
        let enterprise = self.enterprise_attestation.map(|wanted| {
            Encoded::unsigned(match wanted {
                EnterpriseAttestation::VendorFacilitated => 1,
                EnterpriseAttestation::PlatformManaged => 2,
            })
        });
        let formats = (!self.attestation_formats.is_empty())
            .then(|| Encoded::array(self.attestation_formats.iter().map(|f| Encoded::text(f))));
        let map = MapBuilder::new()
            .member(0x01, Encoded::bytes(&self.client_data_hash))
            .member(0x02, self.rp.encode())
            .member(0x03, self.user.encode())
            .member(0x04, Encoded::array(algorithms))
            .optional(0x05, CredentialDescriptor::encode_list(&self.exclude_list))
            .optional(0x06, self.extensions.encode())
            .optional(0x07, encode_options(options))
            .optional(0x08, self.pin_uv_auth.as_ref().map(PinUvAuth::encode_param))
            .optional(0x09, self.pin_uv_auth.as_ref().map(PinUvAuth::encode_protocol))
            .optional(0x0a, enterprise)
            .optional(0x0b, formats);
        Some(map.build())
    }

    fn decode(&self, map: Map<'_>) -> Result<MakeCredentialResponse, ResponseError> {
        let mut members = Members::new(map);
        let fmt = members.required(FMT, Item::text)?.to_owned();
        let auth_data = members.required(AUTH_DATA, Item::bytes)?.to_vec();
        let parsed = AuthenticatorData::parse(&auth_data)
            .map_err(|error| ResponseError::of(AUTH_DATA, error))?;
        if parsed.attested_credential.is_none() {
            let missing = CborError::Missing("attestedCredentialData");
            return Err(ResponseError::of(AUTH_DATA, missing));
        }
        // The format "none" may come without a statement (CTAP 2.2).
        let statement = |item: Item<'_>| item.map().map(|map| map.raw().to_vec());
        let att_stmt = match members.map().get(ATT_STMT.number) {
            None if fmt == "none" => vec![0xa0],
            _ => members.required(ATT_STMT, statement)?,
        };
        Ok(MakeCredentialResponse {
            fmt,
            auth_data,
            parsed,
            att_stmt,
            ep_att: members.optional(EP_ATT, Item::boolean),
            large_blob_key: members
                .optional(LARGE_BLOB_KEY, |item| item.bytes().map(SecretBytes::copy_of)),
            unsigned_extension_outputs: members.optional(UNSIGNED_EXTENSION_OUTPUTS, Item::value),
            mistyped: members.finish(),
        })
    }
}

#[cfg(test)]
mod tests;
