//! Authenticator data (WebAuthn Level 3 section 6.1), right or wrong.

use crate::wire::authenticator_data::Aaguid;
use sha2::{Digest, Sha256};

/// UP: somebody was there.
pub const UP: u8 = 0x01;
/// UV: it was the right person.
pub const UV: u8 = 0x04;
/// BE: the credential may be backed up.
pub const BE: u8 = 0x08;
/// BS: the credential is backed up.
pub const BS: u8 = 0x10;
/// AT: attested credential data follows.
pub const AT: u8 = 0x40;
/// ED: extension outputs follow.
pub const ED: u8 = 0x80;

/// Attested credential data (section 6.5.1).
#[derive(Clone, Debug)]
pub struct CredentialPlan {
    /// The key's model.
    pub aaguid: Aaguid,
    /// The credential's ID.
    pub id: Vec<u8>,
    /// The public key, in COSE's form.
    pub public_key: Vec<u8>,
}

/// Authenticator data to be written.
#[derive(Clone, Debug)]
pub struct AuthenticatorDataPlan {
    /// SHA-256 of the RP ID.
    pub rp_id_hash: [u8; 32],
    /// UP, UV, BE and BS; AT and ED are set by what follows.
    pub flags: u8,
    /// The signature counter.
    pub sign_count: u32,
    /// The credential, in a registration.
    pub credential: Option<CredentialPlan>,
    /// Extension outputs, a CBOR map.
    pub extensions: Option<Vec<u8>>,
    /// Whether ED is set, where that differs from whether there are extension outputs.
    pub extension_flag: Option<bool>,
    /// How many bytes are missing at the end.
    pub cut: usize,
    /// What follows that should not.
    pub trailing: Vec<u8>,
}

impl AuthenticatorDataPlan {
    /// What an honest authenticator writes that has verified who is there.
    pub fn honest(rp_id: &str, sign_count: u32, credential: Option<CredentialPlan>) -> Self {
        Self {
            rp_id_hash: Sha256::digest(rp_id).into(),
            flags: UP | UV,
            sign_count,
            credential,
            extensions: None,
            extension_flag: None,
            cut: 0,
            trailing: Vec::new(),
        }
    }

    /// The bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut flags = self.flags;
        if self.credential.is_some() {
            flags |= AT;
        }
        if self.extension_flag.unwrap_or(self.extensions.is_some()) {
            flags |= ED;
        }
        let mut bytes = self.rp_id_hash.to_vec();
        bytes.push(flags);
        bytes.extend(self.sign_count.to_be_bytes());
        if let Some(credential) = &self.credential {
            bytes.extend(credential.aaguid.0);
            let length = u16::try_from(credential.id.len()).unwrap_or(u16::MAX);
            bytes.extend(length.to_be_bytes());
            bytes.extend_from_slice(&credential.id);
            bytes.extend_from_slice(&credential.public_key);
        }
        bytes.extend_from_slice(self.extensions.as_deref().unwrap_or_default());
        bytes.truncate(bytes.len().saturating_sub(self.cut));
        bytes.extend_from_slice(&self.trailing);
        bytes
    }
}
