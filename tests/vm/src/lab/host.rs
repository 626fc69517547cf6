//! What the host must have: a distribution whose packages can be used, and apt's lists of them.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

/// The machine that runs the lab lacks something that the lab may not bring about itself.
#[derive(Debug)]
pub struct Lacking(String);

impl Lacking {
    /// What is lacking, and what brings it.
    pub(super) fn of(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

impl std::fmt::Display for Lacking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Lacking {}

/// Sees to it that this is a machine whose packages the lab can use.
///
/// # Errors
/// [`Lacking`] if it is not.
pub(super) fn prepare() -> Result<()> {
    if !cfg!(target_arch = "x86_64") || !on_path("apt-get") || !on_path("dpkg-deb") {
        bail!(Lacking::of("the lab needs Debian or Ubuntu on amd64"));
    }
    Ok(())
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

/// Whether a program is where commands are looked for.
pub(super) fn on_path(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).exists())
}

/// Whether this is root, who may install.
pub(super) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    Path::new("/proc/self").metadata().is_ok_and(|meta| meta.uid() == 0)
}
