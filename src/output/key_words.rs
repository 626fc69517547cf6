//! What a key is, in the words of a table cell.

use super::text::escape;
use crate::ctap::get_info::Info;
use crate::wire::ctaphid::Capabilities;

/// Protocol versions, newest first, as they stand on the wire and as people call them.
const VERSIONS: [(&str, &str); 5] = [
    ("FIDO_2_3", "FIDO 2.3"),
    ("FIDO_2_2", "FIDO 2.2"),
    ("FIDO_2_1", "FIDO 2.1"),
    ("FIDO_2_1_PRE", "FIDO 2.1 preview"),
    ("FIDO_2_0", "FIDO 2.0"),
];

/// What a key speaks: its newest FIDO2 version, or `U2F only`.
pub fn speaks(info: Option<&Info>, capabilities: Capabilities) -> String {
    let Some(info) = info else {
        return if capabilities.u2f() { "U2F only" } else { "nothing known" }.to_owned();
    };
    let newest = VERSIONS.iter().find(|(version, _)| info.supports_version(version));
    match newest {
        Some((_, name)) => (*name).to_owned(),
        None if info.versions.is_empty() => "nothing it names".to_owned(),
        None => escape(&info.versions.join(", ")),
    }
}

/// Whether a key has a PIN, in a word or two.
pub fn pin(info: Option<&Info>) -> &'static str {
    match info.map(|info| (info.options().client_pin(), info.force_pin_change())) {
        None | Some((None, _)) => "none",
        Some((Some(false), _)) => "not set",
        Some((Some(true), false)) => "set",
        Some((Some(true), true)) => "set, must be changed",
    }
}

/// Vendor and product number, such as `1050:0407`.
pub fn vendor_product(vendor_id: Option<u16>, product_id: Option<u16>) -> String {
    match vendor_id.zip(product_id) {
        Some((vendor, product)) => format!("{vendor:04x}:{product:04x}"),
        None => "-".to_owned(),
    }
}

/// A text that the key states, escaped, or a dash.
pub fn stated(text: Option<&str>) -> String {
    match text.map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => escape(text),
        None => "-".to_owned(),
    }
}
