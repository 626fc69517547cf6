//! One key in depth.

use super::identity::Identity;
use super::info_members::{self, OddMember, uv_modalities};
use super::info_options;
use super::key_words::{self, stated};
use super::pin::PinStatusView;
use super::section::Section;
use super::text::{Table, count, escape, escaped, listed};
use super::words::{capitalized, key_name};
use crate::authenticator::{Key, PinState};
use crate::ctap::get_info::Info;
use crate::transport::KeyDescription;
use crate::webauthn::base64url;
use crate::webauthn::model_names::ModelNames;
use crate::wire::ctaphid::InitReply;
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// USB vendor number of Yubico, whose firmware versions count in bytes.
const YUBICO: u16 = 0x1050;

/// One key in depth.
#[derive(Debug, Serialize)]
pub struct InfoView<'a> {
    key: Identity,
    ctaphid: CtaphidView,
    speaks: String,
    fido2: bool,
    /// `None` where the key speaks only U2F.
    info: Option<Members<'a>>,
    unknown_members: Vec<OddMember>,
    mistyped_members: Vec<OddMember>,
    /// `None` where the key speaks only U2F, or does not say.
    pin: Option<PinStatusView<'a>>,
    #[serde(skip)]
    pin_problem: Option<String>,
    #[serde(skip)]
    stated: Option<&'a Info>,
    #[serde(skip)]
    description: &'a KeyDescription,
}

/// Every member of getInfo, made into JSON only where JSON is asked for.
#[derive(Debug)]
struct Members<'a>(&'a Info);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        info_members::document(self.0).serialize(serializer)
    }
}

#[derive(Debug, Serialize)]
struct CtaphidView {
    protocol_version: u8,
    device_version: String,
    can_wink: bool,
    can_lock: bool,
    speaks_cbor: bool,
    speaks_u2f: bool,
}

impl CtaphidView {
    fn of(init: &InitReply) -> Self {
        let [major, minor, build] = init.device_version;
        Self {
            protocol_version: init.protocol_version,
            device_version: format!("{major}.{minor}.{build}"),
            can_wink: init.capabilities.wink(),
            can_lock: init.capabilities.lock(),
            speaks_cbor: init.capabilities.cbor(),
            speaks_u2f: init.capabilities.u2f(),
        }
    }
}

impl<'a> InfoView<'a> {
    /// Takes what was learned of a key: what it says of itself, and the state of its PIN, or why
    /// that is not known.
    pub fn of(key: &'a Key, pin: Option<&'a Result<PinState, String>>, names: &ModelNames) -> Self {
        let description = key.description();
        let info = key.known_info();
        Self {
            key: Identity::of_answered(key, names),
            ctaphid: CtaphidView::of(key.init_reply()),
            speaks: key_words::speaks(info, key.capabilities()),
            fido2: info.is_some(),
            info: info.map(Members),
            unknown_members: info.map(info_members::unknown).unwrap_or_default(),
            mistyped_members: info.map(info_members::mistyped).unwrap_or_default(),
            pin: pin
                .and_then(|pin| pin.as_ref().ok())
                .map(|state| PinStatusView::of(&description.path, state)),
            pin_problem: pin.and_then(|pin| pin.as_ref().err()).cloned(),
            stated: info,
            description,
        }
    }

    /// The whole, as text.
    pub fn text(&self) -> String {
        let mut sections = vec![format!("{}\n", capitalized(&key_name(self.description)))];
        sections.push(self.device());
        match self.stated {
            Some(info) => {
                sections.push(self.model(info));
                sections.push(self.pin_section());
                sections.push(abilities(info));
                sections.push(option_section(info));
                sections.push(limits(info));
                sections.push(configuration(info));
                sections.extend(odd("Members that fidokey does not know", &self.unknown_members));
                sections.extend(odd("Members of a wrong type", &self.mistyped_members));
            }
            None => sections.push(
                "This key speaks only U2F (CTAP1), the older protocol: there is nothing more that \
                 it says of itself. It works as a second factor where U2F is offered, and cannot \
                 hold passkeys or a PIN.\n"
                    .to_owned(),
            ),
        }
        sections.join("\n")
    }

    fn device(&self) -> String {
        let Identity { manufacturer, product, serial_number, port, vendor_id, product_id, .. } =
            &self.key;
        let CtaphidView { protocol_version, ref device_version, .. } = self.ctaphid;
        let mut section = Section::new("Device");
        section.row("Manufacturer", stated(manufacturer.as_deref()));
        section.row("Product", stated(product.as_deref()));
        section.row("Vendor:product", key_words::vendor_product(*vendor_id, *product_id));
        section.row("Serial number", stated(serial_number.as_deref()));
        section.row("USB port", stated(port.as_deref()));
        section.row(
            "CTAPHID",
            format!("protocol version {protocol_version}, device version {device_version}"),
        );
        let able = [
            (self.ctaphid.speaks_cbor, "CTAP2"),
            (self.ctaphid.speaks_u2f, "U2F"),
            (self.ctaphid.can_wink, "blinking on request"),
            (self.ctaphid.can_lock, "channel locking"),
        ];
        let able = able.iter().filter(|(can, _)| *can).map(|(_, what)| what);
        section.row("Capabilities", listed(able));
        section.render()
    }

    fn model(&self, info: &Info) -> String {
        let mut section = Section::new("Model");
        section.row("Name", self.key.model.as_deref().map_or("not known".into(), escaped));
        section.row("Speaks", format!("{} ({})", self.speaks, list(&info.versions)));
        section.row(
            "AAGUID",
            match info.aaguid {
                Some(aaguid) if aaguid.is_zero() => format!("{aaguid} (names no model)").into(),
                Some(aaguid) => aaguid.to_string().into(),
                None => NOT_STATED,
            },
        );
        section.row(
            "Firmware",
            info.firmware_version
                .map_or(NOT_STATED, |version| firmware(version, self.description.vendor_id).into()),
        );
        section.row("Transports", optional_list(info.transports.as_deref()));
        let certifications = info.certifications.as_ref().map(|all| {
            listed(all.iter().map(|(name, level)| format!("{} {level}", escaped(name))))
        });
        section.row("Certifications", filled(certifications));
        section.render()
    }

    fn pin_section(&self) -> String {
        match (&self.pin, &self.pin_problem) {
            (Some(pin), _) => {
                let mut text = "PIN\n".to_owned();
                for line in pin.text().lines() {
                    text.extend(["  ", line, "\n"]);
                }
                text
            }
            (None, Some(problem)) => {
                format!("PIN\n  Its state is not known: {problem}\n")
            }
            (None, None) => "PIN\n  Its state was not asked for.\n".to_owned(),
        }
    }
}

/// What a row says.
type Words<'a> = Cow<'a, str>;

const NOT_STATED: Words<'static> = Cow::Borrowed("not stated");

fn list(texts: &[String]) -> Words<'static> {
    filled(Some(listed(texts.iter().map(|text| escaped(text)))))
}

fn optional_list(texts: Option<&[String]>) -> Words<'static> {
    texts.map_or(NOT_STATED, list)
}

/// A text, or words for one that is absent or empty.
fn filled(text: Option<String>) -> Words<'static> {
    match text {
        None => NOT_STATED,
        Some(text) if text.is_empty() => "none".into(),
        Some(text) => text.into(),
    }
}

/// A firmware version, which counts as its vendor likes.
fn firmware(version: u64, vendor_id: Option<u16>) -> String {
    let [.., major, minor, patch] = version.to_be_bytes();
    if vendor_id == Some(YUBICO) && version <= 0x00ff_ffff {
        format!("{major}.{minor}.{patch} ({version})")
    } else {
        format!("{version} (0x{version:x}, in the vendor's own counting)")
    }
}

fn abilities(info: &Info) -> String {
    let mut section = Section::new("What it can do");
    section.row("Extensions", optional_list(info.extensions.as_deref()));
    let algorithms =
        info.algorithms.as_ref().map(|all| listed(all.iter().map(ToString::to_string)));
    section.row("Algorithms", filled(algorithms));
    section.row(
        "Attestation formats",
        match info.attestation_formats.as_deref() {
            Some(formats) => list(formats),
            None => "not stated (packed by default)".into(),
        },
    );
    section.row(
        "PIN protocols",
        match info.pin_uv_auth_protocols.as_deref() {
            Some(protocols) => numbers(protocols),
            None => "not stated (1 is assumed)".into(),
        },
    );
    section.row(
        "Own verification",
        info.uv_modality.map_or("its method is not stated".into(), |bits| {
            filled(Some(listed(uv_modalities(bits, true))))
        }),
    );
    section.render()
}

fn numbers(numbers: &[u64]) -> Words<'static> {
    filled(Some(listed(numbers.iter().map(ToString::to_string))))
}

fn option_section(info: &Info) -> String {
    let mut table = Table::new(&["OPTION", "STATE", "MEANING"]).indented(2);
    for row in info_options::rows(info.options()) {
        table.row([escaped(row.id), row.state().into(), row.meaning.into()]);
    }
    let title = match info.options {
        Some(_) => "Options",
        None => "Options (the key states none; these are the defaults)",
    };
    format!("{title}\n{}", table.render())
}

fn limits(info: &Info) -> String {
    let with_unit = |value: Option<u64>, singular, plural, otherwise| match value {
        Some(value) => count(usize::try_from(value).unwrap_or(usize::MAX), singular, plural).into(),
        None => otherwise,
    };
    let bytes = |value, otherwise| with_unit(value, "byte", "bytes", otherwise);
    let number = |value: Option<u64>, otherwise| value.map_or(otherwise, |n| n.to_string().into());
    let mut section = Section::new("Limits");
    section.row(
        "Longest request",
        bytes(info.max_msg_size, "not stated (1024 bytes by default)".into()),
    );
    let in_list = info.max_credential_count_in_list;
    let in_list = number(in_list, "not stated (all are sent, or fewer if the key refuses)".into());
    section.row("Credential IDs in a list", in_list);
    section.row("Longest credential ID", bytes(info.max_credential_id_length, NOT_STATED));
    let remaining = number(info.remaining_discoverable_credentials, NOT_STATED);
    section.row("Room for resident credentials", remaining);
    section.row("Longest credBlob", bytes(info.max_cred_blob_length, NOT_STATED));
    section.row("Room for large blobs", bytes(info.max_serialized_large_blob_array, NOT_STATED));
    let characters = |value, otherwise| with_unit(value, "character", "characters", otherwise);
    section.row(
        "Shortest PIN",
        characters(info.min_pin_length, "not stated (4 characters by default)".into()),
    );
    section.row(
        "Longest PIN",
        characters(info.max_pin_length, "not stated (63 characters by default)".into()),
    );
    let told = number(info.max_rpids_for_set_min_pin_length, NOT_STATED);
    section.row("Services told the shortest PIN", told);
    let attempts = number(info.preferred_platform_uv_attempts, NOT_STATED);
    section.row("Own verifications before the PIN", attempts);
    let since = number(info.uv_count_since_last_pin_entry, NOT_STATED);
    section.row("Own verifications since the PIN", since);
    section.render()
}

fn configuration(info: &Info) -> String {
    let yes_or_no = |value: Option<bool>, otherwise| match value {
        Some(true) => "yes".into(),
        Some(false) => "no".into(),
        None => otherwise,
    };
    let mut section = Section::new("Configuration");
    let forced = yes_or_no(info.force_pin_change, "not stated (no by default)".into());
    section.row("PIN must be changed", forced);
    section.row("Simple PINs refused", yes_or_no(info.pin_complexity_policy, NOT_STATED));
    let url = info.pin_complexity_policy_url.as_deref().map(escape);
    section.row("PIN rules explained at", filled(url));
    let long = yes_or_no(info.long_touch_for_reset, "not stated (no by default)".into());
    section.row("Long touch for a reset", long);
    section.row(
        "Transports for a reset",
        match info.transports_for_reset.as_deref() {
            Some(transports) => list(transports),
            None => "not stated (all by default)".into(),
        },
    );
    let commands = info.authenticator_config_commands.as_deref();
    section.row("Configuration commands", commands.map_or(NOT_STATED, numbers));
    let vendor = info
        .vendor_prototype_config_commands
        .as_ref()
        .map(|all| listed(all.iter().map(|one| format!("0x{one:x}"))));
    section.row("Vendor's own commands", filled(vendor));
    section.row("Encrypted identifier", encrypted(info.enc_identifier.as_deref()));
    section.row("Encrypted store state", encrypted(info.enc_cred_store_state.as_deref()));
    section.render()
}

fn encrypted(bytes: Option<&[u8]>) -> Words<'static> {
    bytes.map_or(NOT_STATED, |bytes| {
        format!("{} ({} bytes, new in every reply)", base64url::encode(bytes), bytes.len()).into()
    })
}

fn odd(title: &str, members: &[OddMember]) -> Option<String> {
    if members.is_empty() {
        return None;
    }
    let line = |member: &OddMember| {
        let name = member.name.map(|name| format!(" ({name})")).unwrap_or_default();
        format!("  {}{name}: {}\n", escape(&member.key), escape(&member.value))
    };
    Some(format!("{title}\n{}", members.iter().map(line).collect::<String>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn firmware_counts_in_bytes_where_the_vendor_does() {
        assert_eq!(firmware(0x0005_0800, Some(YUBICO)), "5.8.0 (329728)");
        assert_eq!(firmware(256, None), "256 (0x100, in the vendor's own counting)");
        assert_eq!(
            firmware(u64::MAX, Some(YUBICO)),
            "18446744073709551615 (0xffffffffffffffff, in the vendor's own counting)"
        );
    }
}
