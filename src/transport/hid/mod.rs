//! Keys on the machine's HID bus.
//!
//! On Linux, `linux` finds keys in [`sysfs`](super::sysfs) and talks to their device nodes; `others`
//! does both through hidapi. What they have in common is here: waiting for changes, and the numbers
//! that some keys put before their reports.

mod failure;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod others;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
use others as system;

use super::{
    Bus, BusError, Connection, ConnectionError, KeyDescription, KeyPath, OpenError, ReportSizes,
};
use crate::wire::report_descriptor::{self, FidoReports, Report};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use system::{Device, Devices, Sighting};
use zeroize::Zeroizing;

/// An initialization packet needs 7 bytes and one of data (CTAP 2.3 section 11.2.4).
const SMALLEST_REPORT: usize = 8;

/// The largest report that Linux moves.
const LARGEST_REPORT: usize = 16_384;

/// The machine's HID bus.
pub struct HidBus {
    devices: Devices,
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
        Self { devices: Devices::below(root.into()), seen: Mutex::new(None) }
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
        let sightings = self.devices.look();
        let keys = self.devices.find().map_err(|failure| BusError::Enumerate(failure.words))?;
        *lock(&self.seen) = Some(sightings);
        Ok(keys)
    }

    fn open(&self, path: &KeyPath) -> Result<Box<dyn Connection>, OpenError> {
        let (device, descriptor) =
            self.devices.open(path).map_err(|failure| failure.opening(path))?;
        let refused = |reason: String| OpenError::Other { path: path.clone(), reason };
        let reports = report_descriptor::fido_reports(&descriptor)
            .ok_or_else(|| refused("it is not a FIDO key".to_owned()))?;
        let connection = HidConnection::new(device, reports).map_err(refused)?;
        Ok(Box::new(connection))
    }

    fn wait_for_change(&self, timeout: Duration) {
        let mut left = timeout;
        loop {
            let now = self.devices.look();
            let mut seen = lock(&self.seen);
            match seen.replace(now.clone()) {
                Some(before) if before != now => return,
                _ => drop(seen),
            }
            if left.is_zero() {
                return;
            }
            let pause = left.min(system::LOOK_EVERY);
            #[allow(clippy::disallowed_methods, reason = "nothing to wait for but time")]
            thread::sleep(pause);
            left = left.saturating_sub(pause);
        }
    }
}

/// An open key.
struct HidConnection {
    device: Device,
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
    fn new(device: Device, reports: FidoReports) -> Result<Self, String> {
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
        self.outgoing.clear();
        // The operating system wants the report's number first, 0 where reports are not numbered.
        self.outgoing.push(self.output_id);
        self.outgoing.extend_from_slice(report);
        loop {
            match self.device.write(&self.outgoing) {
                Ok(written) if written < self.outgoing.len() => {
                    let all = self.outgoing.len();
                    let reason = format!("only {written} of {all} bytes were taken");
                    return Err(ConnectionError::Refused { act: "write", reason });
                }
                Ok(_) => return Ok(()),
                // Interrupted before anything was sent: send it.
                Err(failure) => match failure.moving("write") {
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
        let length = match self.device.read(&mut self.incoming, timeout) {
            Ok(Some(length)) => length,
            Ok(None) => return Ok(None),
            Err(failure) => return failure.moving("read").map_or(Ok(None), Err),
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
