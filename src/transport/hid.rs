//! Keys on the machine's HID bus, through hidapi.
//!
//! On Linux keys are found through [`sysfs`](super::sysfs), elsewhere through hidapi's
//! enumeration; opening, reading and writing go through hidapi everywhere.

use super::hid_failure;
use super::sysfs;
use super::{
    Bus, BusError, Connection, ConnectionError, KeyDescription, KeyPath, OpenError, ReportSizes,
};
use crate::wire::report_descriptor::{self, FidoReports, Report};
use hidapi::{HidApi, HidDevice, HidResult};
use std::ffi::{CStr, CString};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::thread;
use std::time::Duration;
use zeroize::Zeroizing;

/// An initialization packet needs 7 bytes and one of data (CTAP 2.3 section 11.2.4).
const SMALLEST_REPORT: usize = 8;

/// The largest report that Linux moves.
const LARGEST_REPORT: usize = 16_384;

/// How often the set of keys is looked at while waiting for a change.
#[cfg(target_os = "linux")]
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How often the set of keys is looked at while waiting for a change; an enumeration is dear here.
#[cfg(not(target_os = "linux"))]
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The machine's HID bus.
pub struct HidBus {
    /// The root of the file system; only looked at on Linux.
    root: PathBuf,
    /// Made when first needed: hidapi enumerates every device while it starts.
    api: OnceLock<RwLock<HidApi>>,
    /// What [`Bus::keys`] or [`Bus::wait_for_change`] saw last.
    seen: Mutex<Option<Vec<Sighting>>>,
}

impl HidBus {
    /// The bus of this machine.
    pub fn new() -> Self {
        Self::with_root("/")
    }

    /// The bus of a machine whose file system has its root at `root`; only Linux looks there.
    pub fn with_root(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), api: OnceLock::new(), seen: Mutex::new(None) }
    }

    fn api(&self) -> HidResult<&RwLock<HidApi>> {
        if let Some(api) = self.api.get() {
            return Ok(api);
        }
        let made = RwLock::new(HidApi::new()?);
        Ok(self.api.get_or_init(|| made))
    }

    /// Several keys are opened at the same time, which takes Linux up to 50 ms for each.
    #[cfg(target_os = "linux")]
    fn open_path(&self, node: &CStr) -> HidResult<HidDevice> {
        self.api()?.read().unwrap_or_else(PoisonError::into_inner).open_path(node)
    }

    /// The libraries of other systems do not say that several may be opened at the same time.
    #[cfg(not(target_os = "linux"))]
    fn open_path(&self, node: &CStr) -> HidResult<HidDevice> {
        self.api()?.write().unwrap_or_else(PoisonError::into_inner).open_path(node)
    }

    fn open_device(&self, path: &KeyPath) -> Result<HidDevice, OpenError> {
        let node = if cfg!(target_os = "linux") {
            sysfs::under(&self.root, path).into_os_string().into_string().ok()
        } else {
            Some(path.0.clone())
        };
        let node = node.and_then(|node| CString::new(node).ok());
        let node = node.ok_or_else(|| OpenError::NotFound(path.clone()))?;
        self.open_path(&node).map_err(|error| hid_failure::opening(path, &error))
    }
}

impl Default for HidBus {
    fn default() -> Self {
        Self::new()
    }
}

impl Bus for HidBus {
    fn keys(&self) -> Result<Vec<KeyDescription>, BusError> {
        // Looked at before the keys, so that a change in between is seen by the next wait.
        let sightings = self.look();
        let keys = self.find()?;
        *lock(&self.seen) = Some(sightings);
        Ok(keys)
    }

    fn open(&self, path: &KeyPath) -> Result<Box<dyn Connection>, OpenError> {
        let device = self.open_device(path)?;
        let refused = |reason: String| OpenError::Other { path: path.clone(), reason };
        // Windows opens a key for an ordinary user too and then refuses every act on it.
        #[cfg(windows)]
        device
            .read_timeout(&mut [0; SMALLEST_REPORT], 0)
            .map_err(|error| hid_failure::opening(path, &error))?;
        let mut descriptor = [0; report_descriptor::MAX_LENGTH];
        let length = device
            .get_report_descriptor(&mut descriptor)
            .map_err(|error| refused(hid_failure::words(&error)))?;
        let reports =
            report_descriptor::fido_reports(descriptor.get(..length).unwrap_or(&descriptor))
                .ok_or_else(|| refused("it is not a FIDO key".to_owned()))?;
        let connection = HidConnection::new(device, reports).map_err(refused)?;
        Ok(Box::new(connection))
    }

    fn wait_for_change(&self, timeout: Duration) {
        let mut left = timeout;
        loop {
            let now = self.look();
            let mut seen = lock(&self.seen);
            match seen.replace(now.clone()) {
                Some(before) if before != now => return,
                _ => drop(seen),
            }
            if left.is_zero() {
                return;
            }
            let pause = left.min(LOOK_EVERY);
            thread::sleep(pause);
            left = left.saturating_sub(pause);
        }
    }
}

#[cfg(target_os = "linux")]
mod search {
    use super::*;
    use std::os::linux::fs::MetadataExt;

    /// A hidraw device, and when its node last changed: udev lets users in a moment after the
    /// node appears, which is as good as a new key.
    pub(super) type Sighting = (u32, Option<(i64, i64)>);

    impl HidBus {
        pub(super) fn find(&self) -> Result<Vec<KeyDescription>, BusError> {
            let nodes = sysfs::fido_nodes(&self.root)
                .map_err(|error| BusError::Enumerate(error.to_string()))?;
            // In a container sysfs may show keys of the host that have no node here.
            let here = nodes.into_iter().filter(|node| node.node(&self.root).exists());
            Ok(here.map(|node| node.description).collect())
        }

        pub(super) fn look(&self) -> Vec<Sighting> {
            let changed = |number| {
                let node = sysfs::under(&self.root, &sysfs::node_path(number));
                let metadata = node.metadata().ok()?;
                Some((metadata.st_ctime(), metadata.st_ctime_nsec()))
            };
            let numbers = sysfs::hidraw_numbers(&self.root).unwrap_or_default();
            numbers.into_iter().map(|number| (number, changed(number))).collect()
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod search {
    use super::*;
    use crate::transport::KeyKind;
    use hidapi::{DeviceInfo, HidError};
    use std::collections::HashSet;

    /// The path of a key.
    pub(super) type Sighting = String;

    impl HidBus {
        pub(super) fn find(&self) -> Result<Vec<KeyDescription>, BusError> {
            let find = || {
                let mut api = self.api()?.write().unwrap_or_else(PoisonError::into_inner);
                api.refresh_devices()?;
                // A path stands in the list once for each of its usages.
                let mut paths = HashSet::new();
                let keys = api.device_list().filter(|device| {
                    device.usage_page() == report_descriptor::FIDO_USAGE_PAGE
                        && device.usage() == report_descriptor::CTAPHID_USAGE
                        && paths.insert(device.path().to_owned())
                });
                let mut keys: Vec<_> = keys.filter_map(description).collect();
                keys.sort_by(|one, other| one.path.cmp(&other.path));
                Ok(keys)
            };
            find().map_err(|error: HidError| BusError::Enumerate(hid_failure::words(&error)))
        }

        pub(super) fn look(&self) -> Vec<Sighting> {
            let keys = self.find().unwrap_or_default();
            keys.into_iter().map(|key| key.path.0).collect()
        }
    }

    fn description(device: &DeviceInfo) -> Option<KeyDescription> {
        let stated = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        Some(KeyDescription {
            path: KeyPath(device.path().to_str().ok()?.to_owned()),
            kind: KeyKind::Hid,
            vendor_id: Some(device.vendor_id()),
            product_id: Some(device.product_id()),
            manufacturer: stated(device.manufacturer_string()),
            product: stated(device.product_string()),
            serial_number: stated(device.serial_number()),
            port: None,
        })
    }
}

use search::Sighting;

/// An open key.
struct HidConnection {
    device: HidDevice,
    sizes: ReportSizes,
    output_id: u8,
    /// The number that the key puts before its reports, if it numbers them.
    input_id: Option<u8>,
    /// Reports with their number in front. They carry large-blob keys, so they are wiped.
    outgoing: Zeroizing<Vec<u8>>,
    incoming: Zeroizing<Vec<u8>>,
}

impl HidConnection {
    /// Wraps a device, or says why its reports cannot carry CTAPHID.
    fn new(device: HidDevice, reports: FidoReports) -> Result<Self, String> {
        let input = usable("from", reports.input)?;
        let output = usable("to", reports.output)?;
        Ok(Self {
            device,
            sizes: ReportSizes { input: input.bytes, output: output.bytes },
            output_id: output.id,
            input_id: (input.id != 0).then_some(input.id),
            outgoing: Zeroizing::new(Vec::with_capacity(output.bytes.saturating_add(1))),
            incoming: Zeroizing::new(vec![0; input.bytes.saturating_add(1)]),
        })
    }
}

fn usable(direction: &str, report: Option<Report>) -> Result<Report, String> {
    match report {
        Some(report) if (SMALLEST_REPORT..=LARGEST_REPORT).contains(&report.bytes) => Ok(report),
        Some(Report { bytes, .. }) => {
            Err(format!("its reports {direction} the key have {bytes} bytes, which FIDO rules out"))
        }
        None => Err(format!("it has no reports {direction} the key")),
    }
}

impl Connection for HidConnection {
    fn report_sizes(&self) -> ReportSizes {
        self.sizes
    }

    fn send(&mut self, report: &[u8]) -> Result<(), ConnectionError> {
        let refused = |reason| ConnectionError::Refused { act: "write", reason };
        self.outgoing.clear();
        // hidapi wants the report's number first, 0 where reports are not numbered.
        self.outgoing.push(self.output_id);
        self.outgoing.extend_from_slice(report);
        loop {
            match self.device.write(&self.outgoing) {
                Ok(written) if written < self.outgoing.len() => {
                    let all = self.outgoing.len();
                    return Err(refused(format!("only {written} of {all} bytes were taken")));
                }
                Ok(_) => return Ok(()),
                // Interrupted before anything was sent: send it.
                Err(error) => match hid_failure::moving("write", &error) {
                    Some(error) => return Err(error),
                    None => continue,
                },
            }
        }
    }

    fn receive(
        &mut self,
        report: &mut [u8],
        timeout: Duration,
    ) -> Result<Option<usize>, ConnectionError> {
        let timeout = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        let length = match self.device.read_timeout(&mut self.incoming, timeout) {
            Ok(0) => return Ok(None),
            Ok(length) => length,
            Err(error) => return hid_failure::moving("read", &error).map_or(Ok(None), Err),
        };
        let received = self.incoming.get(..length).unwrap_or(&self.incoming);
        let received = match (self.input_id, received.split_first()) {
            (None, _) => received,
            (Some(id), Some((&first, rest))) if first == id => rest,
            // A report of another collection.
            (Some(_), _) => return Ok(None),
        };
        let length = received.len().min(report.len());
        if let (Some(report), Some(received)) = (report.get_mut(..length), received.get(..length)) {
            report.copy_from_slice(received);
        }
        Ok(Some(length))
    }
}

/// Locks; a thread that panicked while it held the lock left nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
