//! Runs jobs, as many at a time as there are processors.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::job::{Job, Kernel, Part, steps};
use crate::layout;

use super::cache::Cache;
use super::compare;
use super::emulator::Emulator;
use super::host;
pub use super::host::Lacking;
use super::image::Images;
pub use super::image::Programs;
use super::machine::{Ended, Machine};
use super::report::{self, Verdict};
use super::secrets;

/// What a run of the lab is to do.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder of job files.
    pub jobs: PathBuf,
    /// Words, one of which a job's name must hold; none means all jobs.
    pub names: Vec<String>,
    /// What goes into the machines.
    pub programs: Programs,
    /// Where jobs leave what they leave.
    pub out: PathBuf,
    /// Whether jobs that passed leave something too.
    pub keep: bool,
    /// Whether job files are rewritten with what came out.
    pub update: bool,
    /// How many machines run at a time.
    pub parallel: usize,
    /// How long a machine may run.
    pub deadline: Duration,
}

/// A job file, read.
#[derive(Debug)]
struct Entry {
    name: String,
    path: PathBuf,
    text: String,
    job: Job,
}

/// Prints the jobs' names and what each shows.
///
/// # Errors
/// If a job file cannot be read.
pub fn list(options: &Options) -> Result<()> {
    for entry in entries(options)? {
        println!("{:<40}{}", entry.name, entry.job.about);
    }
    Ok(())
}

/// Runs jobs and prints how they went; gives whether all passed.
///
/// # Errors
/// If the lab itself cannot run: [`Lacking`] if the host lacks something.
pub fn run(options: &Options) -> Result<bool> {
    let started = Instant::now();
    let mut entries = entries(options)?;
    ensure!(!entries.is_empty(), "no job has such a name");
    host::prepare()?;
    let cache = Cache::open()?;
    let emulator = Emulator::find(&cache)?;
    let jobs: Vec<&Job> = entries.iter().map(|entry| &entry.job).collect();
    let images = Images::prepare(&cache, &options.programs, &jobs)?;
    // The long ones first, so that no processor waits for one at the end.
    entries.sort_by_key(|entry| std::cmp::Reverse(weight(&entry.job)));

    let queue = Mutex::new(entries.iter());
    let verdicts = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..options.parallel {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some(entry) = next else { return };
                    let begun = Instant::now();
                    let verdict = play(entry, &images, &emulator, options)
                        .unwrap_or_else(|error| Verdict::Failed(format!("{error:#}")));
                    let line = report::of_job(&entry.name, &verdict, begun.elapsed());
                    let mut verdicts = verdicts.lock().unwrap_or_else(PoisonError::into_inner);
                    print!("{line}");
                    verdicts.push(verdict);
                }
            });
        }
    });
    cache.prune();
    let verdicts = verdicts.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("{}", report::total(&verdicts, started.elapsed()));
    Ok(!verdicts.iter().any(|verdict| matches!(verdict, Verdict::Failed(_))))
}

fn entries(options: &Options) -> Result<Vec<Entry>> {
    let about = || format!("{} cannot be read", options.jobs.display());
    let mut entries = Vec::new();
    for file in fs::read_dir(&options.jobs).with_context(about)? {
        let path = file.with_context(about)?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let wanted = options.names.is_empty() || options.names.iter().any(|n| name.contains(n));
        if !wanted || path.extension().is_none_or(|extension| extension != "job") {
            continue;
        }
        let text = fs::read_to_string(&path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        let job = match Job::parse(&text) {
            Ok(job) => job,
            Err(error) => bail!("{}:{}: {}", path.display(), error.line, error.message),
        };
        if let Some(line) = secrets::unnamed_pin(&job) {
            bail!("{}:{line}: a job that sets a PIN names it with `secret`", path.display());
        }
        entries.push(Entry { name, path, text, job });
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

/// A guess at how long a job takes.
fn weight(job: &Job) -> usize {
    let kernel = if job.kernel == Kernel::Full { 20 } else { 0 };
    let python = if job.with.contains(&Part::Python) { 20 } else { 0 };
    kernel + python + job.steps.len()
}

fn play(entry: &Entry, images: &Images, emulator: &Emulator, options: &Options) -> Result<Verdict> {
    let folder = options.out.join(&entry.name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let machine = Machine {
        emulator,
        kernel: images.kernel(&entry.job)?,
        initramfs: folder.join("initramfs"),
        console: folder.join("console.log"),
        archive: folder.join("results.tar"),
        results: folder.clone(),
    };
    images.join(&entry.job, &entry.text, &machine.initramfs)?;
    let mut verdict = match machine.run(&entry.job, options.deadline)? {
        Ended::Done => {
            fs::remove_file(&machine.initramfs)?;
            fs::remove_file(&machine.archive)?;
            let verdict = judge(entry, &folder, options.update)?;
            match secrets::difference(&entry.job, &folder)? {
                Some(found) => Verdict::Failed(verdict.details() + &found),
                None => verdict,
            }
        }
        Ended::Broken(why) => Verdict::Failed(why),
    };
    if let Verdict::Failed(details) = &mut verdict {
        if !details.ends_with('\n') {
            details.push('\n');
        }
        fs::write(folder.join("difference"), &details)?;
        details.push_str(&format!("what it left: {}\n", folder.display()));
    } else if !options.keep {
        fs::remove_dir_all(&folder)?;
    }
    Ok(verdict)
}

fn judge(entry: &Entry, folder: &Path, update: bool) -> Result<Verdict> {
    let record = fs::read_to_string(folder.join(layout::TRANSCRIPT))?;
    let played = match steps(&record, 0) {
        Ok(played) => played,
        Err(error) => return Ok(Verdict::Failed(format!("the record is damaged: {error}"))),
    };
    let file = entry.path.file_name().unwrap_or_default().to_string_lossy();
    let Some(difference) = compare::difference(&entry.job, &file, &played) else {
        return Ok(Verdict::Passed);
    };
    if !update {
        return Ok(Verdict::Failed(difference));
    }
    match compare::updated(&entry.job, &file, &entry.text, &played) {
        Ok(text) => {
            fs::write(&entry.path, text)?;
            Ok(Verdict::Updated)
        }
        Err(difference) => Ok(Verdict::Failed(difference)),
    }
}
