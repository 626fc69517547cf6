//! What the library learned, with fidokey's names for it.

use anyhow::Result;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ctap_hid_fido2::FidoKeyHid;
use ctap_hid_fido2::auth_data::Flags;
use ctap_hid_fido2::fidokey::credential_management::credential_management_params::Credential;
use ctap_hid_fido2::fidokey::get_assertion::get_assertion_params::Assertion;
use ctap_hid_fido2::fidokey::make_credential::Attestation;
use serde_json::{Map, Value, json};

/// The members of getInfo that are not empty.
pub fn info(key: &FidoKeyHid) -> Result<Value> {
    // Its type cannot be named outside the library.
    let info = key.get_info()?;
    let options: Map<_, _> =
        info.options.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let members = json!({
        "versions": info.versions,
        "extensions": info.extensions,
        "aaguid": uuid(&info.aaguid),
        "options": options,
        "max_msg_size": info.max_msg_size,
        "pin_uv_auth_protocols": info.pin_uv_auth_protocols,
        "max_credential_count_in_list": info.max_credential_count_in_list,
        "max_credential_id_length": info.max_credential_id_length,
        "transports": info.transports,
        "max_serialized_large_blob_array": info.max_serialized_large_blob_array,
        "force_pin_change": info.force_pin_change,
        "min_pin_length": info.min_pin_length,
        "firmware_version": info.firmware_version,
        "max_cred_blob_length": info.max_cred_blob_length,
        "max_rpids_for_set_min_pin_length": info.max_rpids_for_set_min_pin_length,
        "preferred_platform_uv_attempts": info.preferred_platform_uv_attempts,
        "uv_modality": info.uv_modality,
        "remaining_discoverable_credentials": info.remaining_discoverable_credentials,
        "attestation_formats": info.attestation_formats,
        "long_touch_for_reset": info.long_touch_for_reset,
        "transports_for_reset": info.transports_for_reset,
        "max_pin_length": info.max_pin_length,
        "authenticator_config_commands": info.authenticator_config_commands,
    });
    let Value::Object(mut members) = members else { return Ok(Value::Null) };
    // The library does not tell what is absent from what is zero.
    members.retain(|_, value| *value != json!(0) && *value != json!(false) && *value != json!([]));
    Ok(members.into())
}

/// A discoverable credential.
pub fn credential(rp_id: &str, credential: &Credential) -> Value {
    let user = &credential.public_key_credential_user_entity;
    json!({
        "rp_id": rp_id,
        "id": text(&credential.public_key_credential_descriptor.id),
        "user_id": text(&user.id),
        "user_name": user.name,
        "user_display_name": user.display_name,
        "public_key": text(&credential.public_key.der),
    })
}

/// A new credential.
pub fn attestation(attestation: &Attestation) -> Value {
    json!({
        "id": text(&attestation.credential_descriptor.id),
        "aaguid": uuid(&attestation.aaguid),
        "format": attestation.fmt,
        "certificates": attestation.attstmt_x5c.len(),
        "flags": flags(&attestation.flags),
        "sign_count": attestation.sign_count,
        "public_key": text(&attestation.credential_publickey.der),
    })
}

/// An assertion.
pub fn assertion(assertion: &Assertion) -> Value {
    json!({
        "id": text(&assertion.credential_id),
        "user_id": text(&assertion.user.id),
        "user_name": assertion.user.name,
        "flags": flags(&assertion.flags),
        "sign_count": assertion.sign_count,
        "authenticator_data": text(&assertion.auth_data),
        "signature": text(&assertion.signature),
    })
}

fn flags(flags: &Flags) -> Value {
    json!({ "user_present": flags.user_present_result, "user_verified": flags.user_verified_result })
}

fn text(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn uuid(bytes: &[u8]) -> String {
    let hex: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default().concat();
    [part(0..4), part(4..6), part(6..8), part(8..10), part(10..16)].join("-")
}
