//! What the kernel and udev have done so far with a device: its `hidraw` node, its record in udev's
//! database, whether udev still works on anything.

use super::waiting::until;
use anyhow::{Context, Result, bail};
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const HIDRAW: &str = "/sys/class/hidraw";
const DAEMON: &str = "/lib/systemd/systemd-udevd";
const RUN: &str = "/run/udev";
const CHRT: &str = "/usr/bin/chrt";

/// How long the kernel and udev may need for a device.
const LIMIT: Duration = Duration::from_secs(30);

/// Whether udev runs.
#[derive(Clone, Copy, Debug)]
pub struct Udev {
    runs: bool,
}

/// A device's `hidraw` node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidraw {
    /// `hidraw0`.
    pub name: String,
    /// `MAJOR:MINOR`.
    pub numbers: String,
}

impl Hidraw {
    /// What udev wrote of it.
    fn record(&self) -> String {
        format!("{RUN}/data/c{}", self.numbers)
    }
}

impl Udev {
    /// A system without udev: nodes are the kernel's alone.
    pub fn absent() -> Self {
        Self { runs: false }
    }

    /// Starts udev. Devices that are there already are left as the kernel made them, since no job is
    /// about them, and hundreds of events cost seconds.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub fn start() -> Result<Self> {
        fs::create_dir_all(RUN)?;
        // Before everybody else: udevd 252 passes over a command of udevadm that comes between its accepting
        // the connection and its asking who is there ("Invalid sender uid 65534"), and udevadm says nothing.
        let status = Command::new(CHRT)
            .args(["-f", "1", DAEMON, "--daemon"])
            .status()
            .with_context(|| format!("cannot run {DAEMON}"))?;
        if !status.success() {
            bail!("{DAEMON} ended with {status}");
        }
        Ok(Self { runs: true })
    }

    /// Waits until the device plugged in at `phys` has its node, and udev has done what its rules
    /// say.
    ///
    /// # Errors
    ///
    /// When that does not happen in time.
    pub fn wait_for(self, phys: &str) -> Result<Hidraw> {
        let mut found = None;
        until(&format!("a hidraw device at {phys}"), LIMIT, || {
            found = hidraw_at(phys)?;
            Ok(found.is_some())
        })?;
        let hidraw = found.with_context(|| format!("no hidraw device at {phys}"))?;
        if self.runs {
            // The record is written before the rules' last part runs; the queue ends after it.
            let record = hidraw.record();
            until("udev's record of a new device", LIMIT, || Ok(Path::new(&record).exists()))?;
            self.rest()?;
        }
        Ok(hidraw)
    }

    /// Waits until a device that was unplugged is forgotten.
    ///
    /// # Errors
    ///
    /// When that does not happen in time.
    pub fn wait_without(self, hidraw: &Hidraw, phys: &str) -> Result<()> {
        until(&format!("no hidraw device at {phys}"), LIMIT, || Ok(hidraw_at(phys)?.is_none()))?;
        if self.runs {
            let record = hidraw.record();
            until("udev forgets a device", LIMIT, || Ok(!Path::new(&record).exists()))?;
            self.rest()?;
        }
        Ok(())
    }

    /// Waits until udev has nothing to do.
    ///
    /// # Errors
    ///
    /// When it does not come to rest in time.
    pub fn rest(self) -> Result<()> {
        let queue = format!("{RUN}/queue");
        until("udev comes to rest", LIMIT, || Ok(!Path::new(&queue).exists()))
    }

    /// The nodes that udev means for whoever sits at the machine.
    ///
    /// # Errors
    ///
    /// When its database cannot be read.
    pub fn nodes_of_the_seat() -> Result<Vec<String>> {
        let folder = match fs::read_dir(format!("{RUN}/tags/uaccess")) {
            Ok(folder) => folder,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        let mut nodes = Vec::new();
        for entry in folder {
            let id = entry?.file_name().to_string_lossy().into_owned();
            let Some(numbers) = id.strip_prefix('c') else { continue };
            let uevent = fs::read_to_string(format!("/sys/dev/char/{numbers}/uevent"));
            if let Some(name) = uevent.ok().as_deref().and_then(|text| value(text, "DEVNAME")) {
                nodes.push(format!("/dev/{name}"));
            }
        }
        nodes.sort();
        Ok(nodes)
    }
}

/// The `hidraw` device at `phys`, if there is one.
fn hidraw_at(phys: &str) -> Result<Option<Hidraw>> {
    let folder = match fs::read_dir(HIDRAW) {
        Ok(folder) => folder,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context(HIDRAW),
    };
    for entry in folder {
        let entry = entry?;
        // A device may vanish while it is looked at.
        let read = |file: &str| fs::read_to_string(entry.path().join(file)).unwrap_or_default();
        if value(&read("device/uevent"), "HID_PHYS") == Some(phys) {
            let numbers = read("dev").trim().to_owned();
            let name = entry.file_name().to_string_lossy().into_owned();
            if !numbers.is_empty() {
                return Ok(Some(Hidraw { name, numbers }));
            }
        }
    }
    Ok(None)
}

/// The value of `NAME=value` in a `uevent` file.
fn value<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uevent_file_is_read_by_whole_names() {
        let text = "HID_ID=0003:00001050:00000407\nHID_NAME=Maker Key\nHID_PHYS=stage/work\n";
        assert_eq!(value(text, "HID_PHYS"), Some("stage/work"));
        assert_eq!(value(text, "HID"), None);
    }
}
