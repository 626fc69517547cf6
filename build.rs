//! Hands the linker `link/order.ld`, which puts the functions that common commands run beside each other.
//!
//! For release builds on Linux alone, and only where the linker that this build uses takes it: that is
//! tried with an empty program. Without it the program is the same, and starts a little later.
//! See docs/decisions/0007-link-order.md.
#![allow(clippy::disallowed_methods, reason = "a build script is told by the environment")]

use std::env::{var, var_os};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn main() {
    let (Some(root), Some(out)) = (var_os("CARGO_MANIFEST_DIR"), var_os("OUT_DIR")) else { return };
    let order = Path::new(&root).join("link/order.ld");
    say(&format!("rerun-if-changed={}", order.display()));
    let is = |name, value: &str| var(name).is_ok_and(|found| found == value);
    if !is("PROFILE", "release") || !is("CARGO_CFG_TARGET_OS", "linux") {
        return;
    }
    let argument = format!("-Wl,-T,{}", order.display());
    if links(&argument, &PathBuf::from(out)).unwrap_or(false) {
        say(&format!("rustc-link-arg-bin=fidokey={argument}"));
    }
}

/// Whether an empty program can be linked with this argument, as this build links.
fn links(argument: &str, directory: &Path) -> Option<bool> {
    let source = directory.join("empty.rs");
    std::fs::write(&source, "fn main() {}\n").ok()?;
    let mut rustc = Command::new(var_os("RUSTC")?);
    let flags = var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    rustc.args(flags.split('\u{1f}').filter(|flag| !flag.is_empty()));
    rustc.arg("--target").arg(var_os("TARGET")?);
    if let Some(linker) = var_os("RUSTC_LINKER") {
        let mut option = std::ffi::OsString::from("-Clinker=");
        option.push(linker);
        rustc.arg(option);
    }
    rustc.arg(format!("-Clink-arg={argument}")).arg("-o").arg(directory.join("empty")).arg(source);
    let status = rustc.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    Some(status.ok()?.success())
}

/// Tells Cargo something.
#[allow(clippy::print_stdout, reason = "Cargo reads a build script's standard output")]
fn say(instruction: &str) {
    println!("cargo::{instruction}");
}
