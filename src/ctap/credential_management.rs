//! authenticatorCredentialManagement, 0x0a, and its preview, 0x41: what is on the key (CTAP 2.3
//! section 6.8). One request type for each subcommand.
//!
//! Any other command ends an enumeration, so all relying parties are fetched before the first
//! credential.

use super::entity::lossy_text;
use super::extensions::CredentialProtection;
use super::message::Members;
use super::{
    CommandCode, CredentialDescriptor, Effect, Member, PinUvAuth, PinUvAuthToken, Request,
    ResponseError, SecretBytes, UserEntity,
};
use crate::wire::cbor::{CborError, Encoded, Item, Map, MapBuilder};
use crate::wire::cose::CoseKey;
use sha2::{Digest, Sha256};
use thiserror::Error;

const EXISTING: Member = Member::new(0x01, "existingResidentCredentialsCount");
const REMAINING: Member = Member::new(0x02, "maxPossibleRemainingResidentCredentialsCount");
const RP: Member = Member::new(0x03, "rp");
const RP_ID_HASH: Member = Member::new(0x04, "rpIDHash");
const TOTAL_RPS: Member = Member::new(0x05, "totalRPs");
const USER: Member = Member::new(0x06, "user");
const CREDENTIAL_ID: Member = Member::new(0x07, "credentialID");
const PUBLIC_KEY: Member = Member::new(0x08, "publicKey");
const TOTAL_CREDENTIALS: Member = Member::new(0x09, "totalCredentials");
const CRED_PROTECT: Member = Member::new(0x0a, "credProtect");
const LARGE_BLOB_KEY: Member = Member::new(0x0b, "largeBlobKey");
const THIRD_PARTY_PAYMENT: Member = Member::new(0x0c, "thirdPartyPayment");

/// Which command number the key listens to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// 0x0a, with the option `credMgmt`.
    Standard,
    /// 0x41, with the option `credentialMgmtPreview`; it cannot update user information.
    Preview,
}

impl Dialect {
    fn command(self) -> CommandCode {
        match self {
            Self::Standard => CommandCode::CREDENTIAL_MANAGEMENT,
            Self::Preview => CommandCode::CREDENTIAL_MANAGEMENT_PREVIEW,
        }
    }
}

/// The preview cannot update user information.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the preview of credential management cannot change user information")]
pub struct NotInPreview;

/// Encodes a subcommand that a token authenticates: over its number, followed by its parameters
/// byte for byte as they are sent.
fn authenticated(number: u8, parameters: Option<Encoded>, token: &PinUvAuthToken) -> Encoded {
    let mut message = vec![number];
    message.extend_from_slice(parameters.as_ref().map_or(&[], Encoded::as_bytes));
    let auth: PinUvAuth = token.authenticate(&message);
    MapBuilder::new()
        .member(0x01, Encoded::unsigned(number.into()))
        .optional(0x02, parameters)
        .member(0x03, auth.encode_protocol())
        .member(0x04, auth.encode_param())
        .build()
}

macro_rules! requests {
    ($($(#[$doc:meta])* $name:ident -> $response:ty, $decode:path;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug)]
            pub struct $name {
                dialect: Dialect,
                parameters: Encoded,
            }

            impl Request for $name {
                type Response = $response;

                fn command(&self) -> CommandCode {
                    self.dialect.command()
                }

                fn parameters(&self) -> Option<Encoded> {
                    Some(self.parameters.clone())
                }

                fn decode(&self, map: Map<'_>) -> Result<$response, ResponseError> {
                    $decode(map)
                }
            }
        )*
    };
}

requests! {
    /// Subcommand 0x01: how many resident credentials there are, and room for how many more.
    GetCredsMetadata -> CredsMetadata, CredsMetadata::decode;
    /// Subcommand 0x02: the first relying party, and how many there are.
    EnumerateRpsBegin -> FirstRelyingParty, FirstRelyingParty::decode;
    /// Subcommand 0x03: the next relying party.
    EnumerateRpsGetNextRp -> RelyingPartyEntry, RelyingPartyEntry::decode;
    /// Subcommand 0x04: a relying party's first credential, and how many it has.
    EnumerateCredentialsBegin -> FirstCredential, FirstCredential::decode;
    /// Subcommand 0x05: the next credential.
    EnumerateCredentialsGetNextCredential -> CredentialEntry, CredentialEntry::decode;
}

impl GetCredsMetadata {
    /// Permission `cm`, or the lasting `pcmr`.
    pub fn new(dialect: Dialect, token: &PinUvAuthToken) -> Self {
        Self { dialect, parameters: authenticated(0x01, None, token) }
    }
}

impl EnumerateRpsBegin {
    /// Permission `cm`, or the lasting `pcmr`.
    pub fn new(dialect: Dialect, token: &PinUvAuthToken) -> Self {
        Self { dialect, parameters: authenticated(0x02, None, token) }
    }
}

impl EnumerateCredentialsBegin {
    /// Permission `cm`, or the lasting `pcmr`.
    pub fn new(dialect: Dialect, token: &PinUvAuthToken, rp_id_hash: &[u8; 32]) -> Self {
        let parameters = MapBuilder::new().member(0x01, Encoded::bytes(rp_id_hash)).build();
        Self { dialect, parameters: authenticated(0x04, Some(parameters), token) }
    }
}

/// A subcommand without token, which goes on where another began.
fn next(number: u64) -> Encoded {
    MapBuilder::new().member(0x01, Encoded::unsigned(number)).build()
}

impl EnumerateRpsGetNextRp {
    /// Goes on after [`EnumerateRpsBegin`].
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect, parameters: next(0x03) }
    }
}

impl EnumerateCredentialsGetNextCredential {
    /// Goes on after [`EnumerateCredentialsBegin`].
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect, parameters: next(0x05) }
    }
}

/// Requests whose success says everything; a body is not looked at.
macro_rules! changes {
    ($($(#[$doc:meta])* $name:ident $effect:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug)]
            pub struct $name {
                dialect: Dialect,
                parameters: Encoded,
            }

            impl Request for $name {
                type Response = ();

                fn command(&self) -> CommandCode {
                    self.dialect.command()
                }

                fn parameters(&self) -> Option<Encoded> {
                    Some(self.parameters.clone())
                }

                fn effect(&self) -> Option<Effect> {
                    Some(Effect::$effect)
                }

                fn decode(&self, _: Map<'_>) -> Result<(), ResponseError> {
                    Ok(())
                }

                fn decode_body(&self, _: &[u8]) -> Result<(), ResponseError> {
                    Ok(())
                }
            }
        )*
    };
}

changes! {
    /// Subcommand 0x06: deletes a credential.
    DeleteCredential CredentialDeleted;
    /// Subcommand 0x07: changes a credential's user names.
    UpdateUserInformation NamesChanged;
}

impl DeleteCredential {
    /// Permission `cm`.
    pub fn new(
        dialect: Dialect,
        token: &PinUvAuthToken,
        credential: &CredentialDescriptor,
    ) -> Self {
        let parameters = MapBuilder::new().member(0x02, credential.encode()).build();
        Self { dialect, parameters: authenticated(0x06, Some(parameters), token) }
    }
}

impl UpdateUserInformation {
    /// Permission `cm`. The user ID must be the one that the credential has; a name that is absent
    /// or empty is removed.
    ///
    /// # Errors
    ///
    /// [`NotInPreview`].
    pub fn new(
        dialect: Dialect,
        token: &PinUvAuthToken,
        credential: &CredentialDescriptor,
        user: &UserEntity,
    ) -> Result<Self, NotInPreview> {
        if dialect == Dialect::Preview {
            return Err(NotInPreview);
        }
        let parameters =
            MapBuilder::new().member(0x02, credential.encode()).member(0x03, user.encode()).build();
        Ok(Self { dialect, parameters: authenticated(0x07, Some(parameters), token) })
    }
}

/// How full the key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CredsMetadata {
    /// Resident credentials on the key.
    pub existing: u64,
    /// The key's estimate of how many more fit.
    pub max_remaining: u64,
}

impl CredsMetadata {
    fn decode(map: Map<'_>) -> Result<Self, ResponseError> {
        let members = Members::new(map);
        Ok(Self {
            existing: members.required(EXISTING, Item::unsigned)?,
            max_remaining: members.required(REMAINING, Item::unsigned)?,
        })
    }
}

/// A relying party with credentials on the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelyingPartyEntry {
    /// The RP ID as the key kept it: some cut it to 32 bytes, and bytes that are not UTF-8 became
    /// U+FFFD. See [`RelyingPartyEntry::id_is_whole`].
    pub id: Option<String>,
    /// A name for people, where the key keeps one.
    pub name: Option<String>,
    /// SHA-256 of the whole RP ID, by which the relying party is matched.
    pub rp_id_hash: [u8; 32],
    /// Members that were there, but of another type.
    pub mistyped: Vec<Member>,
}

impl RelyingPartyEntry {
    /// Whether the RP ID is the one that was hashed, neither cut nor mended.
    pub fn id_is_whole(&self) -> bool {
        self.id.as_ref().is_some_and(|id| Sha256::digest(id) == self.rp_id_hash)
    }

    fn decode(map: Map<'_>) -> Result<Self, ResponseError> {
        let mut members = Members::new(map);
        Self::read(&mut members).map(|entry| Self { mistyped: members.finish(), ..entry })
    }

    fn read(members: &mut Members<'_>) -> Result<Self, ResponseError> {
        let rp = members.optional(RP, Item::map);
        let text = |key| rp.as_ref().and_then(|rp| rp.get_text(key)).and_then(lossy_text);
        Ok(Self {
            id: text("id"),
            name: text("name"),
            rp_id_hash: members.required(RP_ID_HASH, Item::bytes_exact)?,
            mistyped: Vec::new(),
        })
    }
}

/// The beginning of the list of relying parties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstRelyingParty {
    /// How many relying parties there are.
    pub total: u64,
    /// The first of them; `None` on an empty key, of which some say it this way and some with the
    /// status NO_CREDENTIALS.
    pub first: Option<RelyingPartyEntry>,
}

impl FirstRelyingParty {
    fn decode(map: Map<'_>) -> Result<Self, ResponseError> {
        let mut members = Members::new(map);
        let has_entry = members.map().get(RP_ID_HASH.number).is_some();
        let total = members.optional(TOTAL_RPS, Item::unsigned);
        // A key that names a relying party, but not how many there are, has at least that one.
        let total = total.unwrap_or_else(|| has_entry.into());
        if total == 0 {
            return Ok(Self { total, first: None });
        }
        let entry = RelyingPartyEntry::read(&mut members)?;
        Ok(Self { total, first: Some(RelyingPartyEntry { mistyped: members.finish(), ..entry }) })
    }
}

/// A resident credential.
#[derive(Debug)]
pub struct CredentialEntry {
    /// The credential's ID.
    pub credential: CredentialDescriptor,
    /// Whose it is; `None` only where the key's answer is faulty.
    pub user: Option<UserEntity>,
    /// The public key; `None` only where the key's answer is faulty.
    pub public_key: Option<CoseKey>,
    /// When it may be found and used.
    pub cred_protect: Option<CredentialProtection>,
    /// Its key for large blobs.
    pub large_blob_key: Option<SecretBytes>,
    /// Whether others may ask for payments with it (CTAP 2.3).
    pub third_party_payment: Option<bool>,
    /// Members that were there, but of another type.
    pub mistyped: Vec<Member>,
}

impl CredentialEntry {
    fn decode(map: Map<'_>) -> Result<Self, ResponseError> {
        let mut members = Members::new(map);
        Self::read(&mut members).map(|entry| Self { mistyped: members.finish(), ..entry })
    }

    fn read(members: &mut Members<'_>) -> Result<Self, ResponseError> {
        let secret = |item: Item<'_>| Ok::<_, CborError>(SecretBytes::copy_of(item.bytes()?));
        Ok(Self {
            credential: members.required(CREDENTIAL_ID, CredentialDescriptor::from_item)?,
            user: members.optional(USER, UserEntity::from_item),
            public_key: members.optional(PUBLIC_KEY, CoseKey::from_item),
            cred_protect: members.optional(CRED_PROTECT, CredentialProtection::from_item),
            large_blob_key: members.optional(LARGE_BLOB_KEY, secret),
            third_party_payment: members.optional(THIRD_PARTY_PAYMENT, Item::boolean),
            mistyped: Vec::new(),
        })
    }
}

/// The beginning of a relying party's list of credentials.
#[derive(Debug)]
pub struct FirstCredential {
    /// How many credentials the relying party has; at least one.
    pub total: u64,
    /// The first of them.
    pub first: CredentialEntry,
}

impl FirstCredential {
    fn decode(map: Map<'_>) -> Result<Self, ResponseError> {
        let mut members = Members::new(map);
        let total = members.optional(TOTAL_CREDENTIALS, Item::unsigned).unwrap_or(1).max(1);
        let entry = CredentialEntry::read(&mut members)?;
        Ok(Self { total, first: CredentialEntry { mistyped: members.finish(), ..entry } })
    }
}

#[cfg(test)]
mod tests;
