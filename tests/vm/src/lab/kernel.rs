//! The stock kernels and those of their modules that keys need.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::job::Kernel;

use super::host;
use super::packages::Unpacked;

/// What every machine needs: the way out for the results, and keys made in user space.
const MODULES: [&str; 5] = ["virtio_pci", "virtio_console", "hid", "hid-generic", "uhid"];

/// What keys on USB need besides.
const USB_MODULES: [&str; 4] = ["usbhid", "dummy_hcd", "libcomposite", "usb_f_hid"];

/// The package that depends on the current kernel of its kind.
pub(super) fn package(kernel: Kernel) -> &'static str {
    match (host::is_ubuntu(), kernel) {
        (false, Kernel::Cloud) => "linux-image-cloud-amd64",
        (false, Kernel::Full) => "linux-image-amd64",
        (true, Kernel::Cloud) => "linux-image-virtual",
        (true, Kernel::Full) => "linux-image-generic",
    }
}

/// The modules to load, in order; with `usb`, those for keys on USB too.
pub(super) fn modules(usb: bool) -> Vec<&'static str> {
    MODULES.into_iter().chain(USB_MODULES.into_iter().filter(|_| usb)).collect()
}

/// The kernel's image.
///
/// # Errors
/// If no package has one.
pub(super) fn image(packages: &Unpacked) -> Result<PathBuf> {
    let boot = packages.folders.iter().filter_map(|folder| fs::read_dir(folder.join("boot")).ok());
    boot.flatten()
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.to_string_lossy().contains("/vmlinuz-"))
        .context("no package has a kernel")
}

/// The modules' files, unpacked, each after those that it depends on.
///
/// What the kernel has built in is left out.
///
/// # Errors
/// If a module is neither there nor built in.
pub(super) fn module_files(packages: &Unpacked, wanted: &[&str]) -> Result<Vec<(String, Vec<u8>)>> {
    let mut files = BTreeMap::new();
    let mut builtin = String::new();
    for folder in &packages.folders {
        for top in ["lib/modules", "usr/lib/modules"] {
            collect(&folder.join(top), &mut files, &mut builtin)?;
        }
    }
    let builtin: Vec<String> = builtin.lines().map(|line| name_of(Path::new(line))).collect();
    let mut ordered = Vec::new();
    for name in wanted {
        add(&underscored(name), &files, &builtin, &mut ordered)?;
    }
    Ok(ordered)
}

fn add(
    name: &str,
    files: &BTreeMap<String, PathBuf>,
    builtin: &[String],
    ordered: &mut Vec<(String, Vec<u8>)>,
) -> Result<()> {
    if ordered.iter().any(|(known, _)| known == name) || builtin.iter().any(|known| known == name) {
        return Ok(());
    }
    let file = files.get(name).with_context(|| format!("the kernel has no module {name}"))?;
    let bytes = content(file)?;
    for dependency in dependencies(&bytes) {
        add(&underscored(&dependency), files, builtin, ordered)?;
    }
    ordered.push((name.to_owned(), bytes));
    Ok(())
}

fn collect(
    folder: &Path,
    files: &mut BTreeMap<String, PathBuf>,
    builtin: &mut String,
) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files, builtin)?;
        } else if path.ends_with("modules.builtin") {
            builtin.push_str(&fs::read_to_string(&path)?);
        } else {
            files.insert(name_of(&path), path);
        }
    }
    Ok(())
}

/// The name of a module: its file's name without what follows the first dot.
fn name_of(path: &Path) -> String {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    underscored(file.split('.').next().unwrap_or_default())
}

/// Modules are named with both, and mean the same.
fn underscored(name: &str) -> String {
    name.replace('-', "_")
}

/// What a module says it depends on, in its section `.modinfo`: `depends=hid,usbcore`, ended by zero.
fn dependencies(module: &[u8]) -> Vec<String> {
    const TAG: &[u8] = b"\0depends=";
    let Some(start) = module.windows(TAG.len()).position(|window| window == TAG) else {
        return Vec::new();
    };
    let names = &module[start + TAG.len()..];
    let names = names.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(names).split(',').filter(|n| !n.is_empty()).map(str::to_owned).collect()
}

fn content(file: &Path) -> Result<Vec<u8>> {
    let (unpacker, package) = match file.extension().and_then(|extension| extension.to_str()) {
        Some("xz") => ("xz", "xz-utils"),
        Some("zst") => ("zstd", "zstd"),
        _ => return fs::read(file).with_context(|| format!("{} cannot be read", file.display())),
    };
    host::require(unpacker, &[package])?;
    let output = Command::new(unpacker)
        .args(["--decompress", "--stdout", "--quiet"])
        .arg(file)
        .output()
        .with_context(|| format!("{unpacker} cannot be started"))?;
    ensure!(output.status.success(), "{unpacker} cannot unpack {}", file.display());
    Ok(output.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(depends: &str) -> Vec<u8> {
        format!("\x7fELF\0license=GPL\0depends={depends}\0name=x\0").into_bytes()
    }

    #[test]
    fn modules_come_after_what_they_depend_on_and_once() {
        let folder = tempfile::tempdir().unwrap();
        let modules = folder.path().join("lib/modules/6.1.0/kernel/drivers");
        fs::create_dir_all(&modules).unwrap();
        for (file, depends) in
            [("usbhid.ko", "hid,usbcore"), ("hid-generic.ko", "hid"), ("hid.ko", "")]
        {
            fs::write(modules.join(file), module(depends)).unwrap();
        }
        let builtin = folder.path().join("lib/modules/6.1.0/modules.builtin");
        fs::write(builtin, "kernel/drivers/usb/core/usbcore.ko\n").unwrap();
        let packages =
            Unpacked { folders: vec![folder.path().to_owned()], identity: String::new() };

        let names = |wanted: &[&str]| -> Vec<String> {
            module_files(&packages, wanted).unwrap().into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(names(&["hid-generic", "usbhid"]), ["hid", "hid_generic", "usbhid"]);
        let error = module_files(&packages, &["uhid"]).unwrap_err();
        assert_eq!(error.to_string(), "the kernel has no module uhid");
    }
}
