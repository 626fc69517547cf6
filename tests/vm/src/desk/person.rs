//! The desk as the scene of a play, with a key that somebody has in their hand: what a job does with
//! its key, the person is told to do, and it is waited for as far as the system shows it.

use super::at_hand::AtHand;
use super::consent::say;
use super::fit::begins_without_key;
use crate::job::{Act, Command, Condition, Job, Press, Recorded, Touch};
use crate::stage::play::Scene;
use crate::stage::tracing;
use crate::stage::user::User;
use crate::stage::waiting::until;
use anyhow::{Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a person may take for what they are told to do.
const PERSON: Duration = Duration::from_secs(120);

/// How long a command may take, in which the key is to be touched.
const COMMAND: Duration = Duration::from_secs(180);

/// How long the system's rules may need until a key may be opened.
const SETTLING: Duration = Duration::from_secs(3);

/// A person, a key, and whoever runs commands.
pub(super) struct Person<'k> {
    key: &'k AtHand,
    folder: PathBuf,
    user: User,
    plugged: Instant,
}

impl<'k> Person<'k> {
    /// A person with this key, which is plugged in unless the job begins without it. The job leaves
    /// what it leaves in the folder.
    ///
    /// # Errors
    ///
    /// When it is then not unplugged.
    pub(super) fn with(key: &'k AtHand, job: &Job, folder: &Path, user: User) -> Result<Self> {
        let person = Self { key, folder: folder.to_owned(), user, plugged: Instant::now() };
        if begins_without_key(job) {
            person.unplug()?;
        }
        person.touches(job.keys.first().map_or(Touch::Auto, |key| key.touch));
        Ok(person)
    }

    fn touches(&self, touch: Touch) {
        say(match touch {
            Touch::Auto => "  Touch the key whenever it blinks.",
            Touch::Hold => "  Do not touch the key until you are told to.",
        });
    }

    fn plug(&mut self) -> Result<()> {
        if !self.key.is_plugged() {
            say(&format!("  Plug {} in now.", self.key.label));
            until("the key is plugged in", PERSON, || Ok(self.key.is_plugged()))?;
            ensure!(self.key.is_the_same(), "another key was plugged in");
        }
        self.plugged = Instant::now();
        // Why it may not be opened, the next command finds out better.
        let _ = until("the key may be opened", SETTLING, || Ok(self.key.opens()));
        Ok(())
    }

    fn unplug(&self) -> Result<()> {
        say(&format!("  Unplug {} now.", self.key.label));
        until("the key is unplugged", PERSON, || Ok(!self.key.is_plugged()))
    }
}

impl Scene for Person<'_> {
    fn act(&mut self, act: &Act) -> Result<Recorded> {
        match act {
            Act::Plug(_) => self.plug()?,
            Act::Unplug(_) => self.unplug()?,
            Act::Replug(_) => {
                self.unplug()?;
                self.plug()?;
            }
            Act::SetTouch(_, touch) => self.touches(*touch),
            Act::Touch(_, Press::Short) => say("  Touch the key now."),
            Act::Touch(_, Press::Long) => {
                say("  Hold your finger on the key now, for ten seconds.")
            }
            Act::Await(_, Condition::Uptime(seconds)) => {
                let wanted = Duration::from_secs(*seconds);
                until("time passes", wanted + SETTLING, || Ok(self.plugged.elapsed() >= wanted))?;
            }
            // What the key waits for is seen on the terminal, which the job looks at next; that it was
            // told to cancel is seen nowhere.
            Act::Await(_, Condition::Touch | Condition::Idle | Condition::Cancel) => {}
            // Whoever plays has the seat.
            Act::Seat(Some(_)) => {}
            other => bail!("{other:?} cannot be played with a key at hand"),
        }
        Ok(Recorded::default())
    }

    fn at_line(&self, line: usize) {
        tracing::at_line_in(&self.folder, line);
    }

    fn announce(&self, act: &Act) {
        if let Act::Run(command) | Act::Start(_, command) = act {
            say(&format!("  $ {}", command.line));
        }
    }

    fn user_for(&self, command: &Command) -> Result<User> {
        ensure!(!command.as_root, "nobody is root here");
        Ok(self.user.clone())
    }

    fn command_limit(&self) -> Duration {
        COMMAND
    }

    fn event_limit(&self) -> Duration {
        PERSON
    }

    fn end(&mut self) {}
}
