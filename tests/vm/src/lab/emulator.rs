//! The emulator: the one that is installed, or else the distribution's, unpacked and not installed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use super::cache::Cache;
use super::host::{self, Lacking};
use super::packages;

/// The program.
const QEMU: &str = "qemu-system-x86_64";

/// The package that it is in.
const PACKAGE: &str = "qemu-system-x86";

/// Of what the package depends on, only this is needed besides libraries: parts of the program, and what
/// the machine starts with.
const PARTS: [&str; 2] = ["qemu-system-", "seabios"];

/// Where libraries are in an unpacked tree.
const LIBRARIES: [&str; 3] =
    ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu/pulseaudio"];

/// An emulator that can be started.
#[derive(Debug)]
pub(super) struct Emulator {
    /// The tree that it was unpacked into; none if it is installed.
    tree: Option<PathBuf>,
}

impl Emulator {
    /// Finds the emulator that is installed, or fetches and unpacks it.
    ///
    /// # Errors
    /// If apt cannot fetch it; [`Lacking`] if it does not run on this machine then.
    pub(super) fn find(cache: &Cache) -> Result<Self> {
        if host::on_path(QEMU) {
            return Ok(Self { tree: None });
        }
        let emulator = Self { tree: Some(packages::tree(cache, PACKAGE, &PARTS)?) };
        let mut version = emulator.command();
        version.arg("--version").stdin(Stdio::null()).stdout(Stdio::null());
        if !version.status().is_ok_and(|status| status.success()) {
            let install = format!("sudo apt-get install --no-install-recommends {PACKAGE}");
            bail!(Lacking::of(format!("{QEMU} is missing; install it with: {install}")));
        }
        Ok(emulator)
    }

    /// A command that starts it.
    pub(super) fn command(&self) -> Command {
        let Some(tree) = &self.tree else { return Command::new(QEMU) };
        let mut command = Command::new(tree.join("usr/bin").join(QEMU));
        let libraries: Vec<String> =
            LIBRARIES.iter().map(|folder| tree.join(folder).display().to_string()).collect();
        command.env("LD_LIBRARY_PATH", libraries.join(":"));
        for data in ["usr/share/qemu", "usr/share/seabios"] {
            command.arg("-L").arg(tree.join(data));
        }
        command
    }

    /// What it is called in a message.
    pub(super) fn name(&self) -> &Path {
        Path::new(QEMU)
    }
}
