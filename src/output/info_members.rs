//! getInfo as JSON: every member under the specification's name, absent where the key does not
//! state it.

use crate::ctap::get_info::{Info, UnknownKey};
use crate::webauthn::base64url;
use crate::wire::cbor;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The methods of built-in user verification, bits of the FIDO registry (section 3.1).
const UV_MODALITIES: [(u64, &str, &str); 13] = [
    (0x0001, "presence_internal", "touch"),
    (0x0002, "fingerprint_internal", "fingerprint"),
    (0x0004, "passcode_internal", "PIN on the key"),
    (0x0008, "voiceprint_internal", "voice"),
    (0x0010, "faceprint_internal", "face"),
    (0x0020, "location_internal", "location"),
    (0x0040, "eyeprint_internal", "eye"),
    (0x0080, "pattern_internal", "pattern on the key"),
    (0x0100, "handprint_internal", "hand"),
    (0x0200, "none", "none"),
    (0x0400, "all", "all of these together"),
    (0x0800, "passcode_external", "PIN on the computer"),
    (0x1000, "pattern_external", "pattern on the computer"),
];

/// The methods in a member `uvModality`: the registry's names or, for people, words. Bits that are
/// not known are kept as a number.
pub fn uv_modalities(bits: u64, for_people: bool) -> Vec<String> {
    let known = UV_MODALITIES.iter().filter(|(bit, ..)| bits & bit != 0);
    let mut names: Vec<String> = known
        .map(|(_, name, words)| (if for_people { *words } else { *name }).to_owned())
        .collect();
    let unknown = UV_MODALITIES.iter().fold(bits, |rest, (bit, ..)| rest & !bit);
    if unknown != 0 {
        names.push(format!("0x{unknown:x}"));
    }
    names
}

/// Every member of getInfo as one JSON object.
pub fn document(info: &Info) -> Value {
    let mut members = Members(Map::new());
    let m = &mut members;
    m.put("versions", Some(&info.versions));
    m.put("extensions", info.extensions.as_ref());
    m.put("aaguid", info.aaguid.map(|aaguid| aaguid.to_string()));
    m.put("options", info.options.as_ref().map(|options| object(options.iter())));
    m.put("max_msg_size", info.max_msg_size);
    m.put("pin_uv_auth_protocols", info.pin_uv_auth_protocols.as_ref());
    m.put("max_credential_count_in_list", info.max_credential_count_in_list);
    m.put("max_credential_id_length", info.max_credential_id_length);
    m.put("transports", info.transports.as_ref());
    m.put(
        "algorithms",
        info.algorithms.as_ref().map(|all| all.iter().map(|one| one.0).collect::<Vec<_>>()),
    );
    m.put("max_serialized_large_blob_array", info.max_serialized_large_blob_array);
    m.put("force_pin_change", info.force_pin_change);
    m.put("min_pin_length", info.min_pin_length);
    m.put("firmware_version", info.firmware_version);
    m.put("max_cred_blob_length", info.max_cred_blob_length);
    m.put("max_rpids_for_set_min_pin_length", info.max_rpids_for_set_min_pin_length);
    m.put("preferred_platform_uv_attempts", info.preferred_platform_uv_attempts);
    m.put("uv_modality", info.uv_modality);
    m.put("uv_modality_names", info.uv_modality.map(|bits| uv_modalities(bits, false)));
    let certifications = info.certifications.as_ref();
    m.put(
        "certifications",
        certifications.map(|all| object(all.iter().map(|(name, level)| (name.as_str(), *level)))),
    );
    m.put("remaining_discoverable_credentials", info.remaining_discoverable_credentials);
    // All 64 bits are used, more than many readers of JSON keep of a number.
    let commands = info.vendor_prototype_config_commands.as_ref();
    m.put("vendor_prototype_config_commands", commands.map(|all| hexadecimal(all)));
    m.put("attestation_formats", info.attestation_formats.as_ref());
    m.put("uv_count_since_last_pin_entry", info.uv_count_since_last_pin_entry);
    m.put("long_touch_for_reset", info.long_touch_for_reset);
    m.put("enc_identifier", info.enc_identifier.as_deref().map(base64url::encode));
    m.put("transports_for_reset", info.transports_for_reset.as_ref());
    m.put("pin_complexity_policy", info.pin_complexity_policy);
    m.put("pin_complexity_policy_url", info.pin_complexity_policy_url.as_ref());
    m.put("max_pin_length", info.max_pin_length);
    m.put("enc_cred_store_state", info.enc_cred_store_state.as_deref().map(base64url::encode));
    m.put("authenticator_config_commands", info.authenticator_config_commands.as_ref());
    Value::Object(members.0)
}

struct Members(Map<String, Value>);

impl Members {
    fn put(&mut self, name: &str, value: Option<impl Serialize>) {
        // Plain values are always JSON.
        if let Some(value) = value.and_then(|value| serde_json::to_value(value).ok()) {
            self.0.insert(name.to_owned(), value);
        }
    }
}

fn object<'a, T: Serialize>(members: impl Iterator<Item = (&'a str, T)>) -> Value {
    Value::Object(members.map(|(name, value)| (name.to_owned(), json!(value))).collect())
}

fn hexadecimal(numbers: &[u64]) -> Vec<String> {
    numbers.iter().map(|number| format!("0x{number:x}")).collect()
}

/// A member that fidokey does not know, or that is not what it should be.
#[derive(Debug, Serialize)]
pub struct OddMember {
    /// The member's key in CBOR's diagnostic notation.
    pub key: String,
    /// The specification's name, where it has one.
    pub name: Option<&'static str>,
    /// The value in CBOR's diagnostic notation.
    pub value: String,
}

/// The members that are not known.
pub fn unknown(info: &Info) -> Vec<OddMember> {
    let odd = info.unknown.iter().map(|(key, value)| OddMember {
        key: match key {
            UnknownKey::Number(number) => number.to_string(),
            UnknownKey::Text(text) => cbor::Value::Text(text.clone()).to_string(),
            UnknownKey::Other(bytes) => diagnostic(bytes),
        },
        name: None,
        value: value.to_string(),
    });
    odd.collect()
}

/// The members that the specification knows and that are of another type.
pub fn mistyped(info: &Info) -> Vec<OddMember> {
    if info.mistyped.is_empty() {
        return Vec::new();
    }
    let map = cbor::parse(&info.raw).and_then(cbor::Item::map).ok();
    let odd = info.mistyped.iter().map(|member| OddMember {
        key: member.number.to_string(),
        name: Some(member.name),
        value: match map.as_ref().and_then(|map| map.get(member.number)) {
            Some(item) => diagnostic(item.raw()),
            None => "absent".to_owned(),
        },
    });
    odd.collect()
}

/// CBOR in diagnostic notation, or its bytes where it is no readable tree.
fn diagnostic(bytes: &[u8]) -> String {
    let value = cbor::parse(bytes).and_then(cbor::Item::value);
    value.unwrap_or_else(|_| cbor::Value::Bytes(bytes.to_vec())).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_bits_of_a_modality_are_kept() {
        assert_eq!(uv_modalities(0x0803, true), ["touch", "fingerprint", "PIN on the computer"]);
        assert_eq!(uv_modalities(0x8002, false), ["fingerprint_internal", "0x8000"]);
        assert_eq!(uv_modalities(0, true), [""; 0]);
    }
}
