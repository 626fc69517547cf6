//! What a key says of itself (getInfo), held against `authenticatorGetInfo` of its metadata statement
//! (FIDO Metadata Statement version 3, section 3).
//!
//! Only what a model has or has not is compared. What a person or an organisation configures, such as
//! whether a PIN is set, and what merely differs by length in the key's favour, is no difference.

use crate::ctap::get_info::Info;
use crate::webauthn::check::{Check, Rule};
use crate::webauthn::metadata::Entry;
use crate::wire::authenticator_data::Aaguid;
use crate::wire::cose::Algorithm;
use serde::Serialize;
use serde_json::Value;

/// Options whose value is a state of the key: only whether the key knows them is compared.
const STATES: [&str; 8] = [
    "clientPin",
    "uv",
    "ep",
    "alwaysUv",
    "bioEnroll",
    "userVerificationMgmtPreview",
    "makeCredUvNotRqd",
    "noMcGaPermissionsWithClientPin",
];

/// Where a key says something else of itself than the metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The member of getInfo, with the option's name where it is one: `options.rk`.
    pub member: String,
    /// What the metadata says.
    pub metadata: String,
    /// What the key says.
    pub key: String,
}

/// Everything that differs; `None` where the statement is no object.
pub(super) fn differences(info: &Info, stated: &Value) -> Option<Vec<Difference>> {
    let stated = stated.as_object()?;
    let mut found = Vec::new();
    let mut note = |member: &str, metadata: String, key: String| {
        found.push(Difference { member: member.to_owned(), metadata, key });
    };
    let aaguid = stated.get("aaguid").and_then(Value::as_str);
    if let Some(Ok(aaguid)) = aaguid.map(|text| text.parse::<Aaguid>())
        && info.aaguid != Some(aaguid)
    {
        let key = info.aaguid.map_or_else(|| "none".to_owned(), |aaguid| aaguid.to_string());
        note("aaguid", aaguid.to_string(), key);
    }
    let texts = |value: &Value| -> Vec<String> {
        let all = value.as_array().into_iter().flatten();
        all.filter_map(|one| one.as_str().map(str::to_owned)).collect()
    };
    let empty = Vec::new();
    let lists =
        [("versions", &info.versions), ("extensions", info.extensions.as_ref().unwrap_or(&empty))];
    for (member, has) in lists {
        let wanted = stated.get(member).map(texts).unwrap_or_default();
        let missing: Vec<String> = wanted.into_iter().filter(|one| !has.contains(one)).collect();
        if !missing.is_empty() {
            note(member, format!("also {}", missing.join(", ")), "without".to_owned());
        }
    }
    let algorithms = stated.get("algorithms").and_then(Value::as_array);
    let algorithms = algorithms.into_iter().flatten();
    let missing: Vec<String> = algorithms
        .filter_map(|one| one.get("alg")?.as_i64().map(Algorithm))
        .filter(|one| info.algorithms.as_ref().is_some_and(|has| !has.contains(one)))
        .map(|one| one.to_string())
        .collect();
    if !missing.is_empty() {
        note("algorithms", format!("also {}", missing.join(", ")), "without".to_owned());
    }
    let protocols = stated.get("pinUvAuthProtocols").and_then(Value::as_array);
    let missing: Vec<String> = protocols
        .into_iter()
        .flatten()
        .filter_map(Value::as_u64)
        .filter(|one| !info.pin_protocols().contains(one))
        .map(|one| one.to_string())
        .collect();
    if !missing.is_empty() {
        note("pinUvAuthProtocols", format!("also {}", missing.join(", ")), "without".to_owned());
    }
    for (id, value) in stated.get("options").and_then(Value::as_object).into_iter().flatten() {
        let Some(value) = value.as_bool() else { continue };
        let has = info.option(id).or(default(id));
        let differs = match has {
            None => value || STATES.contains(&id.as_str()),
            Some(has) => has != value && !STATES.contains(&id.as_str()),
        };
        if differs {
            let key = has.map_or_else(|| "absent".to_owned(), |has| has.to_string());
            note(&format!("options.{id}"), value.to_string(), key);
        }
    }
    let numbers = [
        ("maxMsgSize", Some(info.max_msg_size())),
        ("maxCredentialCountInList", info.max_credential_count_in_list),
        ("maxCredentialIdLength", info.max_credential_id_length),
        ("maxCredBlobLength", info.max_cred_blob_length),
        ("maxSerializedLargeBlobArray", info.max_serialized_large_blob_array),
        ("minPINLength", Some(info.min_pin_length())),
    ];
    for (member, has) in numbers {
        let Some(wanted) = stated.get(member).and_then(Value::as_u64) else { continue };
        if has.is_none_or(|has| has < wanted) {
            let key = has.map_or_else(|| "absent".to_owned(), |has| has.to_string());
            note(member, wanted.to_string(), key);
        }
    }
    Some(found)
}

/// What the specification says that an absent option means (CTAP 2.3 section 6.4).
fn default(id: &str) -> Option<bool> {
    match id {
        "up" => Some(true),
        "plat" | "rk" => Some(false),
        _ => None,
    }
}

/// Do the differences speak against the key? With the same firmware version they do; with another,
/// they may be the firmware's.
pub(super) fn check(
    rule: Rule,
    entry: &Entry,
    differences: Option<&[Difference]>,
    info: Option<&Info>,
) -> Check {
    let Some(info) = info else { return rule.not_checked("the key is not at hand") };
    let (Some(differences), Some(stated)) = (differences, &entry.authenticator_get_info) else {
        return rule.not_checked("the metadata does not say what such a key says of itself");
    };
    if differences.is_empty() {
        return rule.passed();
    }
    let words: Vec<String> = differences
        .iter()
        .map(|Difference { member, metadata, key }| format!("{member}: {metadata} (key: {key})"))
        .collect();
    let other_model = differences.iter().any(|one| one.member == "aaguid");
    let version = stated.get("firmwareVersion").and_then(Value::as_u64);
    if other_model || (version.is_some() && version == info.firmware_version) {
        let expected: Vec<String> =
            differences.iter().map(|one| format!("{}: {}", one.member, one.metadata)).collect();
        let seen: Vec<String> =
            differences.iter().map(|one| format!("{}: {}", one.member, one.key)).collect();
        return rule.failed(expected.join("; "), seen.join("; "));
    }
    rule.not_checked(format!("it differs, as another firmware version may: {}", words.join("; ")))
}
