//! Plays the steps of a job, and writes down what came of each. Where that takes place, and with which
//! keys, is a [`Scene`]'s business.

use super::command::{self, Ending};
use super::terminal::Terminal;
use super::user::User;
use crate::job::{Act, Command, Outcome, Recorded, Step};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// Where a play takes place: its keys, and whoever runs commands.
pub trait Scene {
    /// Plays an act that is not about a command.
    ///
    /// # Errors
    ///
    /// When it cannot be played.
    fn act(&mut self, act: &Act) -> Result<Recorded>;

    /// Whoever runs a command.
    ///
    /// # Errors
    ///
    /// When there is no such user.
    fn user_for(&self, command: &Command) -> Result<User>;

    /// The step on this line of the job is next.
    fn at_line(&self, _line: usize) {}

    /// A command is about to start, or to be talked to.
    fn announce(&self, _step: &Act) {}

    /// Waits until what a command set in motion is done.
    ///
    /// # Errors
    ///
    /// When that does not happen in time.
    fn rest(&self) -> Result<()> {
        Ok(())
    }

    /// How long a command may take.
    fn command_limit(&self) -> Duration {
        Duration::from_secs(60)
    }

    /// How long may pass until something happens that was to happen.
    fn event_limit(&self) -> Duration {
        Duration::from_secs(30)
    }

    /// Writes down how things stand at the end, while they still do: keys are plugged in.
    fn leave_record(&self) {}

    /// Ends the play.
    fn end(&mut self);
}

/// A play under way.
pub struct Play<S> {
    scene: S,
    terminals: BTreeMap<String, Terminal>,
}

impl<S: Scene> Play<S> {
    /// A play that takes place there.
    pub fn new(scene: S) -> Self {
        Self { scene, terminals: BTreeMap::new() }
    }

    /// Plays one step.
    pub fn step(&mut self, step: &Step) -> Recorded {
        match self.act(&step.act) {
            Ok(recorded) => recorded,
            Err(error) => Recorded { outcome: None, failure: Some(format!("{error:#}")) },
        }
    }

    /// Ends what still runs, and the scene.
    pub fn end(mut self) {
        drop(self.terminals);
        self.scene.leave_record();
        self.scene.end();
    }

    fn act(&mut self, act: &Act) -> Result<Recorded> {
        let (event, command) = (self.scene.event_limit(), self.scene.command_limit());
        self.scene.announce(act);
        match act {
            Act::Run(command) => return self.run(command),
            Act::Start(name, command) => {
                let user = self.scene.user_for(command)?;
                let terminal = Terminal::start(name, &command.line, &user)?;
                self.terminals.insert(name.clone(), terminal);
            }
            Act::Expect(name, text) => self.terminal(name)?.expect(text, event)?,
            Act::Type(name, text) => self.terminal(name)?.type_in(text)?,
            Act::Signal(name, signal) => {
                self.terminal(name)?.signal(command::signal(signal)?)?;
            }
            Act::End(name) => {
                let terminal = self.terminals.remove(name);
                let terminal = terminal.with_context(|| format!("{name} does not run"))?;
                let (text, ending) = terminal.end(command)?;
                return Ok(recorded(text.as_bytes(), b"", ending));
            }
            other => return self.scene.act(other),
        }
        Ok(Recorded::default())
    }

    fn terminal(&mut self, name: &str) -> Result<&mut Terminal> {
        self.terminals.get_mut(name).with_context(|| format!("{name} does not run"))
    }

    fn run(&self, command: &Command) -> Result<Recorded> {
        let user = self.scene.user_for(command)?;
        let input = command.stdin.as_deref().unwrap_or_default().as_bytes();
        let output = command::run(&command.line, &user, input, self.scene.command_limit())?;
        self.scene.rest()?;
        Ok(recorded(&output.stdout, &output.stderr, output.ending))
    }
}

fn recorded(stdout: &[u8], stderr: &[u8], ending: Ending) -> Recorded {
    let outcome = Outcome::of_streams(stdout, stderr, ending.end);
    Recorded { outcome: Some(outcome), failure: ending.failure() }
}

/// Plays a whole job, up to the first step that cannot be played, and gives the record.
pub fn all<S: Scene>(steps: &[Step], mut play: Play<S>, mut tell: impl FnMut(&str)) -> String {
    let mut transcript = String::new();
    for step in steps {
        tell(&step.text);
        play.scene.at_line(step.line);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Job;
    use crate::stage::results;
    use std::fs;
    use std::path::{Path, PathBuf};

    /// A scene whose udev database is a folder, and whose only key is in it while it is plugged in.
    struct Scenery {
        root: PathBuf,
    }

    impl Scenery {
        fn key(&self) -> PathBuf {
            self.root.join("data/c242:0")
        }
    }

    impl Scene for Scenery {
        fn act(&mut self, act: &Act) -> Result<Recorded> {
            match act {
                Act::Plug(_) => fs::write(self.key(), "E:ID_FIDO_TOKEN=1\n")?,
                other => anyhow::bail!("{other:?} fails here"),
            }
            Ok(Recorded::default())
        }

        fn user_for(&self, _: &Command) -> Result<User> {
            anyhow::bail!("nobody is here")
        }

        fn leave_record(&self) {
            let records = results::udev_records(&self.root.join("data"), &self.root.join("char"));
            fs::write(self.root.join("udev.txt"), records).unwrap();
        }

        fn end(&mut self) {
            fs::remove_file(self.key()).unwrap();
        }
    }

    #[test]
    fn a_job_that_fails_leaves_what_udev_knew_of_its_keys() {
        let folder = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path: &Path = &folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put("data/seat", "");
        put("char/242:0/uevent", "DEVNAME=hidraw0\n");
        let job = "key work opensk uhid\n\n> plug work\n> unplug work\n";
        let job = Job::parse(job).unwrap();
        let scene = Scenery { root: folder.path().to_owned() };
        let record = all(&job.steps, Play::new(scene), |_| {});
        assert!(record.contains("!! "), "{record}");
        let udev = fs::read_to_string(folder.path().join("udev.txt")).unwrap();
        assert_eq!(udev, "c242:0\nDEVNAME=hidraw0\nE:ID_FIDO_TOKEN=1\n\nseat\n\n");
    }
}
