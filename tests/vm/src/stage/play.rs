//! Plays the steps of a job, and writes down what came of each.

use super::cast::{Cast, order, user_of};
use super::command::{self, Ending};
use super::key::Key;
use super::seat;
use super::terminal::Terminal;
use super::udev::{Hidraw, Udev};
use super::user::User;
use super::waiting::until;
use crate::job::{Act, Command, Condition, End, Line, Outcome, Recorded, Step};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How long a command may take.
const COMMAND: Duration = Duration::from_secs(60);

/// How long may pass until something happens that was to happen.
const EVENT: Duration = Duration::from_secs(30);

/// How long a client that ended may have left a request behind, before its reports are counted.
const LEFT_BEHIND: Duration = Duration::from_secs(2);

/// A play under way.
pub struct Play {
    udev: Udev,
    user: User,
    props: BTreeMap<String, Arc<Mutex<Prop>>>,
    terminals: BTreeMap<String, Terminal>,
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

impl Play {
    /// A play with this cast, nothing plugged in.
    pub fn new(cast: Cast) -> Self {
        let Cast { keys, user, udev } = cast;
        let prop = |key: Key| {
            let name = key.name().to_owned();
            (name, Arc::new(Mutex::new(Prop { key, udev, hidraw: None })))
        };
        let props = keys.into_iter().map(prop).collect();
        Self { udev, user, props, terminals: BTreeMap::new() }
    }

    /// Plays one step.
    pub fn step(&mut self, step: &Step) -> Recorded {
        match self.act(&step.act) {
            Ok(recorded) => recorded,
            Err(error) => Recorded { outcome: None, failure: Some(format!("{error:#}")) },
        }
    }

    /// Takes every key's power, and closes its traffic file.
    pub fn end(self) {
        drop(self.terminals);
        for prop in self.props.values() {
            let mut prop = lock(prop);
            let _ = prop.key.unplug();
            prop.key.traffic().flush();
        }
    }

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
            Act::Touch(key) => {
                self.wait(key, Condition::Touch)?;
                let mut prop = self.prop(key)?;
                // First noted, then done: the answer may come at once.
                prop.key.traffic().touched();
                prop.key.order("touch")?;
            }
            Act::SetTouch(key, touch) => self.prop(key)?.key.set_standing_order(order(*touch))?,
            Act::Finger(key, how) => self.prop(key)?.key.order(&format!("finger {how}"))?,
            Act::Cut(key, reports) => self.cut(key, *reports)?,
            Act::Count(key) => return self.count(key),
            Act::Run(command) => return self.run(command),
            Act::Start(name, command) => {
                let user = self.user_for(command)?;
                let terminal = Terminal::start(name, &command.line, &user)?;
                self.terminals.insert(name.clone(), terminal);
            }
            Act::Expect(name, text) => self.terminal(name)?.expect(text, EVENT)?,
            Act::Type(name, text) => self.terminal(name)?.type_in(text)?,
            Act::Signal(name, signal) => {
                self.terminal(name)?.signal(command::signal(signal)?)?;
            }
            Act::End(name) => {
                let terminal = self.terminals.remove(name);
                let terminal = terminal.with_context(|| format!("{name} does not run"))?;
                let (text, ending) = terminal.end(COMMAND)?;
                return Ok(recorded(text.as_bytes(), b"", ending));
            }
        }
        Ok(Recorded::default())
    }

    fn shared(&self, key: &str) -> Result<&Arc<Mutex<Prop>>> {
        self.props.get(key).with_context(|| format!("there is no key {key}"))
    }

    fn prop(&self, key: &str) -> Result<MutexGuard<'_, Prop>> {
        self.shared(key).map(lock)
    }

    fn terminal(&mut self, name: &str) -> Result<&mut Terminal> {
        self.terminals.get_mut(name).with_context(|| format!("{name} does not run"))
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

    fn run(&self, command: &Command) -> Result<Recorded> {
        let user = self.user_for(command)?;
        let input = command.stdin.as_deref().unwrap_or_default().as_bytes();
        let output = command::run(&command.line, &user, input, COMMAND)?;
        // A command may have had udev look at devices again; it is done when that is.
        self.udev.rest()?;
        Ok(recorded(&output.stdout, &output.stderr, output.ending))
    }

    fn user_for(&self, command: &Command) -> Result<User> {
        if !command.as_root {
            return Ok(self.user.clone());
        }
        Ok(User { folder: crate::layout::PROJECT.into(), ..User::named("root")? })
    }
}

fn lock(prop: &Arc<Mutex<Prop>>) -> MutexGuard<'_, Prop> {
    prop.lock().unwrap_or_else(PoisonError::into_inner)
}

fn recorded(stdout: &[u8], stderr: &[u8], ending: Ending) -> Recorded {
    let outcome = Outcome::of_streams(stdout, stderr, ending.end);
    Recorded { outcome: Some(outcome), failure: ending.failure() }
}

/// Plays a whole job, up to the first step that cannot be played, and gives the record.
pub fn all(steps: &[Step], mut play: Play, mut tell: impl FnMut(&str)) -> String {
    let mut transcript = String::new();
    for step in steps {
        tell(&step.text);
        let recorded = play.step(step);
        // Writing to a string does not fail.
        let _ = write!(transcript, "{}\n{recorded}", step.text);
        if let Some(failure) = recorded.failure {
            tell(&failure);
            break;
        }
    }
    play.end();
    transcript
}
