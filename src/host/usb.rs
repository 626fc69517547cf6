//! USB devices that may be keys and show no FIDO interface.
//!
//! They are known by vendor and product alone, so that nothing is certain: a vendor's other devices
//! look the same.

use super::{Host, udev_rules};
use crate::transport::sysfs::FidoNode;
use std::path::Path;

/// The class of HID interfaces.
const HID_CLASS: &str = "03";

/// The most devices that are looked at.
const MOST_DEVICES: usize = 1000;

/// Vendors of whom nearly every USB device is a security key.
const KEY_VENDORS: [u16; 9] = [
    0x1050, // Yubico
    0x096E, // Feitian
    0x349E, // Token2
    0x311F, // TrustKey
    0x1EA8, // Thetis, Excelsecu
    0x32A3, // GoTrust
    0x2CCF, // Hypersecu
    0x1A44, // VASCO, OneSpan
    0x1E0D, // Neowave
];

/// A USB device that may be a key, and why it is none to the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspect {
    /// The port that it is plugged into, such as `1-2.3`.
    pub port: String,
    /// USB vendor number.
    pub vendor_id: u16,
    /// USB product number.
    pub product_id: u16,
    /// The manufacturer's name as the device states it; hostile.
    pub manufacturer: Option<String>,
    /// The product's name as the device states it; hostile.
    pub product: Option<String>,
    /// Why it is no key to the kernel.
    pub reason: SuspectReason,
}

/// Why a device that may be a key is none to the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SuspectReason {
    /// The kernel was told not to use it, as USBGuard does.
    NotAuthorized,
    /// It has a HID interface that no driver serves.
    NoDriver {
        /// The interface, such as `1-2.3:1.1`.
        interface: String,
        /// Whether the driver is there.
        is_loaded: bool,
    },
    /// None of its interfaces is a FIDO interface.
    NoFidoInterface,
}

impl Host {
    /// USB devices that may be keys and are none of `keys`, ordered by port.
    pub fn suspects(&self, keys: &[FidoNode]) -> Vec<Suspect> {
        let Ok(entries) = self.path("sys/bus/usb/devices").read_dir() else { return Vec::new() };
        let ports = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        // Interfaces have a colon in their names, root hubs begin with "usb".
        let mut ports: Vec<String> = ports
            .filter(|name| !name.contains(':') && name.starts_with(|c: char| c.is_ascii_digit()))
            .take(MOST_DEVICES)
            .collect();
        ports.sort();
        let is_key =
            |port: &String| keys.iter().any(|key| key.description.port.as_ref() == Some(port));
        ports.into_iter().filter(|port| !is_key(port)).filter_map(|it| self.suspect(it)).collect()
    }

    /// Whether a USB device has a HID interface that no driver serves.
    pub fn has_unserved_hid_interface(&self) -> bool {
        let Ok(entries) = self.path("sys/bus/usb/devices").read_dir() else { return false };
        entries.flatten().take(MOST_DEVICES).any(|entry| self.is_unserved(&entry.path()))
    }

    fn suspect(&self, port: String) -> Option<Suspect> {
        let device = self.path("sys/bus/usb/devices").join(&port);
        let text = |name: &str| {
            let text = self.text(device.join(name));
            let text = text.trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        let number = |name| u16::from_str_radix(&text(name)?, 16).ok();
        let (vendor_id, product_id) = number("idVendor").zip(number("idProduct"))?;
        if !KEY_VENDORS.contains(&vendor_id) && !udev_rules::is_listed(vendor_id, product_id) {
            return None;
        }
        let reason = if text("authorized").as_deref() == Some("0") {
            SuspectReason::NotAuthorized
        } else if let Some(interface) = self.unserved_interface(&device) {
            let is_loaded = self.path("sys/bus/usb/drivers/usbhid").exists();
            SuspectReason::NoDriver { interface, is_loaded }
        } else {
            SuspectReason::NoFidoInterface
        };
        let (manufacturer, product) = (text("manufacturer"), text("product"));
        Some(Suspect { port, vendor_id, product_id, manufacturer, product, reason })
    }

    fn unserved_interface(&self, device: &Path) -> Option<String> {
        let entries = device.read_dir().ok()?.flatten().take(MOST_DEVICES);
        let mut unserved: Vec<String> = entries
            .filter(|entry| self.is_unserved(&entry.path()))
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        unserved.sort();
        unserved.into_iter().next()
    }

    fn is_unserved(&self, interface: &Path) -> bool {
        self.text(interface.join("bInterfaceClass")).trim() == HID_CLASS
            && interface.join("driver").symlink_metadata().is_err()
    }
}
