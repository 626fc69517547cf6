//! What a virtual key is set to at the factory.

use opensk::api::customization::Customization;
use opensk::api::persist::{AttestationId, keys};
use opensk::ctap::data_formats::{CredentialProtectionPolicy, EnterpriseAttestationMode};

use super::store::Entries;

/// The factory settings of a key.
///
/// Lasting keys have the default ones. The firmware's own defaults stand for whatever is not
/// here; its limits are named at each field and are not checked again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySettings {
    /// Its model.
    pub aaguid: [u8; 16],
    /// Whether it offers PIN/UV auth protocol one, after protocol two.
    ///
    /// The firmware cannot be made to offer protocol one alone, or first.
    pub allows_pin_protocol_one: bool,
    /// How many discoverable credentials it holds, at most 300.
    pub max_resident_keys: usize,
    /// How many credentials it takes in an allow or exclude list; it names no limit if `None`.
    pub max_credential_count_in_list: Option<usize>,
    /// The longest message in bytes that it takes, at most 7609.
    pub max_message_size: usize,
    /// The fewest code points of a PIN, 4 to 63.
    pub min_pin_length: u8,
    /// The relying parties that are told the shortest PIN length.
    pub min_pin_length_rp_ids: Vec<String>,
    /// Whether it always verifies its user, and cannot be told otherwise.
    pub always_uv: bool,
    /// The least protection of its credentials, 1 to 3, or what the relying party asks for.
    pub default_credential_protection: Option<u8>,
    /// Whom it gives enterprise attestation, once that was enabled.
    pub enterprise_mode: Option<EnterpriseMode>,
    /// With what it attests.
    pub attestation: Attestation,
}

/// Whom a key gives enterprise attestation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnterpriseMode {
    /// These relying parties, by the vendor's list.
    VendorFacilitated(Vec<String>),
    /// Whomever the platform lets ask.
    PlatformManaged,
}

/// With what a key attests that a credential is its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Attestation {
    /// With the credential itself.
    #[default]
    Itself,
    /// With a key that a whole batch of keys shares.
    Batch(AttestationKey),
    /// With the credential itself, or with a key of its own where enterprise attestation is asked
    /// for and granted.
    Enterprise(AttestationKey),
}

/// A P-256 key and the certificate that goes with it.
#[derive(Clone, PartialEq, Eq)]
pub struct AttestationKey {
    /// The private key, big-endian.
    pub private_key: [u8; 32],
    /// The certificate in DER.
    pub certificate: Vec<u8>,
}

impl std::fmt::Debug for AttestationKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("AttestationKey").finish_non_exhaustive()
    }
}

impl Default for KeySettings {
    fn default() -> Self {
        Self {
            aaguid: [0; 16],
            allows_pin_protocol_one: true,
            max_resident_keys: 300,
            max_credential_count_in_list: None,
            max_message_size: 7609,
            min_pin_length: 4,
            min_pin_length_rp_ids: Vec::new(),
            always_uv: false,
            default_credential_protection: None,
            enterprise_mode: None,
            attestation: Attestation::Itself,
        }
    }
}

impl KeySettings {
    /// What the factory writes into a key's memory.
    pub(super) fn factory_entries(&self) -> Entries {
        let mut entries = Entries::new();
        if self.aaguid != [0; 16] {
            entries.insert(keys::AAGUID, self.aaguid.to_vec());
        }
        let attestation = match &self.attestation {
            Attestation::Itself => None,
            Attestation::Batch(key) => Some((BATCH, key)),
            Attestation::Enterprise(key) => Some((ENTERPRISE, key)),
        };
        if let Some((id, key)) = attestation {
            entries.insert(keys::ATTESTATION_ID, vec![id]);
            entries.insert(keys::ATTESTATION_PRIVATE_KEY, key.private_key.to_vec());
            entries.insert(keys::ATTESTATION_CERTIFICATE, key.certificate.clone());
        }
        entries
    }
}

// The firmware numbers the kinds in an enum and reads the number from memory.
#[allow(clippy::as_conversions)]
const BATCH: u8 = AttestationId::Batch as u8;
#[allow(clippy::as_conversions)]
const ENTERPRISE: u8 = AttestationId::Enterprise as u8;

impl Customization for KeySettings {
    fn allows_pin_protocol_v1(&self) -> bool {
        self.allows_pin_protocol_one
    }

    fn default_cred_protect(&self) -> Option<CredentialProtectionPolicy> {
        match self.default_credential_protection? {
            1 => Some(CredentialProtectionPolicy::UserVerificationOptional),
            2 => Some(CredentialProtectionPolicy::UserVerificationOptionalWithCredentialIdList),
            _ => Some(CredentialProtectionPolicy::UserVerificationRequired),
        }
    }

    fn default_min_pin_length(&self) -> u8 {
        self.min_pin_length
    }

    fn default_min_pin_length_rp_ids(&self) -> Vec<String> {
        self.min_pin_length_rp_ids.clone()
    }

    fn enforce_always_uv(&self) -> bool {
        self.always_uv
    }

    fn enterprise_attestation_mode(&self) -> Option<EnterpriseAttestationMode> {
        match self.enterprise_mode.as_ref()? {
            EnterpriseMode::VendorFacilitated(_) => {
                Some(EnterpriseAttestationMode::VendorFacilitated)
            }
            EnterpriseMode::PlatformManaged => Some(EnterpriseAttestationMode::PlatformManaged),
        }
    }

    fn is_enterprise_rp_id(&self, rp_id: &str) -> bool {
        match &self.enterprise_mode {
            Some(EnterpriseMode::VendorFacilitated(rp_ids)) => {
                rp_ids.iter().any(|known| known == rp_id)
            }
            _ => false,
        }
    }

    fn max_msg_size(&self) -> usize {
        self.max_message_size
    }

    fn max_pin_retries(&self) -> u8 {
        MAX_PIN_RETRIES
    }

    fn use_batch_attestation(&self) -> bool {
        matches!(self.attestation, Attestation::Batch(_))
    }

    fn use_signature_counter(&self) -> bool {
        true
    }

    fn max_cred_blob_length(&self) -> usize {
        32
    }

    fn max_credential_count_in_list(&self) -> Option<usize> {
        self.max_credential_count_in_list
    }

    fn max_large_blob_array_size(&self) -> usize {
        2048
    }

    fn max_rp_ids_length(&self) -> usize {
        8
    }

    fn max_supported_resident_keys(&self) -> usize {
        self.max_resident_keys
    }
}

/// Wrong PINs in a row until the key takes none any more.
pub(super) const MAX_PIN_RETRIES: u8 = 8;
