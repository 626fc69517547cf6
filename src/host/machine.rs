//! What kind of machine this is: containers and virtual machines show keys only when told to.

use super::Host;

/// What a machine is, as far as it matters for keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// The container that this runs in.
    pub container: Option<Container>,
    /// The virtual machine that this runs in.
    pub hypervisor: Option<Hypervisor>,
    /// Whether the kernel has USB.
    pub has_usb: bool,
    /// Whether the kernel's driver for USB HID devices is there.
    pub has_usbhid: bool,
    /// Whether the kernel knows any hidraw device, or could.
    pub has_hidraw: bool,
}

/// A kind of container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Container {
    /// Docker.
    Docker,
    /// Podman.
    Podman,
    /// LXC, LXD or Incus.
    Lxc,
    /// systemd-nspawn.
    Nspawn,
    /// Windows Subsystem for Linux.
    Wsl,
    /// Another one, by the name that it gives itself; hostile.
    Other(String),
}

/// A kind of virtual machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hypervisor {
    /// QEMU, with or without KVM.
    Qemu,
    /// Oracle's VirtualBox.
    VirtualBox,
    /// VMware.
    Vmware,
    /// Microsoft's Hyper-V, and Azure.
    HyperV,
    /// Xen.
    Xen,
    /// Parallels.
    Parallels,
    /// A rented machine, such as Amazon's or Google's.
    Cloud,
    /// Another one.
    Other,
}

/// What the firmware's tables say of makers of virtual machines, and what that means.
const MAKERS: [(&str, Hypervisor); 10] = [
    ("Amazon EC2", Hypervisor::Cloud),
    ("Google Compute Engine", Hypervisor::Cloud),
    ("DigitalOcean", Hypervisor::Cloud),
    ("QEMU", Hypervisor::Qemu),
    ("VirtualBox", Hypervisor::VirtualBox),
    ("innotek GmbH", Hypervisor::VirtualBox),
    ("VMware", Hypervisor::Vmware),
    ("Microsoft Corporation Virtual Machine", Hypervisor::HyperV),
    ("Xen", Hypervisor::Xen),
    ("Parallels", Hypervisor::Parallels),
];

impl Host {
    /// What kind of machine this is.
    pub fn machine(&self) -> Machine {
        Machine {
            container: self.container(),
            hypervisor: self.hypervisor(),
            has_usb: self.path("sys/bus/usb").exists(),
            has_usbhid: self.path("sys/bus/usb/drivers/usbhid").exists(),
            has_hidraw: self.path("sys/class/hidraw").exists(),
        }
    }

    /// The container that this runs in, as far as containers say so.
    pub(super) fn container(&self) -> Option<Container> {
        if self.text("proc/sys/kernel/osrelease").to_ascii_lowercase().contains("microsoft") {
            return Some(Container::Wsl);
        }
        let named = self.text("run/systemd/container");
        match named.trim() {
            "" => {}
            "docker" => return Some(Container::Docker),
            "podman" => return Some(Container::Podman),
            "systemd-nspawn" => return Some(Container::Nspawn),
            "wsl" => return Some(Container::Wsl),
            name if name.starts_with("lxc") => return Some(Container::Lxc),
            name => return Some(Container::Other(name.to_owned())),
        }
        let marks = [
            ("run/.containerenv", Container::Podman),
            (".dockerenv", Container::Docker),
            ("dev/lxd", Container::Lxc),
            ("dev/.lxc", Container::Lxc),
            ("run/systemd/container", Container::Other("container".to_owned())),
        ];
        let mark = marks.into_iter().find(|(mark, _)| self.path(mark).exists());
        mark.map(|(_, container)| container)
    }

    fn hypervisor(&self) -> Option<Hypervisor> {
        let word = |name| self.text(format!("sys/class/dmi/id/{name}")).trim().to_owned();
        let tables = format!("{} {}", word("sys_vendor"), word("product_name"));
        let maker = MAKERS.into_iter().find(|(maker, _)| tables.contains(maker));
        maker.map(|(_, hypervisor)| hypervisor).or_else(|| {
            if self.text("sys/hypervisor/type").trim() == "xen" {
                return Some(Hypervisor::Xen);
            }
            let processors = self.text("proc/cpuinfo");
            let mut flags = processors.lines().filter(|line| line.starts_with("flags"));
            let is_guest =
                flags.any(|flags| flags.split_whitespace().any(|flag| flag == "hypervisor"));
            is_guest.then_some(Hypervisor::Other)
        })
    }
}
