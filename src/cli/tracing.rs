//! `--trace FILE`: the trace of one run, from before anything is sent to the end.

use super::app::App;
use super::error::CliError;
use super::error_words;
use super::exit::Exit;
use crate::output::words;
use crate::trace::{Header, TraceFile, TracingBus};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// A trace that is being written.
pub(super) struct Tracing {
    path: PathBuf,
    file: Arc<Mutex<TraceFile>>,
    bus: Arc<TracingBus>,
}

impl App<'_> {
    /// Begins the trace of this command if one is asked for: from then on every key is opened through
    /// it.
    ///
    /// # Errors
    ///
    /// When it cannot be written, or the command is the one that reads traces.
    pub(super) fn begin_trace(&mut self, command: impl FnOnce() -> String) -> Result<(), CliError> {
        let Some(path) = self.global.trace.clone() else { return Ok(()) };
        let command = command();
        if command.starts_with("trace") {
            return Err(CliError::usage("Nothing is said to a key when a trace is shown.")
                .hint("Leave `--trace` out."));
        }
        if path.as_os_str() == "-" {
            return Err(CliError::usage(
                "A trace needs a file: both streams carry something else. Nothing was sent.",
            )
            .hint("Name a file with `--trace FILE`, or a device such as `/dev/stderr`."));
        }
        let header = Header::new(started_at(self.now), command);
        let file = TraceFile::create(&path, &header);
        let file = file.map_err(|error| error_words::trace_file(&error, &path))?;
        let file = Arc::new(Mutex::new(file));
        let (inner, clock) = (Arc::clone(&self.bus), Arc::clone(&self.clock));
        let bus = Arc::new(TracingBus::new(inner, clock, Box::new(Arc::clone(&file))));
        self.bus = Arc::<TracingBus>::clone(&bus);
        self.tracing = Some(Tracing { path, file, bus });
        Ok(())
    }

    /// Ends the trace, and says if something is missing in it.
    pub(super) fn end_trace(&mut self, exit: Exit) {
        let Some(Tracing { path, file, bus }) = self.tracing.take() else { return };
        bus.ended(exit.code());
        let file = file.lock().unwrap_or_else(PoisonError::into_inner);
        let name = words::path(&path);
        if let Some(failure) = file.failure() {
            self.ui.warning(&format!("The trace in {name} is not whole: {failure}."));
        } else if file.is_full() {
            self.ui.warning(&format!("The trace in {name} is not whole: it became too long."));
        }
    }
}

/// A moment in universal time, with microseconds.
fn started_at(now: SystemTime) -> String {
    let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let moment = words::moment(since_epoch.as_secs()).unwrap_or_default();
    format!("{}.{:06}Z", moment.trim_end_matches('Z'), since_epoch.subsec_micros())
}
