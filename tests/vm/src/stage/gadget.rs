//! A USB gadget through configfs (`Documentation/usb/gadget_configfs.rst` of the kernel) on a
//! controller of `dummy_hcd`, whose other end is a USB port of this very machine: the device is
//! enumerated as a real one is. It is plugged in by giving its gadget a controller.

use super::identity::Identity;
use super::vehicle::Device;
use super::waiting::until;
use anyhow::{Context, Result, bail};
use rustix::fs::OFlags;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

const GADGETS: &str = "/sys/kernel/config/usb_gadget";
const CONTROLLERS: &str = "/sys/class/udc";
const CONFIGURATION: &str = "configs/c.1";

/// US English, the language of the strings.
const STRINGS: &str = "strings/0x409";

/// How long the kernel may need for what it does at once.
const AT_ONCE: Duration = Duration::from_secs(10);

/// One gadget.
#[derive(Debug)]
pub struct Gadget {
    /// What each of its interfaces is, by number. The last one is whose end is opened.
    interfaces: Vec<Device>,
    identity: Identity,
    folder: PathBuf,
    /// The number of its controller, while it is plugged in.
    controller: Option<u32>,
}

impl Gadget {
    /// A gadget that the kernel does not know yet.
    pub fn new(name: &str, device: Device, identity: Identity) -> Self {
        let folder = Path::new(GADGETS).join(name);
        Self { interfaces: vec![device], identity, folder, controller: None }
    }

    /// The same with a keyboard that nobody types on as its first interface, as keys have that type
    /// one-time codes.
    pub fn beside_keyboard(mut self) -> Self {
        self.interfaces.insert(0, Device::Keyboard);
        self
    }

    /// Gives it the first free controller, and opens its end.
    ///
    /// # Errors
    ///
    /// When the kernel has no gadgets, no controller is free, or the node does not appear.
    pub fn plug(&mut self) -> Result<File> {
        if !self.folder.exists() {
            self.create()?;
        }
        let controller = free_controller()?;
        self.write("UDC", &format!("dummy_udc.{controller}"))?;
        self.controller = Some(controller);
        let numbers = fs::read_to_string(self.folder.join(function(self.last())).join("dev"))?;
        let (_, minor) = numbers.trim().split_once(':').context("a gadget has no device number")?;
        let node = format!("/dev/hidg{minor}");
        until(&format!("{node} appears"), AT_ONCE, || Ok(Path::new(&node).exists()))?;
        OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
            .open(&node)
            .with_context(|| format!("cannot open {node}"))
    }

    /// Takes its controller away.
    ///
    /// # Errors
    ///
    /// When the kernel refuses.
    pub fn unplug(&mut self) -> Result<()> {
        match self.controller.take() {
            Some(_) => self.write("UDC", "\n"),
            None => Ok(()),
        }
    }

    /// Where the kernel says that it is plugged in.
    pub fn phys(&self) -> String {
        let controller = self.controller.unwrap_or_default();
        format!("usb-dummy_hcd.{controller}-1/input{}", self.last())
    }

    /// The number of the last interface.
    fn last(&self) -> usize {
        self.interfaces.len().saturating_sub(1)
    }

    /// Has the kernel forget it.
    fn remove(&mut self) -> Result<()> {
        self.unplug()?;
        if self.folder.exists() {
            let functions: Vec<String> = (0..self.interfaces.len()).map(function).collect();
            for function in &functions {
                fs::remove_file(self.folder.join(linked(function)))?;
            }
            let folders = [CONFIGURATION].into_iter().chain(functions.iter().map(String::as_str));
            for folder in folders.chain([STRINGS, ""]) {
                fs::remove_dir(self.folder.join(folder))?;
            }
        }
        Ok(())
    }

    fn create(&self) -> Result<()> {
        let strings = |file: &str| format!("{STRINGS}/{file}");
        for folder in ["", STRINGS, CONFIGURATION] {
            self.make(folder)?;
        }
        let identity = &self.identity;
        self.write("idVendor", &format!("{:#06x}", identity.vendor))?;
        self.write("idProduct", &format!("{:#06x}", identity.product_id))?;
        self.write("bcdDevice", "0x0100")?;
        self.write("bcdUSB", "0x0200")?;
        self.write(&strings("manufacturer"), &identity.manufacturer)?;
        self.write(&strings("product"), &identity.product)?;
        // A string that is not written does not exist; a real key without serial has none either.
        if let Some(serial) = &identity.serial {
            self.write(&strings("serialnumber"), serial)?;
        }
        for (number, device) in self.interfaces.iter().enumerate() {
            self.add_interface(&function(number), *device)?;
        }
        Ok(())
    }

    fn add_interface(&self, function: &str, device: Device) -> Result<()> {
        self.make(function)?;
        let (class, length) = match device {
            Device::Key => ("0", "64"),
            Device::Keyboard => ("1", "8"),
        };
        self.write(&format!("{function}/subclass"), class)?;
        self.write(&format!("{function}/protocol"), class)?;
        self.write(&format!("{function}/report_length"), length)?;
        let descriptor = self.folder.join(function).join("report_desc");
        fs::write(descriptor, device.descriptor()).context("cannot write report_desc")?;
        symlink(self.folder.join(function), self.folder.join(linked(function)))
            .context("cannot link the gadget's function")
    }

    fn make(&self, folder: &str) -> Result<()> {
        let folder = self.folder.join(folder);
        fs::create_dir(&folder)
            .or_else(|error| if folder.is_dir() { Ok(()) } else { Err(error) })
            .with_context(|| format!("cannot make the gadget {}", folder.display()))
    }

    fn write(&self, file: &str, text: &str) -> Result<()> {
        let path = self.folder.join(file);
        fs::write(&path, text)
            .with_context(|| format!("cannot write {text:?} to {}", path.display()))
    }
}

/// The folder of an interface's function.
fn function(number: usize) -> String {
    format!("functions/hid.{number}")
}

/// The link that makes a function part of the configuration.
fn linked(function: &str) -> String {
    function.replacen("functions", CONFIGURATION, 1)
}

impl Drop for Gadget {
    fn drop(&mut self) {
        // Nothing better can be done when even this fails.
        let _ = self.remove();
    }
}

/// The lowest number of a controller that no gadget has.
fn free_controller() -> Result<u32> {
    let mut taken = Vec::new();
    for gadget in fs::read_dir(GADGETS)? {
        taken.push(fs::read_to_string(gadget?.path().join("UDC")).unwrap_or_default());
    }
    let names = fs::read_dir(CONTROLLERS)
        .with_context(|| format!("{CONTROLLERS}: is dummy_hcd loaded?"))?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<Vec<_>>>()?;
    match lowest_free(&names, &taken) {
        Some(number) => Ok(number),
        None => bail!("no controller is free among {}", names.join(", ")),
    }
}

fn lowest_free(names: &[String], taken: &[String]) -> Option<u32> {
    names
        .iter()
        .filter(|name| !taken.iter().any(|taken| taken.trim() == *name))
        .filter_map(|name| name.strip_prefix("dummy_udc.")?.parse().ok())
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_comes_after_the_keyboard_beside_it() {
        let identity = Identity {
            vendor: 0x1050,
            product_id: 0x0407,
            manufacturer: String::new(),
            product: String::new(),
            serial: None,
        };
        let gadget = Gadget::new("work", Device::Key, identity);
        assert_eq!(gadget.phys(), "usb-dummy_hcd.0-1/input0");
        let gadget = gadget.beside_keyboard();
        assert_eq!(gadget.phys(), "usb-dummy_hcd.0-1/input1");
        assert_eq!(gadget.interfaces, [Device::Keyboard, Device::Key]);
        assert_eq!(linked(&function(1)), "configs/c.1/hid.1");
    }

    #[test]
    fn the_lowest_free_controller_is_taken() {
        let names = ["dummy_udc.10", "dummy_udc.1", "dummy_udc.0"].map(String::from);
        assert_eq!(lowest_free(&names, &[]), Some(0));
        assert_eq!(lowest_free(&names, &["dummy_udc.0\n".into(), "\n".into()]), Some(1));
        let all = ["dummy_udc.0\n", "dummy_udc.1\n", "dummy_udc.10\n"].map(String::from);
        assert_eq!(lowest_free(&names, &all), None);
    }
}
