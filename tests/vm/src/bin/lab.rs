//! Runs jobs in virtual machines; see `tests/vm/README.md`.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use fidokey_lab::lab::run::{self, Lacking, Options, Programs};
use lexopt::prelude::{Long, Short, Value, ValueExt};

const HELP: &str = "\
Runs jobs in virtual machines. Usually called by tests/vm/run, which builds what goes in.

  lab [OPTIONS] [NAME...]     run the jobs whose name holds one of these words
  lab list [NAME...]          say what they show

  --update           rewrite job files with what came out
  --keep             leave console, logs and traffic of jobs that passed too
  --parallel NUMBER  machines at a time; as many as processors by default
  --deadline SECONDS for each machine; 180 by default
  --fidokey FILE     the fidokey to run
  --stage FILE       the program that plays the job in the machine, static
  --firmware FOLDER  where firmwares are (can be repeated)
  --second-opinion FILE
  --jobs FOLDER      where job files are
  --out FOLDER       where jobs leave what they leave
";

fn main() -> ExitCode {
    match start() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("lab: {error:#}");
            ExitCode::from(if error.is::<Lacking>() { 3 } else { 2 })
        }
    }
}

fn start() -> Result<bool> {
    // The lab runs where it was built: beside the sources.
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = package.join("../..").canonicalize().context("the repository is gone")?;
    let built = |path: &str| project.join("target").join(path);
    let mut only_list = false;
    let mut options = Options {
        jobs: package.join("jobs"),
        names: Vec::new(),
        programs: Programs {
            fidokey: built("debug/fidokey"),
            stage: package.join("target/release/stage"),
            firmware: Vec::new(),
            second_opinion: None,
            project: project.clone(),
        },
        out: built("lab"),
        keep: false,
        update: false,
        parallel: std::thread::available_parallelism()?.get(),
        deadline: Duration::from_secs(180),
    };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Short('h') | Long("help") => {
                print!("{HELP}");
                return Ok(true);
            }
            Long("update") => options.update = true,
            Long("keep") => options.keep = true,
            Long("parallel") => options.parallel = arguments.value()?.parse()?,
            Long("deadline") => {
                options.deadline = Duration::from_secs(arguments.value()?.parse()?);
            }
            Long("fidokey") => options.programs.fidokey = arguments.value()?.into(),
            Long("stage") => options.programs.stage = arguments.value()?.into(),
            Long("firmware") => options.programs.firmware.push(arguments.value()?.into()),
            Long("second-opinion") => {
                options.programs.second_opinion = Some(arguments.value()?.into())
            }
            Long("jobs") => options.jobs = arguments.value()?.into(),
            Long("out") => options.out = arguments.value()?.into(),
            Value(word) if word == "list" && !only_list && options.names.is_empty() => {
                only_list = true;
            }
            Value(word) => options.names.push(word.string()?),
            other => bail!(other.unexpected()),
        }
    }
    if only_list {
        run::list(&options)?;
        return Ok(true);
    }
    run::run(&options)
}
