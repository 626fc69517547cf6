//! The command line of `stage play`.

use anyhow::{Context, Result, bail};
use lexopt::prelude::{Long, Value};
use std::ffi::OsString;
use std::path::PathBuf;

/// How it is called.
pub const USAGE: &str = "\
usage: stage play --fidokey FILE --out FOLDER --bed FILE --firmware FOLDER [--update] JOB…
       stage play --fidokey FILE --out FOLDER --device PATH JOB…
       stage play --list JOB…

Plays job files on this machine, without a virtual one: with keys of a test bed, or with a key at hand.

  --fidokey FILE     the fidokey to run; its name is fidokey
  --out FOLDER       where a job leaves what it leaves
  --bed FILE         the test bed, tests/umockdev/bed.py
  --firmware FOLDER  where firmwares are
  --update           rewrite job files with what came out
  --device PATH      a key at hand, by its device node: it is asked about first, and erased
  --list             say which jobs can be played with a key at hand";

/// What is to be played, and with what.
#[derive(Debug)]
pub struct Options {
    pub(super) keys: Keys,
    pub(super) jobs: Vec<PathBuf>,
}

/// Where keys come from.
#[derive(Debug)]
pub(super) enum Keys {
    /// Nowhere: jobs are told of.
    None,
    /// A test bed makes them.
    Bed { place: Place, program: PathBuf, firmware: PathBuf, update: bool },
    /// Somebody has one in their hand.
    AtHand { place: Place, device: String },
}

/// What is run, and where it leaves what it leaves.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) fidokey: PathBuf,
    pub(super) out: PathBuf,
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
        let (mut update, mut only_list, mut device) = (false, false, None);
        let mut jobs = Vec::new();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("fidokey") => fidokey = Some(arguments.value()?.into()),
                Long("out") => out = Some(arguments.value()?.into()),
                Long("bed") => bed = Some(arguments.value()?.into()),
                Long("firmware") => firmware = Some(arguments.value()?.into()),
                Long("device") => device = Some(arguments.value()?.to_string_lossy().into_owned()),
                Long("update") => update = true,
                Long("list") => only_list = true,
                Value(job) => jobs.push(job.into()),
                other => bail!(other.unexpected()),
            }
        }
        if jobs.is_empty() {
            bail!("a job is wanted");
        }
        if only_list {
            return Ok(Self { keys: Keys::None, jobs });
        }
        let place = Place {
            fidokey: fidokey.context("--fidokey is needed")?,
            out: out.context("--out is needed")?,
        };
        let keys = match (device, bed) {
            (Some(_), Some(_)) => bail!("a key comes from --device or from --bed"),
            (Some(_), None) if update => bail!("what a key at hand does is in no job file"),
            (Some(device), None) => Keys::AtHand { place, device },
            (None, bed) => Keys::Bed {
                place,
                program: bed.context("--bed or --device is needed")?,
                firmware: firmware.context("--firmware is needed")?,
                update,
            },
        };
        Ok(Self { keys, jobs })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options> {
        Options::parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn a_key_at_hand_is_named() {
        let options = parse("--fidokey f --out o --device /dev/hidraw0 a.job").unwrap();
        assert!(matches!(options.keys, Keys::AtHand { device, .. } if device == "/dev/hidraw0"));
    }

    #[test]
    fn what_is_missing_or_too_much_is_said() {
        let error = |line| parse(line).unwrap_err().to_string();
        assert_eq!(error("--fidokey f --out o"), "a job is wanted");
        assert_eq!(error("--fidokey f --out o a.job"), "--bed or --device is needed");
        let both = "--fidokey f --out o --device d --bed b a.job";
        assert_eq!(error(both), "a key comes from --device or from --bed");
        let update = "--fidokey f --out o --device d --update a.job";
        assert_eq!(error(update), "what a key at hand does is in no job file");
    }
}
