//! Keys on Linux: found in sysfs, opened and spoken to through `/dev/hidraw*`.
//!
//! A report is one `read` or `write` of the device node, its number first where reports are
//! numbered. hidapi does the same, but starts by reading every attribute of every HID device and of
//! all that it is plugged into, which takes longer than a whole run of this program may
//! (`docs/decisions/0002-hidapi-backend.md`).
//!
//! Opening, reading and writing go through libc, so that the device nodes of a test bed that stands
//! in for libc's functions are opened too.

use super::failure::Failure;
use crate::transport::sysfs::{self, node_path};
use crate::transport::{KeyDescription, KeyPath};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::linux::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often the set of keys is looked at while waiting for a change.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A hidraw device, and when its node last changed: udev lets users in a moment after the node
/// appears, which is as good as a new key.
pub(super) type Sighting = (u32, Option<(i64, i64)>);

/// The machine's HID devices.
pub(super) struct Devices {
    root: PathBuf,
}

impl Devices {
    /// Those of the machine whose file system has its root here.
    pub(super) fn below(root: PathBuf) -> Self {
        Self { root }
    }

    /// The keys that have a device node.
    pub(super) fn find(&self) -> Result<Vec<KeyDescription>, Failure> {
        let nodes = sysfs::fido_nodes(&self.root)?;
        // In a container sysfs may show keys of the host that have no node here.
        let here = nodes.into_iter().filter(|node| node.node(&self.root).exists());
        Ok(here.map(|node| node.description).collect())
    }

    /// What there is now, keys or not, to be compared with what there is later.
    pub(super) fn look(&self) -> Vec<Sighting> {
        let changed = |number| {
            let node = sysfs::under(&self.root, &node_path(number));
            let metadata = node.metadata().ok()?;
            Some((metadata.st_ctime(), metadata.st_ctime_nsec()))
        };
        let numbers = sysfs::hidraw_numbers(&self.root).unwrap_or_default();
        numbers.into_iter().map(|number| (number, changed(number))).collect()
    }

    /// Opens a device node, and gives the report descriptor of what is behind it.
    pub(super) fn open(&self, path: &KeyPath) -> Result<(Device, Vec<u8>), Failure> {
        let node = sysfs::under(&self.root, path);
        let file = sysfs::open_node(&node)?;
        let descriptor = number_of(&node)
            .and_then(|number| sysfs::report_descriptor(&self.root, number))
            .ok_or_else(|| Failure::other("it is not a HID device"))?;
        Ok((Device(file), descriptor))
    }
}

/// The number of a hidraw device by its node's name; the node may be a link to it.
fn number_of(node: &Path) -> Option<u32> {
    let number = |path: &Path| path.file_name()?.to_str()?.strip_prefix("hidraw")?.parse().ok();
    number(node).or_else(|| number(&node.canonicalize().ok()?))
}

/// An open device node.
pub(super) struct Device(File);

impl Device {
    /// Sends one report. Gives the number of bytes that were taken.
    pub(super) fn write(&self, report: &[u8]) -> Result<usize, Failure> {
        Ok((&self.0).write(report)?)
    }

    /// Waits for one report; `None` when the time ran out.
    pub(super) fn read(
        &self,
        report: &mut [u8],
        timeout: Duration,
    ) -> Result<Option<usize>, Failure> {
        let broken = PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL;
        let mut wanted = [PollFd::new(&self.0, PollFlags::IN)];
        let longest = Timespec { tv_sec: i64::MAX, tv_nsec: 0 };
        let timeout = Timespec::try_from(timeout).unwrap_or(longest);
        if poll(&mut wanted, Some(&timeout)).map_err(io::Error::from)? == 0 {
            return Ok(None);
        }
        if wanted.iter().any(|node| node.revents().intersects(broken)) {
            return Err(Failure::gone("the device is disconnected"));
        }
        match (&self.0).read(report) {
            // A device node has no end; hidraw gives nothing where there is nothing.
            Ok(0) => Ok(None),
            Ok(length) => Ok(Some(length)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
