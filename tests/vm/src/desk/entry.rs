//! A job file, played and held against what it says.

use super::likeness;
use crate::job::{Job, Step, steps};
use crate::lab::compare;
use crate::lab::report::Verdict;
use crate::lab::secrets;
use crate::stage::play::{Play, Scene, all};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// A job file, read.
pub(super) struct Entry {
    pub(super) name: String,
    path: PathBuf,
    pub(super) text: String,
    pub(super) job: Job,
}

impl Entry {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Self::of(name, path.to_owned(), text)
    }

    /// The same job with another text.
    pub(super) fn rewritten(self, text: String) -> Result<Self> {
        Self::of(self.name, self.path, text)
    }

    fn of(name: String, path: PathBuf, text: String) -> Result<Self> {
        let job = Job::parse(&text).with_context(|| path.display().to_string())?;
        if let Some(line) = secrets::unnamed_pin(&job) {
            bail!("{}:{line}: a job that sets a PIN names it with `secret`", path.display());
        }
        Ok(Self { name, path, text, job })
    }

    /// Plays it, and holds what came out against what it says, word for word.
    pub(super) fn play(&self, scene: impl Scene, folder: &Path, update: bool) -> Result<Verdict> {
        let played = record(&self.job, scene, folder)?;
        let file = self.file();
        let Some(difference) = compare::difference(&self.job, &file, &played) else {
            return Ok(Verdict::Passed);
        };
        if !update {
            return Ok(failed(&difference, folder));
        }
        match compare::updated(&self.job, &file, &self.text, &played) {
            Ok(text) => {
                fs::write(&self.path, text)?;
                Ok(Verdict::Updated)
            }
            Err(difference) => Ok(failed(&difference, folder)),
        }
    }

    /// Plays it, and holds what came out against what it says, but for what differs between keys.
    pub(super) fn play_alike(&self, scene: impl Scene, folder: &Path) -> Result<Verdict> {
        let mut played = record(&self.job, scene, folder)?;
        let mut job = self.job.clone();
        job.steps.iter_mut().chain(&mut played).for_each(likeness::reduce);
        Ok(match compare::difference(&job, &self.file(), &played) {
            Some(difference) => failed(&difference, folder),
            None => Verdict::Passed,
        })
    }

    /// Adds to how it went what its traces hold and should not.
    pub(super) fn found(&self, verdict: Verdict, found: Option<String>, folder: &Path) -> Verdict {
        match (found, verdict) {
            (None, verdict) => verdict,
            (Some(found), Verdict::Failed(details)) => Verdict::Failed(found + &details),
            (Some(found), _) => failed(&found, folder),
        }
    }

    fn file(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

fn record(job: &Job, scene: impl Scene, folder: &Path) -> Result<Vec<Step>> {
    let record = all(&job.steps, Play::new(scene), |_| {});
    fs::write(folder.join("transcript"), &record)?;
    steps(&record, 0).context("the record is damaged")
}

fn failed(difference: &str, folder: &Path) -> Verdict {
    Verdict::Failed(format!("{difference}what it left: {}\n", folder.display()))
}
