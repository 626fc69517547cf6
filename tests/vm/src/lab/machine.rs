//! One virtual machine: started with an image, watched until it ends, its results taken in.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::job::{Job, Part};
use crate::layout;

use super::emulator::Emulator;

/// The files of one machine's run.
#[derive(Debug)]
pub(super) struct Machine<'a> {
    /// What emulates it.
    pub(super) emulator: &'a Emulator,
    /// The kernel's image.
    pub(super) kernel: &'a Path,
    /// The initramfs.
    pub(super) initramfs: PathBuf,
    /// What the machine writes to its serial line.
    pub(super) console: PathBuf,
    /// The archive of results.
    pub(super) archive: PathBuf,
    /// The folder where the results are unpacked.
    pub(super) results: PathBuf,
}

/// How a machine's run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    /// It sent its results and switched itself off.
    Done,
    /// It did not send what it should have; the reason in a sentence.
    Broken(String),
}

/// What the kernel is told: a serial line to write to, no waits for what is not there, and after a
/// panic or a reboot an end, since the emulator does not start it again. Whether the timer ticks is
/// not tested: on a busy host it seems not to.
const KERNEL_LINE: &str = "console=ttyS0 rdinit=/init quiet loglevel=3 reboot=t panic=-1 \
    mitigations=off nokaslr random.trust_cpu=on cryptomgr.notests audit=0 \
    no_timer_check";

impl Machine<'_> {
    /// Runs the machine to its end or to the deadline.
    ///
    /// # Errors
    /// If the emulator cannot be started.
    pub(super) fn run(&self, job: &Job, deadline: Duration) -> Result<Ended> {
        let memory = if job.with.contains(&Part::Python) { "768" } else { "512" };
        let port = format!("virtserialport,chardev=results,name={}", layout::RESULTS_PORT);
        let errors = self.console.with_file_name("emulator.log");
        let mut emulator = self.emulator.command();
        let qemu = self.emulator.name().display();
        let mut emulator = emulator
            .args(["-M", "pc,accel=tcg", "-cpu", "max", "-smp", "1", "-m", memory])
            .args(["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"])
            .arg("-kernel")
            .arg(self.kernel)
            .arg("-initrd")
            .arg(&self.initramfs)
            .args(["-append", KERNEL_LINE])
            .args(["-chardev", &file("console", &self.console), "-serial", "chardev:console"])
            .args(["-chardev", &file("results", &self.archive)])
            .args(["-device", "virtio-serial-pci", "-device", &port])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&errors)?)
            .spawn()
            .with_context(|| format!("{qemu} cannot be started"))?;
        let started = Instant::now();
        let status = loop {
            if let Some(status) = emulator.try_wait()? {
                break status;
            }
            if started.elapsed() > deadline {
                emulator.kill()?;
                emulator.wait()?;
                let seconds = deadline.as_secs();
                return Ok(Ended::Broken(format!("the machine still ran after {seconds} s")));
            }
            thread::sleep(Duration::from_millis(20));
        };
        if !status.success() {
            let said = fs::read_to_string(&errors).unwrap_or_default();
            return Ok(Ended::Broken(format!("{qemu} failed: {}", said.trim())));
        }
        Ok(self.unpack())
    }

    fn unpack(&self) -> Ended {
        let unpacked = File::open(&self.archive)
            .and_then(|archive| tar::Archive::new(archive).unpack(&self.results));
        match unpacked {
            Ok(()) if self.results.join(layout::TRANSCRIPT).exists() => Ended::Done,
            Ok(()) => Ended::Broken("the machine ended before it sent results".to_owned()),
            Err(error) => Ended::Broken(format!("the machine's results are damaged: {error}")),
        }
    }
}

/// A character device that is a file of the host; a comma in its name is doubled.
fn file(name: &str, path: &Path) -> String {
    format!("file,id={name},path={}", path.display().to_string().replace(',', ",,"))
}
