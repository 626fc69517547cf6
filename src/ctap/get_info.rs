//! authenticatorGetInfo, 0x04: what a key says of itself (CTAP 2.3 section 6.4).

mod options;
mod values;

pub use options::Options;
use values::{algorithms, byte_string, certifications, numbers, texts, url};

use super::message::Members;
use super::{CommandCode, Member, PinProtocol, Request, ResponseError};
use crate::wire::authenticator_data::Aaguid;
use crate::wire::cbor::{self, Encoded, Item, Key, Map, MapBuilder, Value};
use crate::wire::cose::Algorithm;
use sha2::{Digest, Sha256};
use std::fmt;

/// Asks for the key's description. No touch, no PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetInfo;

macro_rules! members {
    ($($constant:ident = $number:literal, $name:literal;)*) => {
        $(const $constant: Member = Member::new($number, $name);)*

        /// Every member that the specification defines, in the order of its number.
        pub const MEMBERS: &[Member] = &[$($constant),*];
    };
}

members! {
    VERSIONS = 0x01, "versions";
    EXTENSIONS = 0x02, "extensions";
    AAGUID = 0x03, "aaguid";
    OPTIONS = 0x04, "options";
    MAX_MSG_SIZE = 0x05, "maxMsgSize";
    PIN_UV_AUTH_PROTOCOLS = 0x06, "pinUvAuthProtocols";
    MAX_CREDENTIAL_COUNT_IN_LIST = 0x07, "maxCredentialCountInList";
    MAX_CREDENTIAL_ID_LENGTH = 0x08, "maxCredentialIdLength";
    TRANSPORTS = 0x09, "transports";
    ALGORITHMS = 0x0a, "algorithms";
    MAX_SERIALIZED_LARGE_BLOB_ARRAY = 0x0b, "maxSerializedLargeBlobArray";
    FORCE_PIN_CHANGE = 0x0c, "forcePINChange";
    MIN_PIN_LENGTH = 0x0d, "minPINLength";
    FIRMWARE_VERSION = 0x0e, "firmwareVersion";
    MAX_CRED_BLOB_LENGTH = 0x0f, "maxCredBlobLength";
    MAX_RPIDS_FOR_SET_MIN_PIN_LENGTH = 0x10, "maxRPIDsForSetMinPINLength";
    PREFERRED_PLATFORM_UV_ATTEMPTS = 0x11, "preferredPlatformUvAttempts";
    UV_MODALITY = 0x12, "uvModality";
    CERTIFICATIONS = 0x13, "certifications";
    REMAINING_DISCOVERABLE_CREDENTIALS = 0x14, "remainingDiscoverableCredentials";
    VENDOR_PROTOTYPE_CONFIG_COMMANDS = 0x15, "vendorPrototypeConfigCommands";
    ATTESTATION_FORMATS = 0x16, "attestationFormats";
    UV_COUNT_SINCE_LAST_PIN_ENTRY = 0x17, "uvCountSinceLastPinEntry";
    LONG_TOUCH_FOR_RESET = 0x18, "longTouchForReset";
    ENC_IDENTIFIER = 0x19, "encIdentifier";
    TRANSPORTS_FOR_RESET = 0x1a, "transportsForReset";
    PIN_COMPLEXITY_POLICY = 0x1b, "pinComplexityPolicy";
    PIN_COMPLEXITY_POLICY_URL = 0x1c, "pinComplexityPolicyURL";
    MAX_PIN_LENGTH = 0x1d, "maxPINLength";
    ENC_CRED_STORE_STATE = 0x1e, "encCredStoreState";
    AUTHENTICATOR_CONFIG_COMMANDS = 0x1f, "authenticatorConfigCommands";
}

/// What a key says of itself. `None` is a member that is absent, which is not the same as zero or
/// false; the methods give what the specification says an absent member means.
#[derive(Clone, Debug, PartialEq)]
pub struct Info {
    /// 0x01: protocol versions. An open set: `FIDO_2_2` was never defined, and keys list it.
    pub versions: Vec<String>,
    /// 0x02: extension identifiers.
    pub extensions: Option<Vec<String>>,
    /// 0x03: the model.
    pub aaguid: Option<Aaguid>,
    /// 0x04: options, as supported and as configured.
    pub options: Option<Options>,
    /// 0x05: the longest request in bytes; see [`Info::max_msg_size`].
    pub max_msg_size: Option<u64>,
    /// 0x06: PIN/UV auth protocols in the key's order of preference; see [`Info::pin_protocols`].
    pub pin_uv_auth_protocols: Option<Vec<u64>>,
    /// 0x07: the most credentials in an allow or exclude list.
    pub max_credential_count_in_list: Option<u64>,
    /// 0x08: the longest credential ID in bytes.
    pub max_credential_id_length: Option<u64>,
    /// 0x09: transports, such as `usb` and `nfc`.
    pub transports: Option<Vec<String>>,
    /// 0x0a: algorithms in the key's order of preference.
    pub algorithms: Option<Vec<Algorithm>>,
    /// 0x0b: bytes for the large-blob array.
    pub max_serialized_large_blob_array: Option<u64>,
    /// 0x0c: the PIN must be changed before it can be used.
    pub force_pin_change: Option<bool>,
    /// 0x0d: the shortest PIN in code points; see [`Info::min_pin_length`].
    pub min_pin_length: Option<u64>,
    /// 0x0e: the firmware's version, in the vendor's own counting.
    pub firmware_version: Option<u64>,
    /// 0x0f: the longest credBlob in bytes.
    pub max_cred_blob_length: Option<u64>,
    /// 0x10: how many relying parties may be told the minimum PIN length.
    pub max_rpids_for_set_min_pin_length: Option<u64>,
    /// 0x11: how often built-in user verification should be tried before the PIN.
    pub preferred_platform_uv_attempts: Option<u64>,
    /// 0x12: built-in user verification methods, bits of the FIDO registry.
    pub uv_modality: Option<u64>,
    /// 0x13: certifications and their levels.
    pub certifications: Option<Vec<(String, u64)>>,
    /// 0x14: an estimate of how many more resident credentials fit.
    pub remaining_discoverable_credentials: Option<u64>,
    /// 0x15: vendor configuration commands; all 64 bits are used.
    pub vendor_prototype_config_commands: Option<Vec<u64>>,
    /// 0x16: attestation formats; see [`Info::attestation_formats`].
    pub attestation_formats: Option<Vec<String>>,
    /// 0x17: built-in user verifications since the PIN was last entered.
    pub uv_count_since_last_pin_entry: Option<u64>,
    /// 0x18: a reset needs a touch of five seconds or more.
    pub long_touch_for_reset: Option<bool>,
    /// 0x19: the encrypted device identifier, new in every reply.
    pub enc_identifier: Option<Vec<u8>>,
    /// 0x1a: transports over which the key may be reset; compare without regard to case.
    pub transports_for_reset: Option<Vec<String>>,
    /// 0x1b: the key has rules for PINs beyond their length.
    pub pin_complexity_policy: Option<bool>,
    /// 0x1c: where those rules are told.
    pub pin_complexity_policy_url: Option<String>,
    /// 0x1d: the longest PIN in code points; see [`Info::max_pin_length`].
    pub max_pin_length: Option<u64>,
    /// 0x1e: the encrypted state of the credential store, new in every reply.
    pub enc_cred_store_state: Option<Vec<u8>>,
    /// 0x1f: supported subcommands of authenticatorConfig.
    pub authenticator_config_commands: Option<Vec<u64>>,
    /// Members that this program does not know.
    pub unknown: Vec<(UnknownKey, Value)>,
    /// Members that were there, but of another type, whole or in part.
    pub mistyped: Vec<Member>,
    /// The map as received.
    pub raw: Vec<u8>,
}

/// The key of a member that this program does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnknownKey {
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
    /// Anything else, as its CBOR.
    Other(Vec<u8>),
}

impl fmt::Display for UnknownKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => Key::Integer(*number).fmt(formatter),
            Self::Text(text) => Key::Text(text).fmt(formatter),
            Self::Other(bytes) => Key::Other(bytes).fmt(formatter),
        }
    }
}

impl Info {
    /// Whether the key lists this version, such as `FIDO_2_1`.
    pub fn supports_version(&self, version: &str) -> bool {
        self.versions.iter().any(|candidate| candidate == version)
    }

    /// Whether the key lists this extension, such as `hmac-secret`.
    pub fn supports_extension(&self, extension: &str) -> bool {
        self.extensions.iter().flatten().any(|candidate| candidate == extension)
    }

    /// The value of an option, or `None` where the key does not list it.
    pub fn option(&self, id: &str) -> Option<bool> {
        self.options.as_ref().and_then(|options| options.get(id))
    }

    /// The options; none where the member is absent.
    pub fn options(&self) -> &Options {
        const NONE: &Options = &Options::EMPTY;
        self.options.as_ref().unwrap_or(NONE)
    }

    /// The longest request in bytes: 1024 where the key does not say.
    pub fn max_msg_size(&self) -> u64 {
        self.max_msg_size.unwrap_or(1024)
    }

    /// PIN/UV auth protocols in the key's order of preference: one where the key does not say
    /// (WearAuthn does not, and has a PIN).
    pub fn pin_protocols(&self) -> &[u64] {
        self.pin_uv_auth_protocols.as_deref().unwrap_or(&[1])
    }

    /// The protocol to use: the first that this program speaks.
    pub fn pin_protocol(&self) -> Option<PinProtocol> {
        self.pin_protocols().iter().find_map(|number| PinProtocol::from_number(*number))
    }

    /// The shortest PIN in code points: 4 where the key does not say.
    pub fn min_pin_length(&self) -> u64 {
        self.min_pin_length.unwrap_or(4)
    }

    /// The longest PIN in code points: 63 where the key does not say.
    pub fn max_pin_length(&self) -> u64 {
        self.max_pin_length.unwrap_or(63)
    }

    /// Attestation formats: `packed` where the key does not say.
    pub fn attestation_formats(&self) -> Vec<&str> {
        match &self.attestation_formats {
            Some(formats) => formats.iter().map(String::as_str).collect(),
            None => vec!["packed"],
        }
    }

    /// Whether the PIN must be changed before it can be used.
    pub fn force_pin_change(&self) -> bool {
        self.force_pin_change == Some(true)
    }

    /// Whether the key speaks CTAP 2.1 or later, previews among them.
    fn speaks_ctap_2_1(&self) -> bool {
        // `FIDO_2_2` was never defined, and keys list it.
        ["FIDO_2_1", "FIDO_2_1_PRE", "FIDO_2_2", "FIDO_2_3"]
            .iter()
            .any(|version| self.supports_version(version))
    }

    /// Whether the key has the person verified at every use, whatever is asked for.
    pub fn always_verifies(&self) -> bool {
        self.options().always_uv() == Some(true)
    }

    /// Whether the key has the person verified for a registration, whatever is asked for (sections
    /// 6.1.2 and 6.4; CTAP 2.0 section 5.1).
    pub fn verifies_to_register(&self, resident: bool) -> bool {
        let options = self.options();
        let protected = options.uv() == Some(true) || options.client_pin() == Some(true);
        // In CTAP 2.0, once a PIN or fingerprint is there, every registration needs it.
        let spared =
            self.speaks_ctap_2_1() && !resident && options.make_cred_uv_not_rqd() == Some(true);
        self.always_verifies() || (protected && !spared)
    }

    /// Whether a reset needs a long touch.
    pub fn long_touch_for_reset(&self) -> bool {
        self.long_touch_for_reset == Some(true)
    }

    /// Whether the key may be reset over this transport; it may where it does not say.
    pub fn may_be_reset_over(&self, transport: &str) -> bool {
        self.transports_for_reset.as_ref().is_none_or(|transports| {
            transports.iter().any(|candidate| candidate.eq_ignore_ascii_case(transport))
        })
    }

    /// SHA-256 over every member but encIdentifier and encCredStoreState, which are new in every
    /// reply.
    ///
    /// Two replies of one key are the same by it when nothing happened in between, also across a
    /// replug. Two keys of one model, equally configured, are the same too: it can tell keys apart,
    /// but not prove that they are one. Counters, such as the room for credentials, are part of it.
    pub fn fingerprint(&self) -> [u8; 32] {
        match cbor::parse(&self.raw).and_then(Item::map) {
            Ok(map) => fingerprint(&map),
            // Not met: the reply was read from these bytes.
            Err(_) => Sha256::digest(&self.raw).into(),
        }
    }
}

impl Request for GetInfo {
    type Response = Info;

    fn command(&self) -> CommandCode {
        CommandCode::GET_INFO
    }

    fn parameters(&self) -> Option<Encoded> {
        None
    }

    fn decode(&self, map: Map<'_>) -> Result<Info, ResponseError> {
        let mut members = Members::new(map);
        let m = &mut members;
        let versions = m.required(VERSIONS, texts)?;
        let mut info = Info {
            versions,
            extensions: m.optional(EXTENSIONS, texts),
            aaguid: m.optional(AAGUID, |item| item.bytes_exact().map(Aaguid)),
            options: None,
            max_msg_size: m.optional(MAX_MSG_SIZE, Item::unsigned),
            pin_uv_auth_protocols: m.optional(PIN_UV_AUTH_PROTOCOLS, numbers),
            max_credential_count_in_list: m.optional(MAX_CREDENTIAL_COUNT_IN_LIST, Item::unsigned),
            max_credential_id_length: m.optional(MAX_CREDENTIAL_ID_LENGTH, Item::unsigned),
            transports: m.optional(TRANSPORTS, texts),
            algorithms: m.optional(ALGORITHMS, algorithms),
            max_serialized_large_blob_array: m
                .optional(MAX_SERIALIZED_LARGE_BLOB_ARRAY, Item::unsigned),
            force_pin_change: m.optional(FORCE_PIN_CHANGE, Item::boolean),
            min_pin_length: m.optional(MIN_PIN_LENGTH, Item::unsigned),
            firmware_version: m.optional(FIRMWARE_VERSION, Item::unsigned),
            max_cred_blob_length: m.optional(MAX_CRED_BLOB_LENGTH, Item::unsigned),
            max_rpids_for_set_min_pin_length: m
                .optional(MAX_RPIDS_FOR_SET_MIN_PIN_LENGTH, Item::unsigned),
            preferred_platform_uv_attempts: m
                .optional(PREFERRED_PLATFORM_UV_ATTEMPTS, Item::unsigned),
            uv_modality: m.optional(UV_MODALITY, Item::unsigned),
            certifications: m.optional(CERTIFICATIONS, certifications),
            remaining_discoverable_credentials: m
                .optional(REMAINING_DISCOVERABLE_CREDENTIALS, Item::unsigned),
            vendor_prototype_config_commands: m.optional(VENDOR_PROTOTYPE_CONFIG_COMMANDS, numbers),
            attestation_formats: m.optional(ATTESTATION_FORMATS, texts),
            uv_count_since_last_pin_entry: m
                .optional(UV_COUNT_SINCE_LAST_PIN_ENTRY, Item::unsigned),
            long_touch_for_reset: m.optional(LONG_TOUCH_FOR_RESET, Item::boolean),
            enc_identifier: m.optional(ENC_IDENTIFIER, byte_string),
            transports_for_reset: m.optional(TRANSPORTS_FOR_RESET, texts),
            pin_complexity_policy: m.optional(PIN_COMPLEXITY_POLICY, Item::boolean),
            pin_complexity_policy_url: m.optional(PIN_COMPLEXITY_POLICY_URL, url),
            max_pin_length: m.optional(MAX_PIN_LENGTH, Item::unsigned),
            enc_cred_store_state: m.optional(ENC_CRED_STORE_STATE, byte_string),
            authenticator_config_commands: m.optional(AUTHENTICATOR_CONFIG_COMMANDS, numbers),
            unknown: unknown(m.map()),
            mistyped: Vec::new(),
            raw: m.map().raw().to_vec(),
        };
        if let Some((options, whole)) = m.optional(OPTIONS, Options::from_item) {
            info.options = Some(options);
            if !whole {
                m.note(OPTIONS);
            }
        }
        info.mistyped = members.finish();
        Ok(info)
    }
}

fn is_known(key: &Key<'_>) -> bool {
    matches!(key, Key::Integer(number) if MEMBERS.iter().any(|member| member.number == *number))
}

/// Members that are not known; one that is no readable tree is kept as a byte string.
fn unknown(map: &Map<'_>) -> Vec<(UnknownKey, Value)> {
    let strangers = map.members().iter().filter(|(key, _)| !is_known(key));
    let kept = strangers.map(|(key, item)| {
        let key = match key {
            Key::Integer(number) => UnknownKey::Number(*number),
            Key::Text(text) => UnknownKey::Text((*text).to_owned()),
            Key::Other(bytes) => UnknownKey::Other(bytes.to_vec()),
        };
        (key, item.value().unwrap_or_else(|_| Value::Bytes(item.raw().to_vec())))
    });
    kept.collect()
}

fn fingerprint(map: &Map<'_>) -> [u8; 32] {
    let mut stable = MapBuilder::new();
    for (key, item) in map.members() {
        let fleeting = [ENC_IDENTIFIER.number, ENC_CRED_STORE_STATE.number];
        if matches!(key, Key::Integer(number) if fleeting.contains(number)) {
            continue;
        }
        let key = match key {
            Key::Integer(number) => Encoded::integer(*number),
            Key::Text(text) => Encoded::text(text),
            Key::Other(bytes) => Encoded::bytes(bytes),
        };
        stable = stable.raw(key, Encoded::from_item(*item));
    }
    Sha256::digest(stable.build().as_bytes()).into()
}

#[cfg(test)]
mod tests;
