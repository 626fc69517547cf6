//! FIDO's extensions of attestation certificates (WebAuthn Level 3 sections 8.2.1 and 8.2.2; FIDO U2F
//! Authenticator Transports Extension).

use super::certificate::Leaf;
use crate::wire::authenticator_data::Aaguid;
use der::Decode;
use der::asn1::{BitString, ObjectIdentifier, OctetString};
use serde::Serialize;

/// id-fido-gen-ce-sernum: the serial number of one key, in an enterprise attestation.
const SERIAL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.45724.1.1.2");
/// id-fido-gen-ce-aaguid.
const AAGUID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.45724.1.1.4");
/// id-fido-gen-ce-fw-version.
const FIRMWARE_VERSION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.45724.1.1.5");
/// id-fido-u2f-ce-transports.
const TRANSPORTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.45724.2.1.1");

/// A way to reach a key, by the name that a certificate has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum U2fTransport {
    /// Bluetooth Classic.
    Bluetooth,
    /// Bluetooth Low Energy.
    Ble,
    /// USB.
    Usb,
    /// NFC.
    Nfc,
    /// USB inside the machine.
    UsbInternal,
}

/// The bits of the transports extension, the first bit first.
const BITS: [U2fTransport; 5] = [
    U2fTransport::Bluetooth,
    U2fTransport::Ble,
    U2fTransport::Usb,
    U2fTransport::Nfc,
    U2fTransport::UsbInternal,
];

impl Leaf {
    /// The AAGUID, if the certificate names one; an error says what is wrong with it.
    pub(super) fn aaguid(&self) -> Option<Result<Aaguid, &'static str>> {
        let found = match self.extension(AAGUID)? {
            Ok(found) => found,
            Err(()) => return Some(Err("an AAGUID extension twice")),
        };
        if found.critical {
            return Some(Err("an AAGUID extension that is marked critical"));
        }
        // An OCTET STRING inside the extension's own.
        let inner = OctetString::from_der(found.value).ok();
        let aaguid = inner.and_then(|inner| inner.as_bytes().try_into().ok());
        Some(aaguid.map(Aaguid).ok_or("an AAGUID extension that is not 16 bytes"))
    }

    /// The serial number of this one key, as bytes; an error says what is wrong with it.
    pub(super) fn device_serial_number(&self) -> Option<Result<Vec<u8>, &'static str>> {
        let found = match self.extension(SERIAL_NUMBER)? {
            Ok(found) => found,
            Err(()) => return Some(Err("a serial number of the key twice")),
        };
        if found.critical {
            return Some(Err("a serial number of the key that is marked critical"));
        }
        let inner = OctetString::from_der(found.value).map(OctetString::into_bytes);
        Some(inner.map(|bytes| bytes.to_vec()).map_err(|_| "a serial number that cannot be read"))
    }

    /// The version of the key's firmware.
    pub(super) fn firmware_version(&self) -> Option<u64> {
        let found = self.extension(FIRMWARE_VERSION)?.ok()?;
        // Some have the number in an OCTET STRING of its own, as the AAGUID has to be.
        let inner = OctetString::from_der(found.value).ok();
        u64::from_der(inner.as_ref().map_or(found.value, |inner| inner.as_bytes())).ok()
    }

    /// How the key can be reached.
    pub(super) fn transports(&self) -> Option<Vec<U2fTransport>> {
        let found = self.extension(TRANSPORTS)?.ok()?;
        let bits = BitString::from_der(found.value).ok()?;
        Some(
            BITS.into_iter().zip(bits.bits()).filter(|(_, set)| *set).map(|(bit, _)| bit).collect(),
        )
    }
}
