//! The machine's first steps and its last: what a kernel alone does not bring.

use crate::layout;
use anyhow::{Context, Result};
use rustix::fs::{CWD, Mode, mkdirat};
use rustix::mount::{MountFlags, mount};
use rustix::system::{RebootCommand, finit_module, reboot};
use std::ffi::CString;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// File systems that are there before any module.
const EARLY: &[Mount] = &[
    Mount { kind: "proc", at: "/proc", options: "" },
    Mount { kind: "sysfs", at: "/sys", options: "" },
    Mount { kind: "devtmpfs", at: "/dev", options: "" },
    Mount { kind: "devpts", at: "/dev/pts", options: "mode=620,gid=5,ptmxmode=666" },
    Mount { kind: "tmpfs", at: "/dev/shm", options: "mode=1777" },
    Mount { kind: "tmpfs", at: "/run", options: "mode=755" },
    Mount { kind: "tmpfs", at: "/tmp", options: "mode=1777" },
];

/// USB gadgets are made in it; a module brings it.
const GADGETS: Mount = Mount { kind: "configfs", at: "/sys/kernel/config", options: "" };

/// USB controllers for gadgets, and so the keys that can be plugged in through USB at once.
const CONTROLLERS: &str = "num=8";

struct Mount {
    kind: &'static str,
    at: &'static str,
    options: &'static str,
}

impl Mount {
    fn mount(&self) -> Result<()> {
        // It may be there already, as those in sysfs are; if it cannot be made, nor can the mount.
        let _ = mkdirat(CWD, self.at, Mode::from_raw_mode(0o755));
        let options = CString::new(self.options)?;
        let options = (!self.options.is_empty()).then_some(options.as_c_str());
        mount(self.kind, self.at, self.kind, MountFlags::empty(), options)
            .with_context(|| format!("cannot mount {} at {}", self.kind, self.at))
    }
}

/// Mounts file systems and loads the image's modules.
///
/// # Errors
///
/// When the kernel refuses either.
pub fn start() -> Result<()> {
    EARLY.iter().try_for_each(Mount::mount)?;
    for (link, target) in [("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0")] {
        symlink(target, Path::new("/dev").join(link))?;
    }
    let modules = fs::read_to_string(layout::MODULES).context(layout::MODULES)?;
    for path in modules.lines() {
        load(Path::new(path))?;
    }
    if Path::new(GADGETS.at).exists() {
        GADGETS.mount()?;
    }
    fs::create_dir_all(layout::TRACE_FOLDER)?;
    fs::set_permissions(layout::TRACE_FOLDER, Permissions::from_mode(0o1777))?;
    Ok(())
}

fn load(module: &Path) -> Result<()> {
    let is_controller = module.file_stem().is_some_and(|name| name == "dummy_hcd");
    let parameters = CString::new(if is_controller { CONTROLLERS } else { "" })?;
    let file = File::open(module).with_context(|| format!("cannot open {}", module.display()))?;
    match finit_module(&file, &parameters, 0) {
        Ok(()) | Err(rustix::io::Errno::EXIST) => Ok(()),
        Err(error) => Err(error).with_context(|| format!("cannot load {}", module.display())),
    }
}

/// Ends the machine: the emulator is told to stop where another would start again.
pub fn end() {
    rustix::fs::sync();
    let _ = reboot(RebootCommand::Restart);
}
