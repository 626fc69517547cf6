//! Keys on systems other than Linux, through hidapi.

use super::failure::Failure;
use crate::transport::{KeyDescription, KeyKind, KeyPath};
use crate::wire::report_descriptor;
use hidapi::{DeviceInfo, HidApi, HidDevice, HidError, HidResult};
use std::collections::HashSet;
use std::ffi::CString;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// How often the set of keys is looked at while waiting for a change; an enumeration is dear here.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The path of a key.
pub(super) type Sighting = String;

/// The machine's HID devices.
pub(super) struct Devices {
    /// Made when first needed: hidapi enumerates every device while it starts. The libraries do not
    /// say that several devices may be opened at the same time.
    api: OnceLock<Mutex<HidApi>>,
}

impl Devices {
    /// Those of this machine; there is no file system of keys to be looked at.
    pub(super) fn below(_: PathBuf) -> Self {
        Self { api: OnceLock::new() }
    }

    fn api(&self) -> HidResult<MutexGuard<'_, HidApi>> {
        let api = match self.api.get() {
            Some(api) => api,
            None => {
                let made = Mutex::new(HidApi::new()?);
                self.api.get_or_init(|| made)
            }
        };
        Ok(api.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The keys.
    pub(super) fn find(&self) -> Result<Vec<KeyDescription>, Failure> {
        let mut api = self.api()?;
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
    }

    /// What there is now, to be compared with what there is later.
    pub(super) fn look(&self) -> Vec<Sighting> {
        let keys = self.find().unwrap_or_default();
        keys.into_iter().map(|key| key.path.0).collect()
    }

    /// Opens a device, and gives its report descriptor.
    pub(super) fn open(&self, path: &KeyPath) -> Result<(Device, Vec<u8>), Failure> {
        let node = CString::new(path.0.clone()).map_err(|_| Failure::gone("no such path"))?;
        let device = self.api()?.open_path(&node)?;
        // Windows opens a key for an ordinary user too and then refuses every act on it.
        #[cfg(windows)]
        device.read_timeout(&mut [0; super::SMALLEST_REPORT], 0)?;
        let mut descriptor = vec![0; report_descriptor::MAX_LENGTH];
        let length = device.get_report_descriptor(&mut descriptor)?;
        descriptor.truncate(length);
        Ok((Device(device), descriptor))
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

/// An open device.
pub(super) struct Device(HidDevice);

impl Device {
    /// Sends one report. Gives the number of bytes that were taken.
    pub(super) fn write(&self, report: &[u8]) -> Result<usize, Failure> {
        Ok(self.0.write(report)?)
    }

    /// Waits for one report; `None` when the time ran out.
    pub(super) fn read(
        &self,
        report: &mut [u8],
        timeout: Duration,
    ) -> Result<Option<usize>, Failure> {
        let timeout = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        let length = self.0.read_timeout(report, timeout)?;
        Ok((length > 0).then_some(length))
    }
}

impl From<HidError> for Failure {
    fn from(error: HidError) -> Self {
        match error {
            HidError::IoError { error } => error.into(),
            HidError::HidApiError { message } => Self::said(&message),
            error => Self::other(&error.to_string()),
        }
    }
}
