//! A file tree that looks like a Linux machine with HID devices: `/sys`, `/dev`, `/run`, `/etc`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The report descriptor of nearly every FIDO key.
pub const FIDO: &[u8] = &[
    0x06, 0xD0, 0xF1, 0x09, 0x01, 0xA1, 0x01, 0x09, 0x20, 0x15, 0x00, 0x26, 0xFF, 0x00, 0x75, 0x08,
    0x95, 0x40, 0x81, 0x02, 0x09, 0x21, 0x15, 0x00, 0x26, 0xFF, 0x00, 0x75, 0x08, 0x95, 0x40, 0x91,
    0x02, 0xC0,
];

/// The start of a keyboard's report descriptor.
pub const KEYBOARD: &[u8] = &[0x05, 0x01, 0x09, 0x06, 0xA1, 0x01, 0x05, 0x07, 0xC0];

/// A HID device to be put into the tree.
#[derive(Clone, Debug)]
pub struct Device {
    pub number: u32,
    pub vendor_id: u16,
    pub product_id: u16,
    pub name: Vec<u8>,
    pub serial: &'static str,
    pub descriptor: Vec<u8>,
    pub usb: Option<Usb>,
    /// Whether there is a node in `/dev`.
    pub node: bool,
}

/// The USB device that a HID device is an interface of.
#[derive(Clone, Debug)]
pub struct Usb {
    pub port: &'static str,
    pub interface: u8,
    pub manufacturer: &'static str,
    pub product: &'static str,
    pub serial: &'static str,
}

impl Device {
    /// A FIDO key on `/dev/hidraw{number}`, in a USB port.
    pub fn key(number: u32) -> Self {
        Self {
            number,
            vendor_id: 0x1050,
            product_id: 0x0407,
            name: b"Yubico YubiKey OTP+FIDO+CCID".to_vec(),
            serial: "",
            descriptor: FIDO.to_vec(),
            usb: Some(Usb {
                port: "1-2.3",
                interface: 1,
                manufacturer: "Yubico",
                product: "YubiKey OTP+FIDO+CCID",
                serial: "",
            }),
            node: true,
        }
    }

    /// The same key's keyboard interface.
    pub fn keyboard(number: u32) -> Self {
        let mut keyboard = Self { descriptor: KEYBOARD.to_vec(), ..Self::key(number) };
        keyboard.usb.as_mut().unwrap().interface = 0;
        keyboard
    }

    /// A key made by a program through uhid.
    pub fn uhid(number: u32) -> Self {
        Self {
            vendor_id: 0x1209,
            product_id: 0x5070,
            name: b"Soft Key".to_vec(),
            usb: None,
            ..Self::key(number)
        }
    }
}

/// The tree; it is removed when this is dropped.
pub struct FakeMachine {
    root: TempDir,
}

impl FakeMachine {
    /// A machine with udev and no HID device.
    pub fn new() -> Self {
        let machine = Self { root: TempDir::new().unwrap() };
        for directory in ["sys/class/hidraw", "dev", "run/udev/data"] {
            fs::create_dir_all(machine.path(directory)).unwrap();
        }
        machine.write("run/udev/control", "");
        machine
    }

    /// A machine with these devices.
    pub fn with(devices: &[Device]) -> Self {
        let machine = Self::new();
        for device in devices {
            machine.plug_in(device);
        }
        machine
    }

    pub fn root(&self) -> &Path {
        self.root.path()
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    /// Writes a file, with the directories it needs.
    pub fn write(&self, path: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    /// The HID device's directory, from the root.
    pub fn hid_directory(device: &Device) -> String {
        let Device { number, vendor_id, product_id, .. } = device;
        let hid = format!("0003:{vendor_id:04X}:{product_id:04X}.{number:04X}");
        match &device.usb {
            Some(Usb { port, interface, .. }) => format!(
                "sys/devices/pci0000:00/0000:00:14.0/usb1/{port}/{port}:1.{interface}/{hid}"
            ),
            None => format!("sys/devices/virtual/misc/uhid/{hid}"),
        }
    }

    pub fn plug_in(&self, device: &Device) {
        let Device { number, vendor_id, product_id, serial, .. } = device;
        let hid = Self::hid_directory(device);
        self.write(&format!("{hid}/report_descriptor"), &device.descriptor);
        let uevent = format!("HID_ID=0003:{vendor_id:08X}:{product_id:08X}\nHID_NAME=");
        let mut uevent = uevent.into_bytes();
        uevent.extend(&device.name);
        uevent.extend(format!("\nHID_PHYS=usb/input0\nHID_UNIQ={serial}\n").into_bytes());
        self.write(&format!("{hid}/uevent"), uevent);
        if let Some(usb) = &device.usb {
            let interface = Path::new(&hid).parent().unwrap().to_str().unwrap();
            self.write(&format!("{interface}/uevent"), "DEVTYPE=usb_interface\n");
            let parent = Path::new(interface).parent().unwrap().to_str().unwrap();
            self.write(&format!("{parent}/uevent"), "MAJOR=189\nDEVTYPE=usb_device\n");
            for (name, value) in [
                ("manufacturer", usb.manufacturer),
                ("product", usb.product),
                ("serial", usb.serial),
            ] {
                if !value.is_empty() {
                    self.write(&format!("{parent}/{name}"), format!("{value}\n"));
                }
            }
        }
        let hidraw = format!("{hid}/hidraw/hidraw{number}");
        self.write(&format!("{hidraw}/uevent"), format!("DEVNAME=hidraw{number}\n"));
        self.write(&format!("{hidraw}/dev"), format!("242:{number}\n"));
        symlink("../..", self.path(&format!("{hidraw}/device"))).unwrap();
        let target = format!("../../{}", hidraw.strip_prefix("sys/").unwrap());
        symlink(target, self.path(&format!("sys/class/hidraw/hidraw{number}"))).unwrap();
        if device.node {
            self.write(&format!("dev/hidraw{number}"), "");
        }
    }

    pub fn unplug(&self, device: &Device) {
        let number = device.number;
        fs::remove_file(self.path(&format!("sys/class/hidraw/hidraw{number}"))).unwrap();
        let _ = fs::remove_file(self.path(&format!("dev/hidraw{number}")));
        fs::remove_dir_all(self.path(&Self::hid_directory(device))).unwrap();
    }
}
