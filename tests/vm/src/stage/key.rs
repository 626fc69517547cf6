//! A key: a vehicle with a firmware behind it, and the threads that carry the reports between them
//! while it is plugged in.

use super::exchange::Delivery;
use super::firmware::{Firmware, Recipe, Reports};
use super::report::LENGTH;
use super::traffic::Traffic;
use super::vehicle::{Line, Vehicle};
use anyhow::{Context, Result, bail};
use rustix::event::{EventfdFlags, eventfd};
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{ChildStdin, ChildStdout};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A key, or whatever else is plugged in in its place.
#[derive(Debug)]
pub struct Key {
    name: String,
    vehicle: Vehicle,
    /// Without firmware nothing ever answers.
    recipe: Option<Recipe>,
    traffic: Arc<Traffic>,
    power: Option<Power>,
}

/// What lives as long as the key has power.
#[derive(Debug)]
struct Power {
    firmware: Option<Firmware>,
    stop: Arc<OwnedFd>,
    /// Gives the firmware's input back: it must not end before the firmware has lost its power, or
    /// that would notice.
    outgoing: JoinHandle<Option<ChildStdin>>,
    incoming: Option<JoinHandle<()>>,
    since: Instant,
}

impl Key {
    /// A key that is not plugged in.
    pub fn new(name: &str, vehicle: Vehicle, recipe: Option<Recipe>, traffic: Traffic) -> Self {
        let traffic = Arc::new(traffic);
        Self { name: name.into(), vehicle, recipe, traffic, power: None }
    }

    /// What it is called in the play.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its reports.
    pub fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }

    /// Where the kernel says that it is plugged in.
    pub fn phys(&self) -> String {
        self.vehicle.phys()
    }

    /// How long it has been plugged in, if it is.
    pub fn uptime(&self) -> Option<Duration> {
        self.power.as_ref().map(|power| power.since.elapsed())
    }

    /// Plugs it in: the firmware starts, the device appears.
    ///
    /// # Errors
    ///
    /// When it is plugged in already, or either of the two fails.
    pub fn plug(&mut self) -> Result<()> {
        if self.power.is_some() {
            bail!("{} is plugged in already", self.name);
        }
        let (firmware, reports) = self.recipe.as_ref().map(Recipe::start).transpose()?.unzip();
        let line = self.vehicle.plug()?;
        let since = Instant::now();
        self.traffic.powered();
        let stop = Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?);
        let (to_key, from_key) =
            reports.map(|Reports { to_key, from_key }| (to_key, from_key)).unzip();
        let shuttle = Shuttle::new(&line, &stop, &self.traffic);
        let outgoing = thread::spawn(move || shuttle.outgoing(to_key));
        let incoming = from_key.map(|from_key| {
            let shuttle = Shuttle::new(&line, &stop, &self.traffic);
            thread::spawn(move || shuttle.incoming(from_key))
        });
        self.power = Some(Power { firmware, stop, outgoing, incoming, since });
        Ok(())
    }

    /// Unplugs it: the device disappears, the firmware ends. Nothing happens if it is not plugged
    /// in.
    ///
    /// # Errors
    ///
    /// When the kernel does not let it go.
    pub fn unplug(&mut self) -> Result<()> {
        let Some(Power { firmware, stop, outgoing, incoming, .. }) = self.power.take() else {
            return Ok(());
        };
        self.traffic.unpowered();
        rustix::io::write(&*stop, &1u64.to_ne_bytes())?;
        let device_first = !self.vehicle.line_goes_first();
        if device_first {
            self.vehicle.unplug()?;
        }
        if let Some(firmware) = firmware {
            firmware.lose_power()?;
        }
        let ended = outgoing.join().is_ok() & incoming.is_none_or(|thread| thread.join().is_ok());
        if !ended {
            bail!("a thread of {} panicked", self.name);
        }
        if !device_first {
            self.vehicle.unplug()?;
        }
        Ok(())
    }

    /// Gives its firmware an order that holds after every start.
    ///
    /// # Errors
    ///
    /// When it has power and no firmware that listens.
    pub fn set_standing_order(&mut self, order: &str) -> Result<()> {
        if let Some(recipe) = &mut self.recipe {
            recipe.orders = vec![order.into()];
        }
        if self.power.is_some() { self.order(order) } else { Ok(()) }
    }

    /// Gives its firmware an order.
    ///
    /// # Errors
    ///
    /// When it has no power or no firmware.
    pub fn order(&mut self, order: &str) -> Result<()> {
        let power = self.power.as_mut().with_context(|| format!("{} has no power", self.name))?;
        let firmware = power.firmware.as_mut();
        firmware.with_context(|| format!("{} has no firmware", self.name))?.order(order)
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        let _ = self.unplug();
    }
}

/// Carries reports one way.
struct Shuttle {
    line: Arc<Line>,
    stop: Arc<OwnedFd>,
    traffic: Arc<Traffic>,
}

impl Shuttle {
    fn new(line: &Arc<Line>, stop: &Arc<OwnedFd>, traffic: &Arc<Traffic>) -> Self {
        Self { line: Arc::clone(line), stop: Arc::clone(stop), traffic: Arc::clone(traffic) }
    }

    /// Until the line ends or the power is to fail.
    fn outgoing(self, mut sink: Option<ChildStdin>) -> Option<ChildStdin> {
        while let Ok(Some(report)) = self.line.receive(self.stop.as_fd()) {
            if self.traffic.outgoing(&report) == Delivery::Cut {
                break;
            }
            // A firmware that ended by itself is noticed where its output ends.
            if let Some(sink) = &mut sink {
                let _ = sink.write_all(&report);
            }
        }
        sink
    }

    /// Until the firmware ends.
    fn incoming(self, mut source: ChildStdout) {
        let mut report = [0; LENGTH];
        while source.read_exact(&mut report).is_ok() {
            self.traffic.incoming(&report);
            if !matches!(self.line.send(&report, self.stop.as_fd()), Ok(true)) {
                return;
            }
        }
        self.traffic.firmware_ended();
    }
}
