//! Relying parties, users and credential descriptors, as they stand in several commands (WebAuthn
//! Level 3 sections 5.4.2, 5.4.3 and 5.8.3).

use crate::wire::cbor::{CborError, Encoded, Item, MapBuilder};

/// The only credential type that there is.
const PUBLIC_KEY: &str = "public-key";

/// A relying party.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RelyingPartyEntity {
    /// The RP ID: a domain, or for OpenSSH a text that starts in `ssh:`.
    pub id: String,
    /// A name for people.
    pub name: Option<String>,
}

impl RelyingPartyEntity {
    pub(super) fn encode(&self) -> Encoded {
        let mut map = MapBuilder::new().text_member("id", Encoded::text(&self.id));
        if let Some(name) = &self.name {
            map = map.text_member("name", Encoded::text(name));
        }
        map.build()
    }
}

/// A user account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserEntity {
    /// The user handle, at most 64 bytes.
    pub id: Vec<u8>,
    /// The account's name. From a key: bytes that are not UTF-8 became U+FFFD.
    pub name: Option<String>,
    /// A name for people. From a key: bytes that are not UTF-8 became U+FFFD.
    pub display_name: Option<String>,
}

impl UserEntity {
    pub(super) fn encode(&self) -> Encoded {
        let mut map = MapBuilder::new().text_member("id", Encoded::bytes(&self.id));
        if let Some(name) = &self.name {
            map = map.text_member("name", Encoded::text(name));
        }
        if let Some(name) = &self.display_name {
            map = map.text_member("displayName", Encoded::text(name));
        }
        map.build()
    }

    /// Reads a user; a name of another type counts as absent.
    pub(super) fn from_item(item: Item<'_>) -> Result<Self, CborError> {
        let map = item.map()?;
        let id = map.get_text("id").ok_or(CborError::Missing("user id"))?.bytes()?;
        let name = |key| map.get_text(key).and_then(lossy_text);
        Ok(Self { id: id.to_vec(), name: name("name"), display_name: name("displayName") })
    }
}

pub(super) fn lossy_text(item: Item<'_>) -> Option<String> {
    item.text_lossy().ok().map(std::borrow::Cow::into_owned)
}

/// A credential, by its ID.
///
/// Only the ID and the type are ever sent: some keys (HyperFIDO) refuse a descriptor with
/// `transports` in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CredentialDescriptor {
    /// The credential ID.
    pub id: Vec<u8>,
}

impl CredentialDescriptor {
    /// Describes the credential with this ID.
    pub fn new(id: impl Into<Vec<u8>>) -> Self {
        Self { id: id.into() }
    }

    pub(super) fn encode(&self) -> Encoded {
        MapBuilder::new()
            .text_member("id", Encoded::bytes(&self.id))
            .text_member("type", Encoded::text(PUBLIC_KEY))
            .build()
    }

    /// Encodes a list, or nothing for an empty one.
    pub(super) fn encode_list(list: &[Self]) -> Option<Encoded> {
        (!list.is_empty()).then(|| Encoded::array(list.iter().map(Self::encode)))
    }

    pub(super) fn from_item(item: Item<'_>) -> Result<Self, CborError> {
        let map = item.map()?;
        let id = map.get_text("id").ok_or(CborError::Missing("credential id"))?.bytes()?;
        Ok(Self { id: id.to_vec() })
    }
}

/// One entry of `pubKeyCredParams`.
pub(super) fn encode_parameters(algorithm: crate::wire::cose::Algorithm) -> Encoded {
    MapBuilder::new()
        .text_member("alg", Encoded::integer(algorithm.0))
        .text_member("type", Encoded::text(PUBLIC_KEY))
        .build()
}
