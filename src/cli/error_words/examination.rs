//! Why `doctor` sees no key at all, in words.

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::host::{Container, Host, Hypervisor, Machine};
use crate::output::text::escape;

/// Explains that there is no key, from what is known of the machine; `program` is how this program
/// is called.
pub fn no_key_to_examine(host: &Host, machine: &Machine, program: &str) -> CliError {
    let no_key = CliError::new(Exit::NoKey, "no_key", "No FIDO key is plugged in.");
    if !machine.has_usbhid && host.has_unserved_hid_interface() {
        return no_key
            .cause("the kernel's driver for USB HID devices is not loaded, so that none is seen")
            .hint("Load it: `sudo modprobe usbhid`.");
    }
    if let Some(container) = &machine.container {
        return in_container(no_key, container);
    }
    if let Some(hypervisor) = machine.hypervisor {
        return in_virtual_machine(no_key, hypervisor);
    }
    if cfg!(target_os = "linux") && !machine.has_usb {
        return no_key
            .cause("the kernel of this machine knows no USB")
            .hint("Load its USB support: `sudo modprobe xhci_pci`.");
    }
    let no_key = if cfg!(target_os = "linux") {
        no_key.cause("the kernel sees no USB device that is a FIDO key, or that looks like one")
    } else {
        no_key
    };
    no_key.hint(format!(
        "Plug it in, into another socket and without a hub if it was plugged in already, and have it \
         waited for: `{program} doctor --wait`."
    ))
}

fn in_container(no_key: CliError, container: &Container) -> CliError {
    let (name, hint) = match container {
        Container::Docker => (
            "Docker",
            "Plug the key into the machine outside, and start the container anew with its device \
             node: `docker run --device /dev/hidraw0 IMAGE`.",
        ),
        Container::Podman => (
            "Podman",
            "Plug the key into the machine outside, and start the container anew with its device \
             node: `podman run --device /dev/hidraw0 --group-add keep-groups IMAGE`.",
        ),
        Container::Lxc => (
            "LXC",
            "Plug the key into the machine outside, and pass it on there: `lxc config device add NAME \
             fido unix-char source=/dev/hidraw0 path=/dev/hidraw0`.",
        ),
        Container::Nspawn => (
            "systemd-nspawn",
            "Plug the key into the machine outside, and start the container anew with it: \
             `systemd-nspawn --bind=/dev/hidraw0 --property=DeviceAllow='/dev/hidraw0 rw'`.",
        ),
        Container::Wsl => {
            return no_key
                .cause(
                    "this is the Windows Subsystem for Linux, which is given only the USB devices \
                     that Windows passes on",
                )
                .hint(
                    "Pass the key on, on Windows, with its BUSID from `usbipd list`: `usbipd bind \
                     --busid BUSID` as Administrator, then `usbipd attach --wsl --busid BUSID`.",
                );
        }
        Container::Other(name) => (
            name.as_str(),
            "Plug the key into the machine outside, and start the container anew with its device \
             node, such as /dev/hidraw0.",
        ),
    };
    no_key
        .cause(format!(
            "this runs in a container ({}), which is given only what is passed on to it",
            escape(name)
        ))
        .hint(hint)
}

fn in_virtual_machine(no_key: CliError, hypervisor: Hypervisor) -> CliError {
    let (name, hint) = match hypervisor {
        Hypervisor::Qemu => (
            "QEMU",
            "Pass the key on from the machine outside: in virt-manager with Add Hardware, USB Host \
             Device; on QEMU's command line with `-device qemu-xhci -device \
             usb-host,vendorid=0xVVVV,productid=0xPPPP`.",
        ),
        Hypervisor::VirtualBox => (
            "VirtualBox",
            "Pass the key on: in the window's menu, Devices, USB, and the key's name.",
        ),
        Hypervisor::Vmware => (
            "VMware",
            "Pass the key on: in the menu, VM, Removable Devices, the key's name, Connect; a key \
             also needs `usb.generic.allowHID = \"TRUE\"` in the machine's .vmx file.",
        ),
        Hypervisor::HyperV => (
            "Hyper-V",
            "Hyper-V passes no USB device on: use the key over a remote desktop connection that \
             redirects it, or on the machine outside.",
        ),
        Hypervisor::Xen => (
            "Xen",
            "Pass the key on from the machine outside: `xl usbdev-attach`, or Qubes' own menu.",
        ),
        Hypervisor::Parallels => (
            "Parallels",
            "Pass the key on: in the menu, Devices, USB and Bluetooth, the key's name.",
        ),
        Hypervisor::Cloud => (
            "a rented one",
            "A rented machine has no USB socket of yours: use the key on the computer before you.",
        ),
        Hypervisor::Other => (
            "of some kind",
            "Pass the key on from the machine outside, with the virtual machine's settings for USB.",
        ),
    };
    no_key
        .cause(format!(
            "this is a virtual machine ({name}), which is given only the USB devices that are passed \
             on to it"
        ))
        .hint(hint)
}
