//! One opened key, as a pipe for HID reports.

use std::time::Duration;
use thiserror::Error;

/// The sizes of a key's HID reports in bytes, without the report ID.
///
/// FIDO keys use 64 in practice; CTAPHID allows any size that its report descriptor states
/// (CTAP 2.3 section 11.2.4). At least 8 is needed for an initialization packet to carry a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportSizes {
    /// Bytes in a report from the key.
    pub input: usize,
    /// Bytes in a report to the key.
    pub output: usize,
}

impl ReportSizes {
    /// The sizes of nearly every key: 64 bytes each way.
    pub const USUAL: Self = Self { input: 64, output: 64 };
}

/// Why a report could not be moved.
#[derive(Debug, Error)]
pub enum ConnectionError {
    /// The key is gone.
    #[error("the key was unplugged")]
    Unplugged,
    /// Another program holds the key for itself.
    #[error("the key is in use by another program")]
    InUse,
    /// The operating system refused.
    #[error("the operating system refused to {act}: {reason}")]
    Refused {
        /// What was tried: `read` or `write`.
        act: &'static str,
        /// The operating system's words.
        reason: String,
    },
}

/// One open connection to one key. Dropping it closes the key.
///
/// Decorators (traces, faults) implement this trait around another connection.
pub trait Connection: Send {
    /// The sizes of this key's reports.
    fn report_sizes(&self) -> ReportSizes;

    /// Sends one output report.
    ///
    /// `report` has exactly [`ReportSizes::output`] bytes and no report ID.
    ///
    /// # Errors
    ///
    /// When the key is gone or the operating system refuses.
    fn send(&mut self, report: &[u8]) -> Result<(), ConnectionError>;

    /// Waits for at most `timeout` for one input report and writes it to the start of `report`.
    ///
    /// Gives the number of bytes received, or `None` when the time ran out. It may also give
    /// `None` early, for example when a signal came in: the caller looks at its clock and
    /// [`Interrupt`](super::Interrupt) and calls again. Blocks no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// When the key is gone or the operating system refuses.
    fn receive(
        &mut self,
        report: &mut [u8],
        timeout: Duration,
    ) -> Result<Option<usize>, ConnectionError>;
}
