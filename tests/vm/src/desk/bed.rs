//! Keys of the test bed `tests/umockdev/bed.py`, as the scene of a play. Only what a command of the
//! play sees is a test bed's; this process sees the machine as it is.

use crate::job::{
    Act, Command, Condition, End, Firmware, Job, Key, Line, Outcome, Press, Recorded, Touch,
};
use crate::layout;
use crate::stage::play::Scene;
use crate::stage::tracing;
use crate::stage::user::User;
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command as Process, Stdio};

/// The library that shows a program the test bed instead of the machine.
const LIBRARY: &str = "libumockdev-preload.so.0";

/// Debian's Python, which has Debian's modules.
const PYTHON: &str = "/usr/bin/python3";

/// The test bed, and whoever runs commands before it.
pub(super) struct Bed {
    child: Child,
    /// Nobody any more once the play has ended.
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    folder: PathBuf,
    user: User,
}

impl Bed {
    /// A test bed with the keys of a job, none of them plugged in.
    pub(super) fn make(
        program: &Path,
        firmware: &Path,
        folder: &Path,
        user: User,
        job: &Job,
    ) -> Result<Self> {
        ensure!(job.without.is_empty(), "the test bed lacks nothing that a job could do without");
        let log = fs::File::create(folder.join("bed.log"))?;
        let mut child = Process::new(PYTHON)
            .arg(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("{PYTHON} cannot be started"))?;
        let requests = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().context("the test bed says nothing")?);
        let mut bed = Self { child, requests, answers, folder: folder.to_owned(), user };
        for place in [layout::TRAFFIC, layout::FIRMWARE_LOGS] {
            fs::create_dir_all(folder.join(place))?;
        }
        let root = bed.answer().context("the test bed does not start; see bed.log")?;
        bed.user.environment.push(("LD_PRELOAD".into(), LIBRARY.into()));
        bed.user.environment.push(("UMOCKDEV_DIR".into(), root.into()));
        for key in &job.keys {
            bed.ask(&definition(key, firmware, folder)?)?;
        }
        Ok(bed)
    }

    fn ask(&mut self, words: &[String]) -> Result<String> {
        ensure!(!words.iter().any(|word| word.contains(['\t', '\n'])), "a word has no tab in it");
        let requests = self.requests.as_mut().context("the test bed has ended")?;
        writeln!(requests, "{}", words.join("\t")).context("the test bed has ended")?;
        self.answer()
    }

    fn answer(&mut self) -> Result<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        match line.trim_end_matches('\n').split_once('\t') {
            Some(("ok", said)) => Ok(said.to_owned()),
            Some((_, reason)) => bail!("{reason}"),
            None => bail!("the test bed has ended"),
        }
    }
}

/// What the test bed is told of a key.
fn definition(key: &Key, firmware: &Path, folder: &Path) -> Result<Vec<String>> {
    let program = match key.firmware {
        Firmware::Mute | Firmware::Keyboard => None,
        firmware => firmware.program(),
    };
    let program = program.context("the test bed has keys with a firmware only")?;
    ensure!(key.firmware != Firmware::OpenSkU2f, "the test bed has no keys from before CTAP2");
    let path = |path: &Path| path.display().to_string();
    Ok(vec![
        "key".to_owned(),
        key.name.clone(),
        path(&firmware.join(program)),
        path(&folder.join(format!("{}.state", key.name))),
        format!("{:04x}", key.vendor_id),
        format!("{:04x}", key.product_id),
        key.manufacturer.clone(),
        key.product.clone(),
        key.serial.clone().unwrap_or_default(),
        path(&folder.join(layout::TRAFFIC).join(&key.name)),
        path(&folder.join(layout::FIRMWARE_LOGS).join(&key.name)),
        touch(key.touch).to_owned(),
        key.firmware.switches().join(" "),
    ])
}

fn touch(touch: Touch) -> &'static str {
    match touch {
        Touch::Auto => "auto",
        Touch::Hold => "hold",
    }
}

/// The request for an act, in the test bed's words; none for one that it need not hear of.
fn request(act: &Act) -> Result<Option<Vec<String>>> {
    let words: &[&str] = match act {
        Act::Plug(key) => &["plug", key],
        Act::Unplug(key) => &["unplug", key],
        Act::Replug(key) => &["replug", key],
        Act::Touch(key, Press::Short) => &["touch", key],
        Act::Touch(key, Press::Long) => &["touch", key, "long"],
        Act::SetTouch(key, how) => &["touch", key, touch(*how)],
        Act::Finger(key, how) => &["finger", key, how],
        Act::Await(key, Condition::Touch) => &["await", key, "touch"],
        Act::Await(key, Condition::Idle) => &["await", key, "idle"],
        Act::Await(key, Condition::Cancel) => &["await", key, "cancel"],
        Act::Count(key) => &["count", key],
        // Device nodes are open to whoever made the test bed.
        Act::Seat(Some(_)) => return Ok(None),
        other => bail!("{other:?} cannot be played before a test bed"),
    };
    Ok(Some(words.iter().map(ToString::to_string).collect()))
}

impl Scene for Bed {
    fn act(&mut self, act: &Act) -> Result<Recorded> {
        let Some(request) = request(act)? else { return Ok(Recorded::default()) };
        let said = self.ask(&request)?;
        if !act.has_outcome() {
            return Ok(Recorded::default());
        }
        let outcome = Outcome { lines: vec![Line::Out(said)], end: End::Exit(0) };
        Ok(Recorded { outcome: Some(outcome), failure: None })
    }

    fn at_line(&self, line: usize) {
        tracing::at_line_in(&self.folder, line);
    }

    fn user_for(&self, command: &Command) -> Result<User> {
        ensure!(!command.as_root, "nobody is root before a test bed");
        Ok(self.user.clone())
    }

    fn end(&mut self) {
        self.requests = None;
        let _ = self.child.wait();
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acts_are_asked_for_in_the_words_of_the_test_bed() {
        let asked = |act| request(&act).unwrap().map(|words| words.join(" "));
        assert_eq!(asked(Act::SetTouch("work".into(), Touch::Hold)).unwrap(), "touch work hold");
        assert_eq!(
            asked(Act::Await("work".into(), Condition::Cancel)).unwrap(),
            "await work cancel"
        );
        assert_eq!(asked(Act::Seat(Some("pat".into()))), None);
        assert!(request(&Act::Seat(None)).is_err());
        assert!(request(&Act::Cut("work".into(), 3)).is_err());
    }
}
