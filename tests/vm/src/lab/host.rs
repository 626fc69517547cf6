//! What the host must have: the emulator, and apt's lists of packages.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

/// The emulator.
pub(super) const QEMU: &str = "qemu-system-x86_64";

/// The machine that runs the lab lacks something that the lab may not bring about itself.
#[derive(Debug)]
pub struct Lacking(String);

impl std::fmt::Display for Lacking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Lacking {}

/// Sees to it that the emulator is there; installs it as root.
///
/// # Errors
/// [`Lacking`] with the command to run, if it is not there and this is not root.
pub(super) fn prepare() -> Result<()> {
    if !cfg!(target_arch = "x86_64") || !on_path("apt-get") || !on_path("dpkg-deb") {
        bail!(Lacking("the lab needs Debian or Ubuntu on amd64".to_owned()));
    }
    // Named, qemu-utils is kept, in the version that goes with the emulator; else it would be removed.
    let tools = if installed("qemu-utils") { &["qemu-utils"][..] } else { &[] };
    let plain = [&["qemu-system-x86"], tools].concat();
    let Err(error) = require(QEMU, &plain) else { return Ok(()) };
    // qemu-utils may come from elsewhere (Debian's backports) in a version that the emulator refuses.
    let version = candidate("qemu-system-x86").filter(|_| is_root() && !tools.is_empty());
    let Some(version) = version else { return Err(error) };
    let same = format!("qemu-utils={version}");
    require(QEMU, &["--allow-downgrades", "qemu-system-x86", &same])
}

/// Sees to it that a program is there; as root, installs packages for it with these arguments of
/// `apt-get install`.
///
/// # Errors
/// [`Lacking`] with the command to run, if it is not there and this is not root.
pub(super) fn require(program: &str, arguments: &[&str]) -> Result<()> {
    if on_path(program) {
        return Ok(());
    }
    let typed = format!("apt-get install --no-install-recommends {}", arguments.join(" "));
    if !is_root() {
        bail!(Lacking(format!("{program} is missing; install it with: sudo {typed}")));
    }
    eprintln!("lab: {typed}");
    let installed = || {
        let mut command = Command::new("apt-get");
        command.args(["install", "--yes", "--quiet=2", "--no-install-recommends"]).args(arguments);
        command.env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    if !installed() {
        update_lists()?;
        if !installed() {
            bail!(Lacking(format!("{program} is missing, and this failed: {typed}")));
        }
    }
    Ok(())
}

/// Fetches apt's lists of packages, which only root may.
///
/// # Errors
/// [`Lacking`] with the command to run, if this is not root or it fails.
pub(super) fn update_lists() -> Result<()> {
    let why = "apt's lists of packages are missing or old";
    if !is_root() {
        bail!(Lacking(format!("{why}; fetch them with: sudo apt-get update")));
    }
    eprintln!("lab: apt-get update");
    let status = Command::new("apt-get").args(["update", "--quiet=2"]).status()?;
    if !status.success() {
        bail!(Lacking(format!("{why}, and apt-get update failed")));
    }
    Ok(())
}

/// Whether `/etc/os-release` says that this is Ubuntu, or like it.
pub(super) fn is_ubuntu() -> bool {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .any(|value| value.trim_matches('"').split(' ').any(|id| id == "ubuntu"))
}

fn on_path(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).exists())
}

fn installed(package: &str) -> bool {
    Command::new("dpkg-query")
        .args(["--show", "--showformat=${db:Status-Status}", package])
        .stderr(Stdio::null())
        .output()
        .is_ok_and(|output| output.stdout == b"installed")
}

/// The version of a package that apt would install.
fn candidate(package: &str) -> Option<String> {
    let output =
        Command::new("apt-cache").args(["policy", package]).env("LC_ALL", "C").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let version = text.lines().find_map(|line| line.trim().strip_prefix("Candidate: "))?;
    (version != "(none)").then(|| version.to_owned())
}

/// Whether this is root, who may install.
pub(super) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    Path::new("/proc/self").metadata().is_ok_and(|meta| meta.uid() == 0)
}
