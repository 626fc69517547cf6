//! FIDO keys as Linux's sysfs shows them, also those that this user may not open.
//!
//! Everything here is world-readable, so it works without permission for any device node, and only
//! a handful of small files are read.
//!
//! The root of the file system is an argument, so that tests can show a machine of their own. The
//! contents are hostile: names and serial numbers come from the key.

use super::{KeyDescription, KeyKind, KeyPath};
use crate::wire::report_descriptor::{FidoReports, MAX_LENGTH, fido_reports};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// How much of a text file is read. Linux gives at most a page.
const TEXT_LIMIT: u64 = 4096;

/// How many parent devices are looked at; a key's USB device is the third or so.
const PARENTS: usize = 8;

/// A hidraw device that is a FIDO key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FidoNode {
    /// What is known of the key. Its path is the device node, without the root.
    pub description: KeyDescription,
    /// The reports that its descriptor states.
    pub reports: FidoReports,
    /// The major and minor number of its device node.
    pub device_number: Option<(u32, u32)>,
}

impl FidoNode {
    /// The device node under `root`, which may not exist.
    pub fn node(&self, root: &Path) -> PathBuf {
        under(root, &self.description.path)
    }
}

/// Where a path that is meant from `/` lies under `root`.
pub fn under(root: &Path, path: &KeyPath) -> PathBuf {
    root.join(path.0.trim_start_matches('/'))
}

/// Every FIDO key, whether or not it may be opened, ordered by hidraw number.
///
/// # Errors
///
/// When sysfs has a list of hidraw devices that cannot be read. No list is no key.
pub fn fido_nodes(root: &Path) -> io::Result<Vec<FidoNode>> {
    let mut nodes = Vec::new();
    for number in hidraw_numbers(root)? {
        nodes.extend(fido_node(root, number));
    }
    Ok(nodes)
}

/// The numbers of all hidraw devices, keys or not, in order.
///
/// # Errors
///
/// When the list cannot be read. No list is no device.
pub fn hidraw_numbers(root: &Path) -> io::Result<Vec<u32>> {
    let entries = match class(root).read_dir() {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut numbers = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("hidraw"));
        numbers.extend(number.and_then(|number| number.parse::<u32>().ok()));
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// The device node of the hidraw device with this number.
pub fn node_path(number: u32) -> KeyPath {
    KeyPath(format!("/dev/hidraw{number}"))
}

/// The report descriptor of the hidraw device with this number; `None` if there is no such device.
pub fn report_descriptor(root: &Path, number: u32) -> Option<Vec<u8>> {
    read(&entry(root, number).join("device/report_descriptor"), descriptor_limit())
}

fn class(root: &Path) -> PathBuf {
    root.join("sys/class/hidraw")
}

fn entry(root: &Path, number: u32) -> PathBuf {
    class(root).join(format!("hidraw{number}"))
}

/// Opens a device node for reading and writing, without waiting for anything.
///
/// # Errors
///
/// What the operating system said.
#[cfg(target_os = "linux")]
pub(crate) fn open_node(node: &Path) -> io::Result<File> {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt;
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits();
    let flags = i32::try_from(flags).map_err(io::Error::other)?;
    File::options().read(true).write(true).custom_flags(flags).open(node)
}

/// Reads one hidraw device; `None` if it is no key or has just gone.
fn fido_node(root: &Path, number: u32) -> Option<FidoNode> {
    let entry = entry(root, number);
    let descriptor = report_descriptor(root, number)?;
    let reports = fido_reports(&descriptor)?;

    let hid = Uevent::read(&entry.join("device"));
    let (vendor_id, product_id) = hid.get("HID_ID").and_then(hid_id).unzip();
    let usb = usb_device(&entry);
    let usb_text = |name| usb.as_ref().and_then(|usb| text(&usb.join(name)));
    let description = KeyDescription {
        path: node_path(number),
        kind: KeyKind::Hid,
        vendor_id,
        product_id,
        manufacturer: usb_text("manufacturer"),
        product: usb_text("product").or_else(|| hid.get("HID_NAME").and_then(stated)),
        serial_number: hid.get("HID_UNIQ").and_then(stated).or_else(|| usb_text("serial")),
        port: usb.as_ref().and_then(|usb| port(usb)),
    };
    let device_number = text(&entry.join("dev")).and_then(|text| {
        let (major, minor) = text.split_once(':')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    });
    Some(FidoNode { description, reports, device_number })
}

/// The directory of the USB device that a hidraw device belongs to; a uhid device has none.
fn usb_device(entry: &Path) -> Option<PathBuf> {
    let directory = entry.canonicalize().ok()?;
    directory
        .ancestors()
        .skip(1)
        .take(PARENTS)
        .find(|parent| Uevent::read(parent).get("DEVTYPE") == Some("usb_device"))
        .map(Path::to_path_buf)
}

/// The port that a USB device's directory is named after: bus, then the way through the hubs.
fn port(usb: &Path) -> Option<String> {
    let name = usb.file_name()?.to_str()?;
    let (bus, way) = name.split_once('-')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(bus) && way.split('.').all(is_number)).then(|| name.to_owned())
}

/// Vendor and product of `0003:00001050:00000407`.
fn hid_id(text: &str) -> Option<(u16, u16)> {
    let mut parts = text.split(':').skip(1);
    let mut number = || {
        let number = u32::from_str_radix(parts.next()?, 16).ok()?;
        u16::try_from(number).ok()
    };
    Some((number()?, number()?))
}

/// The properties in a device's `uevent` file.
struct Uevent(String);

impl Uevent {
    fn read(device: &Path) -> Self {
        Self(text(&device.join("uevent")).unwrap_or_default())
    }

    /// The first value of `key`: a key's name may hold line breaks and forge later lines, but the
    /// kernel writes the numbers before the name.
    fn get(&self, key: &str) -> Option<&str> {
        self.0.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
    }
}

fn descriptor_limit() -> u64 {
    u64::try_from(MAX_LENGTH).unwrap_or(TEXT_LIMIT)
}

/// A text attribute, if it states anything.
fn text(path: &Path) -> Option<String> {
    stated(&String::from_utf8_lossy(&read(path, TEXT_LIMIT)?))
}

fn stated(text: &str) -> Option<String> {
    let text = text.trim_matches(|character: char| character.is_whitespace() || character == '\0');
    (!text.is_empty()).then(|| text.to_owned())
}

/// Reads the first `limit` bytes of a file; `None` if it cannot be read.
pub(crate) fn read(path: &Path, limit: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(limit).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
