//! The virtual machine as the scene of a play: its users, its keys, its udev, its seat.

use super::cast::{Cast, order, user_of};
use super::key::Key;
use super::play::Scene;
use super::results;
use super::seat;
use super::tracing;
use super::udev::{Hidraw, Udev};
use super::user::User;
use super::waiting::until;
use crate::job::{Act, Command, Condition, End, Line, Outcome, Press, Recorded};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How long may pass until something happens that was to happen.
const EVENT: Duration = Duration::from_secs(30);

/// How long a client that ended may have left a request behind, before its reports are counted.
const LEFT_BEHIND: Duration = Duration::from_secs(2);

/// The machine.
pub struct Machine {
    udev: Udev,
    user: User,
    props: BTreeMap<String, Arc<Mutex<Prop>>>,
    limit: Duration,
    results: PathBuf,
}

/// A key, and what the kernel calls it while it is plugged in.
struct Prop {
    key: Key,
    udev: Udev,
    hidraw: Option<Hidraw>,
}

impl Prop {
    fn plug(&mut self) -> Result<()> {
        self.key.plug()?;
        self.hidraw = Some(self.udev.wait_for(&self.key.phys())?);
        Ok(())
    }

    fn unplug(&mut self) -> Result<()> {
        let phys = self.key.phys();
        self.key.unplug()?;
        match self.hidraw.take() {
            Some(hidraw) => self.udev.wait_without(&hidraw, &phys),
            None => Ok(()),
        }
    }
}

impl Machine {
    /// The machine with this cast, nothing plugged in.
    pub fn new(cast: Cast) -> Self {
        let Cast { keys, user, udev, limit, results } = cast;
        let prop = |key: Key| {
            let name = key.name().to_owned();
            (name, Arc::new(Mutex::new(Prop { key, udev, hidraw: None })))
        };
        let props = keys.into_iter().map(prop).collect();
        Self { udev, user, props, limit, results }
    }

    fn shared(&self, key: &str) -> Result<&Arc<Mutex<Prop>>> {
        self.props.get(key).with_context(|| format!("there is no key {key}"))
    }

    fn prop(&self, key: &str) -> Result<MutexGuard<'_, Prop>> {
        self.shared(key).map(lock)
    }

    fn wait(&self, key: &str, condition: Condition) -> Result<()> {
        let traffic = Arc::clone(self.prop(key)?.key.traffic());
        match condition {
            Condition::Touch => traffic.wait("a wait for a touch", EVENT, |e| e.needs_touch()),
            Condition::Idle => traffic.wait("an answer", EVENT, |e| e.is_idle()),
            Condition::Cancel => traffic.wait("a CANCEL", EVENT, |e| e.take_cancel()),
            Condition::Cut => {
                traffic.wait_cut(EVENT)?;
                // Whoever cuts it holds it until the system has forgotten it.
                self.prop(key).map(drop)
            }
            Condition::Uptime(seconds) => {
                let wanted = Duration::from_secs(seconds);
                until(&format!("{key} is up for {seconds} s"), wanted + EVENT, || {
                    match self.prop(key)?.key.uptime() {
                        Some(uptime) => Ok(uptime >= wanted),
                        None => bail!("{key} is not plugged in"),
                    }
                })
            }
        }
    }

    fn cut(&self, key: &str, reports: u64) -> Result<()> {
        let prop = Arc::clone(self.shared(key)?);
        let traffic = Arc::clone(lock(&prop).key.traffic());
        traffic.cut_after(reports)?;
        thread::spawn(move || {
            if traffic.until_cut() {
                let mut prop = lock(&prop);
                // It may have been unplugged by an act, and plugged in again, just now.
                if traffic.is_cut() {
                    let _ = prop.unplug();
                }
            }
        });
        Ok(())
    }

    fn count(&self, key: &str) -> Result<Recorded> {
        let traffic = Arc::clone(self.prop(key)?.key.traffic());
        // Whether it answers or not: what went there is counted.
        let _ = traffic.wait("an answer", LEFT_BEHIND, |e| e.is_idle());
        let counts = traffic.take_counts();
        let line = Line::Out(format!("out {} in {}", counts.to_key, counts.from_key));
        let outcome = Outcome { lines: vec![line], end: End::Exit(0) };
        Ok(Recorded { outcome: Some(outcome), failure: None })
    }
}

impl Scene for Machine {
    fn act(&mut self, act: &Act) -> Result<Recorded> {
        match act {
            Act::Plug(key) => self.prop(key)?.plug()?,
            Act::Unplug(key) => self.prop(key)?.unplug()?,
            Act::Replug(key) => {
                let mut prop = self.prop(key)?;
                prop.unplug()?;
                prop.plug()?;
            }
            Act::Seat(user) => {
                let user = user.as_deref().map(User::named).transpose()?;
                seat::give_to(user.map(|user| user.uid))?;
            }
            Act::As(person) => self.user = user_of(person)?,
            Act::Await(key, condition) => self.wait(key, *condition)?,
            Act::Touch(key, press) => {
                self.wait(key, Condition::Touch)?;
                let mut prop = self.prop(key)?;
                // First noted, then done: the answer may come at once.
                prop.key.traffic().touched();
                prop.key.order(match press {
                    Press::Short => "touch",
                    Press::Long => "touch long",
                })?;
            }
            Act::SetTouch(key, touch) => self.prop(key)?.key.set_standing_order(order(*touch))?,
            Act::Finger(key, how) => self.prop(key)?.key.order(&format!("finger {how}"))?,
            Act::Cut(key, reports) => self.cut(key, *reports)?,
            Act::Count(key) => return self.count(key),
            // The play's own.
            other => bail!("{other:?} is not about a key"),
        }
        Ok(Recorded::default())
    }

    fn command_limit(&self) -> Duration {
        self.limit
    }

    fn at_line(&self, line: usize) {
        tracing::at_line(line);
    }

    fn user_for(&self, command: &Command) -> Result<User> {
        if !command.as_root {
            return Ok(self.user.clone());
        }
        Ok(User { folder: crate::layout::PROJECT.into(), ..User::named("root")? })
    }

    /// A command may have had udev look at devices again; it is done when that is.
    fn rest(&self) -> Result<()> {
        self.udev.rest()
    }

    fn leave_record(&self) {
        if let Err(error) = results::add_system_state(&self.results) {
            println!("stage: {error:#}");
        }
    }

    /// Takes every key's power, and closes its traffic file.
    fn end(&mut self) {
        for prop in self.props.values() {
            let mut prop = lock(prop);
            let _ = prop.key.unplug();
            prop.key.traffic().flush();
        }
    }
}

fn lock(prop: &Arc<Mutex<Prop>>) -> MutexGuard<'_, Prop> {
    prop.lock().unwrap_or_else(PoisonError::into_inner)
}
