//! Jobs played on this very machine, without a virtual one: `stage play`.
//!
//! | module | what it does |
//! |---|---|
//! | `options` | the command line |
//! | `entry` | a job file, played and held against what it says |
//! | `bed` | the scene with keys of the test bed `tests/umockdev/bed.py` |
//! | `at_hand`, `consent` | a key that somebody has in their hand: what it is, and may it be used |
//! | `person` | the scene with such a key, where a person does what the job says |
//! | `fit`, `likeness` | which jobs can be played with it, and how they are then read |
//!
//! There is no udev, no seat and no other user to play with; a job that wants such things is not for
//! the desk.

mod at_hand;
mod bed;
mod consent;
mod entry;
mod fit;
mod likeness;
mod options;
mod person;

pub use options::{Options, USAGE};

use crate::lab::report::{self, Verdict};
use crate::lab::secrets;
use crate::stage::tracing;
use crate::stage::user::User;
use anyhow::{Context, Result, ensure};
use bed::Bed;
use entry::Entry;
use options::{Keys, Place};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Plays jobs and prints how they went; gives whether all passed.
///
/// # Errors
///
/// When a job cannot be read, or what it is played with is not there.
pub fn run(options: &Options) -> Result<bool> {
    let entries = options.jobs.iter().map(|path| Entry::read(path)).collect::<Result<Vec<_>>>()?;
    match &options.keys {
        Keys::None => {
            for entry in &entries {
                let fit =
                    fit::unfit(&entry.job).map_or("yes".to_owned(), |why| format!("no: {why}"));
                println!("{:<32}{fit}", entry.name);
            }
            Ok(true)
        }
        Keys::Bed { place, program, firmware, update } => {
            let verdict = |entry: &Entry, folder: &Path, user: User| {
                let bed = Bed::make(program, firmware, folder, user, &entry.job)?;
                let verdict = entry.play(bed, folder, *update)?;
                Ok(entry.found(verdict, secrets::difference(&entry.job, folder)?, folder))
            };
            each(place, &entries, verdict)
        }
        Keys::AtHand { place, device } => at_hand::run(place, device, entries),
    }
}

/// Plays each job in a folder of its own.
fn each(
    place: &Place,
    entries: &[Entry],
    mut play: impl FnMut(&Entry, &Path, User) -> Result<Verdict>,
) -> Result<bool> {
    let started = Instant::now();
    let mut verdicts = Vec::new();
    for entry in entries {
        let begun = Instant::now();
        let (folder, user) = place.folder(&entry.name)?;
        let verdict = play(entry, &folder, user)
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

impl Place {
    /// A new folder, and whoever runs commands in it: the user of this process, in a home of their
    /// own, with a `fidokey` that keeps traces where commands are looked for first, and with where this
    /// runs as `$PROJECT`.
    fn folder(&self, name: &str) -> Result<(PathBuf, User)> {
        /// What shows a program a test bed instead of the machine, if it is played before one already.
        const TEST_BED: [&str; 2] = ["LD_PRELOAD", "UMOCKDEV_DIR"];

        let folder = self.out.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        let home = folder.join("home");
        fs::create_dir_all(&home).with_context(|| home.display().to_string())?;
        // Commands run in it, and find nothing by a path from here.
        let absolute = folder.canonicalize()?;
        let mut user = User::of_this_process(&absolute.join("home"));
        let fidokey = self.fidokey.canonicalize()?;
        ensure!(fidokey != env::current_exe()?, "--fidokey is a link to this program");
        let (links, environment) = tracing::begin_in(&absolute, &user.home, &fidokey)?;
        user.environment.extend(environment);
        let mut path = vec![links];
        path.extend(env::current_exe()?.parent().map(Path::to_path_buf));
        path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        user.environment.push(("PATH".into(), env::join_paths(path)?));
        user.environment.push(("PROJECT".into(), env::current_dir()?.into()));
        for name in TEST_BED {
            user.environment.extend(env::var_os(name).map(|value| (name.to_owned(), value)));
        }
        Ok((folder, user))
    }
}
