//! The command line of `stage play`.

use anyhow::{Context, Result, bail};
use lexopt::prelude::{Long, Value};
use std::ffi::OsString;
use std::path::PathBuf;

/// How it is called.
pub const USAGE: &str = "\
usage: stage play --fidokey FILE --out FOLDER --bed FILE --firmware FOLDER [--update] JOB…

Plays job files on this machine, without a virtual one, with keys of a test bed.

  --fidokey FILE     the fidokey to run; its name is fidokey
  --out FOLDER       where a job leaves what it leaves
  --bed FILE         the test bed, tests/umockdev/bed.py
  --firmware FOLDER  where firmwares are
  --update           rewrite job files with what came out";

/// What is to be played, and with what.
#[derive(Debug)]
pub struct Options {
    pub(super) fidokey: PathBuf,
    pub(super) out: PathBuf,
    pub(super) keys: Keys,
    pub(super) update: bool,
    pub(super) jobs: Vec<PathBuf>,
}

/// Where keys come from.
#[derive(Debug)]
pub(super) enum Keys {
    /// A test bed makes them.
    Bed { program: PathBuf, firmware: PathBuf },
}

impl Options {
    /// Reads the arguments after `play`.
    ///
    /// # Errors
    ///
    /// When they are not as [`USAGE`] says.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self> {
        let mut arguments = lexopt::Parser::from_args(arguments);
        let (mut fidokey, mut out, mut bed, mut firmware) = (None, None, None, None);
        let mut update = false;
        let mut jobs = Vec::new();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("fidokey") => fidokey = Some(arguments.value()?.into()),
                Long("out") => out = Some(arguments.value()?.into()),
                Long("bed") => bed = Some(arguments.value()?.into()),
                Long("firmware") => firmware = Some(arguments.value()?.into()),
                Long("update") => update = true,
                Value(job) => jobs.push(job.into()),
                other => bail!(other.unexpected()),
            }
        }
        if jobs.is_empty() {
            bail!("a job is wanted");
        }
        let program = bed.context("--bed is needed")?;
        let firmware = firmware.context("--firmware is needed")?;
        Ok(Self {
            fidokey: fidokey.context("--fidokey is needed")?,
            out: out.context("--out is needed")?,
            keys: Keys::Bed { program, firmware },
            update,
            jobs,
        })
    }
}
