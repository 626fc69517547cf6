//! What is handed back: an archive, through a port that leads out of the machine.

use crate::layout;
use anyhow::{Context, Result, bail};
use rustix::fs::OFlags;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const PORTS: &str = "/sys/class/virtio-ports";
const UDEV_RECORDS: &str = "/run/udev/data";
const CHARACTER_DEVICES: &str = "/sys/dev/char";

/// Sends everything that a play left behind.
///
/// # Errors
///
/// When there is no way out.
pub fn send(folder: &Path) -> Result<()> {
    let mut port = BufWriter::with_capacity(1 << 16, File::options().write(true).open(port()?)?);
    write(&mut port, folder)?;
    port.flush().context("the results cannot be sent")
}

fn write(to: impl Write, folder: &Path) -> Result<()> {
    let mut archive = tar::Builder::new(to);
    archive.append_dir_all(".", folder).context("the results cannot be packed")?;
    if Path::new(layout::TRACE_FOLDER).is_dir() {
        archive.append_dir_all(layout::TRACES, layout::TRACE_FOLDER)?;
    }
    archive.into_inner()?.flush()?;
    Ok(())
}

/// The node of the port that is named for the results.
fn port() -> Result<PathBuf> {
    for entry in fs::read_dir(PORTS).context(PORTS)? {
        let entry = entry?;
        let name = fs::read_to_string(entry.path().join("name")).unwrap_or_default();
        if name.trim() == layout::RESULTS_PORT {
            return Ok(Path::new("/dev").join(entry.file_name()));
        }
    }
    bail!("the machine has no port {}", layout::RESULTS_PORT)
}

/// Adds what the kernel and udev have to say.
///
/// # Errors
///
/// When the folder cannot be written to.
pub fn add_system_state(folder: &Path) -> Result<()> {
    fs::write(folder.join(layout::KERNEL_LOG), kernel_log().unwrap_or_else(|e| format!("{e:#}")))?;
    let records = udev_records(Path::new(UDEV_RECORDS), Path::new(CHARACTER_DEVICES));
    fs::write(folder.join(layout::UDEV), records)?;
    Ok(())
}

/// The kernel's log so far.
fn kernel_log() -> Result<String> {
    let mut log = OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open("/dev/kmsg")?;
    let mut text = String::new();
    let mut record = [0; 8192];
    // It gives one record each time, and an error when there is no further one.
    while let Ok(count) = log.read(&mut record) {
        text.push_str(&log_line(&String::from_utf8_lossy(&record[..count])));
    }
    Ok(text)
}

/// A record of the log as people read it: `LEVEL,NUMBER,MICROSECONDS,…;text`.
fn log_line(record: &str) -> String {
    let (head, text) = record.split_once(';').unwrap_or(("", record));
    let micros: u64 = head.split(',').nth(2).and_then(|n| n.parse().ok()).unwrap_or_default();
    let text = text.lines().next().unwrap_or_default();
    format!("[{:5}.{:06}] {text}\n", micros / 1_000_000, micros % 1_000_000)
}

/// Every record of udev's database, each under its name, and what sysfs has on the device.
pub(super) fn udev_records(folder: &Path, devices: &Path) -> String {
    let mut names: Vec<PathBuf> = match fs::read_dir(folder) {
        Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).collect(),
        Err(error) => return format!("{}: {error}\n", folder.display()),
    };
    names.sort();
    let mut text = String::new();
    for path in names {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let device = name.strip_prefix('c').map(|numbers| devices.join(numbers));
        let uevent = device.and_then(|device| fs::read_to_string(device.join("uevent")).ok());
        let record = fs::read_to_string(&path).unwrap_or_default();
        let _ = writeln!(text, "{name}\n{}{record}", uevent.unwrap_or_default());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_record_becomes_a_line() {
        let record = "6,339,5140900,-;usb 1-1: new device\n SUBSYSTEM=usb\n";
        assert_eq!(log_line(record), "[    5.140900] usb 1-1: new device\n");
    }

    #[test]
    fn the_archive_holds_what_is_in_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(layout::TRAFFIC)).unwrap();
        fs::write(folder.path().join(layout::TRANSCRIPT), "> plug work\n").unwrap();
        fs::write(folder.path().join(layout::TRAFFIC).join("work"), "").unwrap();
        let mut bytes = Vec::new();
        write(&mut bytes, folder.path()).unwrap();
        let mut archive = tar::Archive::new(&bytes[..]);
        let paths: Vec<PathBuf> =
            archive.entries().unwrap().map(|e| e.unwrap().path().unwrap().into_owned()).collect();
        assert!(paths.iter().any(|path| path.ends_with(layout::TRANSCRIPT)), "{paths:?}");
        assert!(paths.iter().any(|path| path.ends_with("traffic/work")), "{paths:?}");
    }
}
