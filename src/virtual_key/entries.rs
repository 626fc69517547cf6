//! The entries of a key's memory, checked before the firmware sees them.
//!
//! The firmware trusts its own flash: it unwraps what it reads on start, and answers with an
//! internal error to a credential that it cannot read. A file can say anything, so every entry is
//! held against what the firmware would have written.

use super::settings::MAX_PIN_RETRIES;
use super::store::Entries;
use opensk::api::persist::keys;
use opensk::ctap::cbor_read;
use opensk::ctap::data_formats::{
    PublicKeyCredentialSource, extract_array, extract_byte_string, extract_integer,
    extract_text_string,
};
use std::collections::BTreeSet;
use zeroize::Zeroizing;

/// What is in a key's memory, as far as it is anybody's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contents {
    /// How many discoverable credentials there are.
    pub credentials: usize,
    /// Whether a PIN is set.
    pub pin_is_set: bool,
    /// How many wrong PINs it still takes.
    pub pin_retries: u8,
}

impl Contents {
    pub(super) fn of(entries: &Entries) -> Self {
        let failed = entries.get(&keys::PIN_RETRIES).and_then(|value| value.first().copied());
        Self {
            credentials: entries.range(keys::CREDENTIALS).count(),
            pin_is_set: entries.contains_key(&keys::PIN_PROPERTIES),
            pin_retries: MAX_PIN_RETRIES.saturating_sub(failed.unwrap_or(0)),
        }
    }
}

/// The most bytes in one piece of the large-blob array.
const MAX_BLOB_PIECE: usize = 1023;

/// The bytes of a P-256 and of an Ed25519 private key as the firmware writes them.
const ES256_KEY_LENGTH: usize = 32;
const EDDSA_KEY_LENGTH: usize = 64;

/// COSE's numbers of the algorithms that the firmware knows.
const ES256: i64 = -7;
const EDDSA: i64 = -8;

/// Checks all entries.
///
/// # Errors
///
/// The number of an entry that the firmware would not have written, and what is wrong with it.
pub(super) fn check(entries: &Entries) -> Result<(), (usize, &'static str)> {
    let mut credential_ids = BTreeSet::new();
    for (&key, value) in entries {
        check_entry(key, value, &mut credential_ids).map_err(|reason| (key, reason))?;
    }
    let attestation =
        [keys::ATTESTATION_PRIVATE_KEY, keys::ATTESTATION_CERTIFICATE, keys::ATTESTATION_ID];
    let present = attestation.iter().filter(|key| entries.contains_key(key)).count();
    if present != 0 && present != attestation.len() {
        return Err((keys::ATTESTATION_ID, "an attestation key of which a part is missing"));
    }
    Ok(())
}

fn check_entry(
    key: usize,
    value: &[u8],
    credential_ids: &mut BTreeSet<Vec<u8>>,
) -> Result<(), &'static str> {
    let fits =
        |fits: bool| if fits { Ok(()) } else { Err("a length or value that it cannot have") };
    match key {
        keys::ATTESTATION_PRIVATE_KEY => fits(value.len() == ES256_KEY_LENGTH),
        keys::ATTESTATION_CERTIFICATE => fits(!value.is_empty()),
        keys::ATTESTATION_ID => fits(matches!(value, [1 | 2])),
        keys::AAGUID => fits(value.len() == 16),
        keys::RESET_COMPLETION
        | keys::ALWAYS_UV
        | keys::ENTERPRISE_ATTESTATION
        | keys::FORCE_PIN_CHANGE => fits(value.is_empty()),
        _ if keys::CREDENTIALS.contains(&key) => {
            let credential_id = check_credential(value).ok_or("not a credential")?;
            let is_new = credential_ids.insert(credential_id);
            if is_new { Ok(()) } else { Err("a credential that is there twice") }
        }
        _ if keys::LARGE_BLOB_SHARDS.contains(&key) => {
            fits((1..=MAX_BLOB_PIECE).contains(&value.len()))
        }
        keys::MIN_PIN_LENGTH_RP_IDS => check_rp_ids(value).ok_or("not a list of relying parties"),
        keys::MIN_PIN_LENGTH => fits(matches!(value, [4..=63])),
        keys::PIN_RETRIES => fits(value.len() == 1),
        keys::PIN_PROPERTIES => fits(value.len() == 17),
        keys::KEY_STORE => fits(value.len() == 128),
        keys::GLOBAL_SIGNATURE_COUNTER => fits(value.len() == 4),
        _ => Err("nothing that this firmware knows"),
    }
}

/// Reads a credential as the firmware does, and gives its ID.
fn check_credential(value: &[u8]) -> Option<Vec<u8>> {
    let credential = PublicKeyCredentialSource::try_from(cbor_read(value).ok()?).ok()?;
    let mut key = extract_array(credential.wrapped_private_key).ok()?.into_iter();
    let algorithm = extract_integer(key.next()?).ok()?;
    let bytes = Zeroizing::new(extract_byte_string(key.next()?).ok()?);
    let is_key = match (algorithm, bytes.len()) {
        // Zero, and what is not below the curve's order, is no key; the firmware would panic on it.
        (ES256, ES256_KEY_LENGTH) => p256::SecretKey::from_slice(&bytes).is_ok(),
        (EDDSA, EDDSA_KEY_LENGTH) => true,
        _ => false,
    };
    (is_key && key.next().is_none()).then_some(credential.credential_id)
}

fn check_rp_ids(value: &[u8]) -> Option<()> {
    extract_array(cbor_read(value).ok()?)
        .ok()?
        .into_iter()
        .try_for_each(|rp_id| extract_text_string(rp_id).ok().map(drop))
}
