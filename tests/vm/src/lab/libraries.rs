//! Shared libraries: which ones a program needs, and where the unpacked packages have them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use elf::ElfBytes;
use elf::abi::DT_NEEDED;
use elf::endian::AnyEndian;

use super::packages::Unpacked;

/// The shared libraries of unpacked packages, by file name.
#[derive(Debug)]
pub(super) struct Libraries {
    by_name: BTreeMap<String, Place>,
}

/// Where a library is.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Where the library is in the machine.
    pub(super) path: String,
    /// Where its content is on the host.
    pub(super) file: PathBuf,
}

impl Libraries {
    /// Looks through the folders where the dynamic linker looks.
    ///
    /// # Errors
    /// If a folder cannot be read.
    pub(super) fn of(packages: &Unpacked) -> Result<Libraries> {
        const FOLDERS: [&str; 6] = [
            "lib/x86_64-linux-gnu",
            "usr/lib/x86_64-linux-gnu",
            "lib/x86_64-linux-gnu/systemd",
            "usr/lib/x86_64-linux-gnu/systemd",
            "lib/systemd",
            "usr/lib/systemd",
        ];
        let mut by_name = BTreeMap::new();
        for package in &packages.folders {
            for folder in FOLDERS {
                let Ok(entries) = fs::read_dir(package.join(folder)) else { continue };
                for entry in entries {
                    let entry = entry?;
                    let name = entry.file_name().to_string_lossy().into_owned();
                    // A link to the library stands for it; links to other packages are of no use.
                    let Ok(file) = entry.path().canonicalize() else { continue };
                    if name.contains(".so") && file.is_file() {
                        by_name
                            .insert(name.clone(), Place { path: format!("{folder}/{name}"), file });
                    }
                }
            }
        }
        Ok(Libraries { by_name })
    }

    /// The library of this name.
    ///
    /// # Errors
    /// If no package has it.
    pub(super) fn place(&self, name: &str) -> Result<&Place> {
        self.by_name.get(name).with_context(|| format!("no package of the image has {name}"))
    }

    /// All libraries that these files need, and that those need in turn.
    ///
    /// # Errors
    /// If one is in none of the packages, or a file cannot be read.
    pub(super) fn needed_by<'a>(
        &self,
        files: impl IntoIterator<Item = &'a Path>,
    ) -> Result<BTreeMap<String, Place>> {
        let mut found = BTreeMap::new();
        let mut open: Vec<PathBuf> = files.into_iter().map(Path::to_owned).collect();
        while let Some(file) = open.pop() {
            for name in needed(&file)? {
                if found.contains_key(&name) {
                    continue;
                }
                let place = self.place(&name).with_context(|| format!("for {}", file.display()))?;
                open.push(place.file.clone());
                found.insert(name, place.clone());
            }
        }
        Ok(found)
    }
}

/// The names of the libraries that a file asks for; none if it is not a program or library.
fn needed(file: &Path) -> Result<Vec<String>> {
    let bytes = fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    if !bytes.starts_with(b"\x7fELF") {
        return Ok(Vec::new());
    }
    let about = || format!("{} is damaged", file.display());
    let elf = ElfBytes::<AnyEndian>::minimal_parse(&bytes).with_context(about)?;
    let common = elf.find_common_data().with_context(about)?;
    let (Some(dynamic), Some(names)) = (common.dynamic, common.dynsyms_strs) else {
        return Ok(Vec::new());
    };
    dynamic
        .iter()
        .filter(|entry| entry.d_tag == DT_NEEDED)
        .map(|entry| {
            let name = names.get(usize::try_from(entry.d_val())?).with_context(about)?;
            Ok(name.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_names_its_libraries_and_a_text_has_none() {
        let shell = Path::new("/bin/sh");
        assert!(needed(shell).unwrap().iter().any(|name| name.starts_with("libc.so")));
        assert!(needed(Path::new("Cargo.toml")).unwrap().is_empty());
    }
}
