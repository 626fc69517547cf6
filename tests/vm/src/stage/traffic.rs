//! The reports of one key: noted with time and direction in a file that is kept, and that commands of
//! the play may read; and watched, so that the play can wait for what a key does.

use super::exchange::{Counts, Delivery, Exchange};
use super::report::{Packet, Report};
use super::waiting::until;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{LineWriter, Write};
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The reports of one key, whether it is plugged in or not.
#[derive(Debug)]
pub struct Traffic {
    name: String,
    state: Mutex<State>,
    changed: Condvar,
    start: Instant,
}

#[derive(Debug)]
struct State {
    exchange: Exchange,
    file: Option<LineWriter<File>>,
    /// Why no further report can come: the key has no power, or its firmware ended.
    silence: Option<String>,
    /// Whether a report that was to cut the power was seen.
    is_cut: bool,
}

/// Where a report goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    ToKey,
    FromKey,
}

impl Traffic {
    /// The traffic of a key that has no power yet. Times are counted from `start`. Without a file
    /// nothing is kept.
    ///
    /// # Errors
    ///
    /// When the file cannot be created.
    pub fn new(name: &str, file: Option<&Path>, start: Instant) -> Result<Self> {
        let create = |path: &Path| {
            File::create(path).with_context(|| format!("cannot write {}", path.display()))
        };
        let state = State {
            exchange: Exchange::default(),
            file: file.map(create).transpose()?.map(LineWriter::new),
            silence: Some("is not plugged in".into()),
            is_cut: false,
        };
        Ok(Self { name: name.into(), state: state.into(), changed: Condvar::new(), start })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of a report to the key.
    pub fn outgoing(&self, report: &Report) -> Delivery {
        let mut state = self.state();
        self.note(&mut state, Way::ToKey, report);
        let delivery = state.exchange.outgoing(report);
        if delivery == Delivery::Cut {
            state.is_cut = true;
            self.remark(&mut state, "cut: the key does not see this report");
        }
        self.changed.notify_all();
        delivery
    }

    /// Takes note of a report from the key.
    pub fn incoming(&self, report: &Report) {
        let mut state = self.state();
        self.note(&mut state, Way::FromKey, report);
        state.exchange.incoming(report);
        self.changed.notify_all();
    }

    /// Takes note that the key has power.
    pub fn powered(&self) {
        let mut state = self.state();
        state.silence = None;
        state.is_cut = false;
        state.exchange.power_lost();
        self.remark(&mut state, "plugged in");
    }

    /// Takes note that the key has no power any more.
    pub fn unpowered(&self) {
        let mut state = self.state();
        state.silence = Some("is not plugged in".into());
        state.exchange.power_lost();
        self.remark(&mut state, "unplugged");
        self.changed.notify_all();
    }

    /// Takes note that the firmware ended by itself.
    pub fn firmware_ended(&self) {
        let mut state = self.state();
        if state.silence.is_none() && !state.is_cut {
            state.silence = Some("has no firmware any more: it ended by itself".into());
            self.remark(&mut state, "the firmware ended");
            self.changed.notify_all();
        }
    }

    /// Takes note that the key was touched.
    pub fn touched(&self) {
        let mut state = self.state();
        state.exchange.touched();
        self.remark(&mut state, "touched");
    }

    /// The reports since this was asked last.
    pub fn take_counts(&self) -> Counts {
        self.state().exchange.take_counts()
    }

    /// Has the power fail at the `reports`th further report to the key.
    ///
    /// # Errors
    ///
    /// When it has no power.
    pub fn cut_after(&self, reports: u64) -> Result<()> {
        let mut state = self.state();
        if let Some(silence) = &state.silence {
            bail!("{} {silence}", self.name);
        }
        state.exchange.cut_after(reports);
        Ok(())
    }

    /// Waits until the power is to fail. Says no when the key was unplugged before that.
    pub fn until_cut(&self) -> bool {
        let mut state = self.state();
        while !state.is_cut && state.silence.is_none() {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.is_cut
    }

    /// Whether the power failed, or is about to, at a report, since the key was plugged in.
    pub fn is_cut(&self) -> bool {
        self.state().is_cut
    }

    /// Waits until the power failed at a report.
    ///
    /// # Errors
    ///
    /// When no such report is sent in time.
    pub fn wait_cut(&self, limit: Duration) -> Result<()> {
        until(&format!("a cut of {}", self.name), limit, || {
            let state = self.state();
            Ok(state.is_cut && state.silence.is_some())
        })
    }

    /// Waits until `holds`.
    ///
    /// # Errors
    ///
    /// When it does not hold within `limit`, or never will, because the key has no power.
    pub fn wait(
        &self,
        what: &str,
        limit: Duration,
        mut holds: impl FnMut(&mut Exchange) -> bool,
    ) -> Result<()> {
        let deadline = Instant::now() + limit;
        let mut state = self.state();
        loop {
            if holds(&mut state.exchange) {
                return Ok(());
            }
            if let Some(silence) = &state.silence {
                bail!("{} {silence}", self.name);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                bail!("timed out after {} s: {what} of {}", limit.as_secs(), self.name);
            }
            state = self
                .changed
                .wait_timeout(state, left)
                .map_or_else(|poisoned| poisoned.into_inner().0, |(state, _)| state);
        }
    }

    /// Whether reports can still come.
    pub fn is_alive(&self) -> bool {
        self.state().silence.is_none()
    }

    /// Writes what was noted to the file.
    pub fn flush(&self) {
        if let Some(file) = &mut self.state().file {
            let _ = file.flush();
        }
    }

    fn note(&self, state: &mut State, way: Way, report: &Report) {
        let arrow = match way {
            Way::ToKey => '>',
            Way::FromKey => '<',
        };
        let packet = Packet::of(report);
        self.line(state, &format!("{arrow} {packet}  {}", Hex(report)));
    }

    fn remark(&self, state: &mut State, remark: &str) {
        self.line(state, &format!("- {remark}"));
    }

    /// A traffic file that cannot be written must not spoil the play.
    fn line(&self, state: &mut State, line: &str) {
        if let Some(file) = &mut state.file {
            let at = self.start.elapsed().as_secs_f64();
            let _ = writeln!(file, "{at:11.6} {line}");
        }
    }
}

/// Bytes in hexadecimal, without the zeros at the end.
struct Hex<'r>(&'r [u8]);

impl std::fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let end = self.0.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        self.0[..end].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::testing::{first, report};
    use super::*;

    fn traffic(file: Option<&Path>) -> Traffic {
        Traffic::new("work", file, Instant::now()).unwrap()
    }

    #[test]
    fn a_wait_ends_when_the_power_is_lost() {
        let traffic = traffic(None);
        traffic.powered();
        traffic.outgoing(&first(0x10, &[1]));
        traffic.unpowered();
        let error =
            traffic.wait("a touch", Duration::from_secs(60), |e| e.needs_touch()).unwrap_err();
        assert_eq!(error.to_string(), "work is not plugged in");
    }

    #[test]
    fn a_wait_has_a_deadline() {
        let traffic = traffic(None);
        traffic.powered();
        let error =
            traffic.wait("a touch", Duration::from_millis(1), |e| e.needs_touch()).unwrap_err();
        assert_eq!(error.to_string(), "timed out after 0 s: a touch of work");
    }

    #[test]
    fn the_report_that_cuts_the_power_is_awaited() {
        let traffic = traffic(None);
        traffic.powered();
        traffic.cut_after(1).unwrap();
        assert_eq!(traffic.outgoing(&first(0x10, &[1])), Delivery::Cut);
        assert!(traffic.until_cut());
    }

    #[test]
    fn every_report_is_a_line() {
        let path = std::env::temp_dir().join(format!("traffic-{}", std::process::id()));
        let traffic = traffic(Some(&path));
        traffic.powered();
        traffic.outgoing(&report(&[0xff, 0xff, 0xff, 0xff, 0x86, 0, 8, 1]));
        traffic.incoming(&first(0x3b, &[2]));
        traffic.flush();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let lines: Vec<&str> = text.lines().map(|line| &line[12..]).collect();
        assert_eq!(
            lines,
            [
                "- plugged in",
                "> ffffffff init 8  ffffffff86000801",
                "< 00000001 keepalive up needed  00000001bb000102"
            ]
        );
    }
}
