//! Python for the machine: its modules go in compiled, without their sources.
//!
//! Packages bring sources alone, which an installation compiles. An emulated processor would compile
//! them anew in every job, for seconds.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::image::Share;
use super::tree::Tree;

/// Python with python-fido2.
pub(super) const SHARE: Share = Share {
    packages: &["python3", "python3-fido2"],
    take: &[
        "usr/bin/python3*",
        "usr/lib/python3*",
        // The `cryptography` module wants OpenSSL's old algorithms too.
        "usr/lib/x86_64-linux-gnu/ossl-modules/*",
    ],
    leave: &[
        "/test/",
        "/tests/",
        "/idlelib/",
        "/lib2to3/",
        "/pydoc_data/",
        "/ensurepip/",
        "/distutils/",
        "/turtle",
        "/xmlrpc/",
        "/config-",
    ],
};

/// Compiles the modules of a tree, by the Python in it, in a folder where that can be done.
///
/// # Errors
/// If that Python does not run here, or does not understand a module.
pub(super) fn compiled(tree: Tree, folder: &Path) -> Result<Tree> {
    tree.lay_out(folder)?;
    let usr = folder.join("usr");
    let status = Command::new(usr.join("bin/python3"))
        .env_clear()
        .env("PYTHONHOME", &usr)
        .env("LD_LIBRARY_PATH", usr.join("lib/x86_64-linux-gnu"))
        .args(["-m", "compileall", "-q", "-b", "--invalidation-mode", "unchecked-hash"])
        // The modules' paths in the machine, for what it says of errors.
        .arg("-s")
        .arg(folder)
        .args(["-p", "/"])
        .arg(usr.join("lib"))
        .status()
        .context("Python cannot be started")?;
    ensure!(status.success(), "Python's modules cannot be compiled");
    remove_sources(&usr.join("lib"))?;
    let mut tree = Tree::default();
    for top in fs::read_dir(folder)? {
        let top = top?;
        tree.copy(&top.file_name().to_string_lossy(), &top.path())?;
    }
    Ok(tree)
}

fn remove_sources(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path: PathBuf = entry?.path();
        if path.is_dir() && !path.is_symlink() {
            remove_sources(&path)?;
        } else if path.extension().is_some_and(|extension| extension == "py") {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}
