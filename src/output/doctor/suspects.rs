//! The machine itself, and USB devices that may be keys and show no FIDO interface.

use super::finding;
use crate::host::{Container, Hypervisor, Machine, Suspect, SuspectReason, udev_rules};
use crate::output::key_words::vendor_product;
use crate::output::remedy::{RemedyView, shell_word};
use crate::output::text::escape;
use serde::Serialize;

/// Yubico's USB vendor number; its own tool switches the parts of its keys on and off.
const YUBICO: u16 = 0x1050;

/// What kind of machine this is.
#[derive(Debug, Serialize)]
pub struct MachineView {
    container: Option<String>,
    hypervisor: Option<&'static str>,
    usb: bool,
    usbhid: bool,
    hidraw: bool,
}

impl MachineView {
    /// Takes what is known of the machine.
    pub fn of(machine: &Machine) -> Self {
        Self {
            container: machine.container.as_ref().map(|container| match container {
                Container::Docker => "docker".to_owned(),
                Container::Podman => "podman".to_owned(),
                Container::Lxc => "lxc".to_owned(),
                Container::Nspawn => "systemd-nspawn".to_owned(),
                Container::Wsl => "wsl".to_owned(),
                Container::Other(name) => name.clone(),
            }),
            hypervisor: machine.hypervisor.map(|hypervisor| match hypervisor {
                Hypervisor::Qemu => "qemu",
                Hypervisor::VirtualBox => "virtualbox",
                Hypervisor::Vmware => "vmware",
                Hypervisor::HyperV => "hyper-v",
                Hypervisor::Xen => "xen",
                Hypervisor::Parallels => "parallels",
                Hypervisor::Cloud => "cloud",
                Hypervisor::Other => "other",
            }),
            usb: machine.has_usb,
            usbhid: machine.has_usbhid,
            hidraw: machine.has_hidraw,
        }
    }
}

/// A USB device that may be a key.
#[derive(Debug, Serialize)]
pub struct SuspectView {
    port: String,
    manufacturer: Option<String>,
    product: Option<String>,
    vendor_id: u16,
    product_id: u16,
    /// Whether vendor and product are those of a key, and not the vendor alone.
    known_model: bool,
    problem: &'static str,
    reason: String,
    remedy: RemedyView,
}

impl SuspectView {
    /// Takes a suspect.
    pub fn of(suspect: &Suspect) -> Self {
        let Suspect { port, vendor_id, product_id, .. } = suspect;
        let (problem, reason, remedy) = Self::explain(suspect);
        Self {
            port: port.clone(),
            manufacturer: suspect.manufacturer.clone(),
            product: suspect.product.clone(),
            vendor_id: *vendor_id,
            product_id: *product_id,
            known_model: udev_rules::is_listed(*vendor_id, *product_id),
            problem,
            reason: reason.to_owned(),
            remedy,
        }
    }

    fn explain(suspect: &Suspect) -> (&'static str, &'static str, RemedyView) {
        match &suspect.reason {
            SuspectReason::NotAuthorized => (
                "not_authorized",
                "The kernel was told not to use it, as USBGuard and some lock screens do until \
                 somebody allows a device.",
                RemedyView::other(
                    "authorize",
                    "Allow it",
                    Some(format!(
                        "echo 1 | sudo tee /sys/bus/usb/devices/{}/authorized",
                        shell_word(&suspect.port)
                    )),
                ),
            ),
            SuspectReason::NoDriver { is_loaded: false, .. } => (
                "no_driver",
                "The kernel's driver for USB HID devices is not loaded.",
                RemedyView::other(
                    "load_driver",
                    "Load it",
                    Some("sudo modprobe usbhid".to_owned()),
                ),
            ),
            SuspectReason::NoDriver { interface, .. } => (
                "no_driver",
                "The kernel's driver for USB HID devices does not serve one of its interfaces: \
                 another program, or a virtual machine, may have taken it over.",
                RemedyView::other(
                    "bind_driver",
                    "Unplug it and plug it in again, or give it back to the driver",
                    Some(format!(
                        "echo {} | sudo tee /sys/bus/usb/drivers/usbhid/bind",
                        shell_word(interface)
                    )),
                ),
            ),
            SuspectReason::NoFidoInterface if suspect.vendor_id == YUBICO => (
                "no_fido_interface",
                "None of its interfaces is a FIDO interface: its FIDO side may be switched off.",
                RemedyView::other(
                    "enable_fido",
                    "If it is a YubiKey, switch its FIDO side on with Yubico's own tool",
                    Some("ykman config usb --enable FIDO2 --enable U2F".to_owned()),
                ),
            ),
            SuspectReason::NoFidoInterface => (
                "no_fido_interface",
                "None of its interfaces is a FIDO interface: its FIDO side may be switched off, or \
                 not be ready yet, as on a wallet whose FIDO app is not open.",
                RemedyView::other(
                    "enable_fido",
                    "Switch its FIDO side on as its vendor says, and plug it in again",
                    None,
                ),
            ),
        }
    }

    /// Whether it is a key by vendor and product.
    pub(super) fn is_key(&self) -> bool {
        self.known_model
    }

    /// The suspect as text.
    pub(super) fn text(&self) -> String {
        let texts = [&self.manufacturer, &self.product];
        let texts = texts.into_iter().flatten().map(|text| escape(text.trim()));
        let stated: Vec<String> = texts.filter(|text| !text.is_empty()).collect();
        let name = if stated.is_empty() { "A USB device".to_owned() } else { stated.join(" ") };
        let numbers = vendor_product(Some(self.vendor_id), Some(self.product_id));
        let is_one = if self.known_model { "is a key" } else { "may be a key" };
        let what = format!(
            "{name} ({numbers}, USB port {}): {is_one}, but shows no FIDO interface",
            escape(&self.port)
        );
        finding(&what, Some(&self.reason), Some(&self.remedy), &[])
    }
}
