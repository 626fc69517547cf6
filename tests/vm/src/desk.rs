//! Jobs played on this very machine, without a virtual one: `stage play`.
//!
//! | module | what it does |
//! |---|---|
//! | `options` | the command line |
//! | `bed` | keys of the test bed `tests/umockdev/bed.py` |
//!
//! There is no udev, no seat and no other user to play with; a job that wants such things is not for
//! the desk.

mod bed;
mod options;

pub use options::{Options, USAGE};

use crate::job::{Job, steps};
use crate::lab::compare;
use crate::lab::report::{self, Verdict};
use crate::stage::play::{Play, Scene, all};
use crate::stage::user::User;
use anyhow::{Context, Result};
use bed::Bed;
use options::Keys;
use std::env;
use std::fs;
use std::path::Path;
use std::time::Instant;

/// Plays jobs and prints how they went; gives whether all passed.
///
/// # Errors
///
/// When a job cannot be read, or what it is played with is not there.
pub fn run(options: &Options) -> Result<bool> {
    let Keys::Bed { program, firmware } = &options.keys;
    let started = Instant::now();
    let mut verdicts = Vec::new();
    for path in &options.jobs {
        let begun = Instant::now();
        let entry = Entry::read(path)?;
        let folder = options.out.join(&entry.name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        let user = user(&options.fidokey, &folder)?;
        let bed = Bed::make(program, firmware, &folder, user, &entry.job);
        let verdict = bed
            .and_then(|bed| entry.play(bed, options.update, &folder))
            .unwrap_or_else(|error| Verdict::Failed(format!("{error:#}\n")));
        if matches!(verdict, Verdict::Passed | Verdict::Updated) {
            fs::remove_dir_all(&folder)?;
        }
        print!("{}", report::of_job(&entry.name, &verdict, begun.elapsed()));
        verdicts.push(verdict);
    }
    println!("{}", report::total(&verdicts, started.elapsed()));
    Ok(!verdicts.iter().any(|verdict| matches!(verdict, Verdict::Failed(_))))
}

/// Whoever runs this, in a home of their own, with `fidokey` where commands are looked for first.
fn user(fidokey: &Path, folder: &Path) -> Result<User> {
    let home = folder.join("home");
    fs::create_dir_all(&home).with_context(|| home.display().to_string())?;
    let mut user = User::of_this_process(&home.canonicalize()?);
    let programs = fidokey.parent().context("fidokey is in no folder")?.canonicalize()?;
    let others = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([programs].into_iter().chain(env::split_paths(&others)))?;
    user.environment.push(("PATH".into(), path));
    Ok(user)
}

/// A job file, read.
struct Entry<'p> {
    name: String,
    path: &'p Path,
    text: String,
    job: Job,
}

impl<'p> Entry<'p> {
    fn read(path: &'p Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let job = Job::parse(&text).with_context(|| path.display().to_string())?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, path, text, job })
    }

    fn play(&self, scene: impl Scene, update: bool, folder: &Path) -> Result<Verdict> {
        let record = all(&self.job.steps, Play::new(scene), |_| {});
        fs::write(folder.join("transcript"), &record)?;
        let played = steps(&record, 0).context("the record is damaged")?;
        let file = self.path.file_name().unwrap_or_default().to_string_lossy();
        let Some(difference) = compare::difference(&self.job, &file, &played) else {
            return Ok(Verdict::Passed);
        };
        if update {
            match compare::updated(&self.job, &file, &self.text, &played) {
                Ok(text) => {
                    fs::write(self.path, text)?;
                    return Ok(Verdict::Updated);
                }
                Err(difference) => return Ok(Verdict::Failed(difference)),
            }
        }
        let left = folder.display();
        Ok(Verdict::Failed(format!("{difference}what it left: {left}\n")))
    }
}
