//! The stage: what runs inside the virtual machine. It is the kernel's first and only process, plays
//! a job and sends its record out. It also puts a single key behind a HID device on any machine:
//! `stage key`.
//!
//! | module | what it does |
//! |---|---|
//! | `boot`, `results` | the machine's first steps and its last |
//! | `play` | a job's acts, one by one, wherever they take place |
//! | `cast`, `machine` | this machine's users and keys, and what happens to them |
//! | `user`, `command`, `words`, `terminal`, `screen` | commands, and what people see of them |
//! | `seat`, `udev` | what the rest of the system does with a key |
//! | `key`, `firmware`, `vehicle`, `uhid`, `gadget` | a key: a process behind a HID device |
//! | `traffic`, `exchange`, `report` | its reports, noted and understood |
//! | `tracing` | what `fidokey` itself notes of them |
//! | `waiting` | waits with conditions and deadlines |

mod boot;
mod cast;
pub(crate) mod command;
mod descriptor;
mod exchange;
mod firmware;
mod gadget;
mod identity;
mod key;
mod lone_key;
mod machine;
pub(crate) mod play;
mod report;
mod results;
mod screen;
mod seat;
mod terminal;
pub(crate) mod tracing;
mod traffic;
mod udev;
mod uhid;
pub(crate) mod user;
mod vehicle;
pub(crate) mod waiting;
mod words;

pub use lone_key::{Options, USAGE, run as run_key};
pub use tracing::{is_called_as_fidokey, run_fidokey};

use crate::job::Job;
use crate::layout;
use anyhow::{Context, Error, Result};
use cast::Cast;
use machine::Machine;
use play::Play;
use std::fs;
use std::path::Path;
use std::time::Instant;

/// Where results are gathered.
const GATHERED: &str = "/run/results";

/// Whether this process is the kernel's first.
pub fn is_first_process() -> bool {
    rustix::process::getpid().is_init()
}

/// Plays the image's job and ends the machine. What fails is in the transcript, or on the console if
/// that cannot be sent.
pub fn play_job_and_end() {
    let start = Instant::now();
    let tell = |text: &str| println!("stage: {:7.3} {text}", start.elapsed().as_secs_f64());
    let folder = Path::new(GATHERED);
    let played = boot::start().and_then(|()| play_into(folder, start, tell));
    let transcript = match played {
        Ok(transcript) => transcript,
        Err(error) => {
            tell(&format!("{error:#}"));
            let state = fs::create_dir_all(folder)
                .map_err(Error::from)
                .and_then(|()| results::add_system_state(folder));
            if let Err(error) = state {
                tell(&format!("{error:#}"));
            }
            format!("!! {error:#}\n")
        }
    };
    let sent = fs::create_dir_all(folder)
        .and_then(|()| fs::write(folder.join(layout::TRANSCRIPT), transcript))
        .context("the transcript cannot be written")
        .and_then(|()| results::send(folder));
    if let Err(error) = sent {
        tell(&format!("{error:#}"));
    }
    boot::end();
}

fn play_into(folder: &Path, start: Instant, tell: impl Fn(&str)) -> Result<String> {
    let text = fs::read_to_string(layout::JOB).context(layout::JOB)?;
    let job = Job::parse(&text).context(layout::JOB)?;
    let cast = Cast::of(&job, folder, start)?;
    tell("the play begins");
    Ok(play::all(&job.steps, Play::new(Machine::new(cast)), tell))
}
