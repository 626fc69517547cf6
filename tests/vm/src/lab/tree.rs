//! A file tree in memory, written as an initramfs archive (cpio "newc", as the kernel's
//! `Documentation/driver-api/early-userspace/buffer-format.rst` describes it).
//!
//! `/bin`, `/sbin`, `/lib` and `/lib64` are links into `/usr`, so a path below them is kept below `/usr`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folders at the root that are links into `/usr`.
pub(super) const MERGED: [&str; 4] = ["bin", "sbin", "lib", "lib64"];

/// A file tree, by path without the slash at its front.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: BTreeMap<String, Node>,
}

#[derive(Debug)]
struct Node {
    kind: Kind,
    /// Permission bits.
    mode: u32,
    /// The owner, and the owner's group.
    owner: u32,
}

#[derive(Debug)]
enum Kind {
    Folder,
    Bytes(Vec<u8>),
    Copy(PathBuf),
    Link(String),
}

impl Tree {
    /// Adds a folder, and those above it.
    pub(super) fn folder(&mut self, path: &str, mode: u32, owner: u32) {
        self.insert(path, Node { kind: Kind::Folder, mode, owner });
    }

    /// Adds a file with this content.
    pub(super) fn bytes(&mut self, path: &str, mode: u32, bytes: impl Into<Vec<u8>>) {
        self.insert(path, Node { kind: Kind::Bytes(bytes.into()), mode, owner: 0 });
    }

    /// Adds a symbolic link.
    pub(super) fn link(&mut self, path: &str, target: impl Into<String>) {
        self.insert(path, Node { kind: Kind::Link(target.into()), mode: 0o777, owner: 0 });
    }

    /// Adds what stands at a path of the host: a file with its mode, a link as it is, a folder with
    /// all that is in it.
    ///
    /// # Errors
    /// If it cannot be looked at.
    pub(super) fn copy(&mut self, path: &str, from: &Path) -> Result<()> {
        let about = || format!("{} cannot be read", from.display());
        let meta = fs::symlink_metadata(from).with_context(about)?;
        if meta.is_dir() {
            self.folder(path, meta.mode() & 0o777, 0);
            for entry in fs::read_dir(from).with_context(about)? {
                let entry = entry.with_context(about)?;
                let name = entry.file_name();
                self.copy(&format!("{path}/{}", name.to_string_lossy()), &entry.path())?;
            }
        } else if meta.is_symlink() {
            let target = fs::read_link(from).with_context(about)?;
            self.link(path, target.to_string_lossy());
        } else {
            let kind = Kind::Copy(from.to_owned());
            self.insert(path, Node { kind, mode: meta.mode() & 0o7777, owner: 0 });
        }
        Ok(())
    }

    /// Whether something stands at a path.
    pub(super) fn contains(&self, path: &str) -> bool {
        self.nodes.contains_key(&merged(path))
    }

    /// Files that are copied from the host, with where they come from.
    pub(super) fn copies(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.nodes.iter().filter_map(|(path, node)| match &node.kind {
            Kind::Copy(from) => Some((path.as_str(), from.as_path())),
            _ => None,
        })
    }

    /// Lays the tree out in a folder of the host, for programs that have to look at it.
    ///
    /// # Errors
    /// If a file cannot be read or written.
    pub(super) fn lay_out(&self, folder: &Path) -> Result<()> {
        for (path, node) in &self.nodes {
            let to = folder.join(path);
            match &node.kind {
                Kind::Folder => fs::create_dir_all(&to),
                Kind::Bytes(bytes) => fs::write(&to, bytes),
                Kind::Copy(from) => fs::copy(from, &to).map(drop),
                Kind::Link(target) => std::os::unix::fs::symlink(target, &to),
            }
            .with_context(|| format!("{} cannot be laid out", to.display()))?;
        }
        Ok(())
    }

    /// Writes the archive.
    ///
    /// # Errors
    /// If a file cannot be read or the archive not be written.
    pub(super) fn write(&self, out: &mut impl Write) -> Result<()> {
        for (number, (path, node)) in self.nodes.iter().enumerate() {
            let (kind, bytes) = match &node.kind {
                Kind::Folder => (0o040_000, Vec::new()),
                Kind::Bytes(bytes) => (0o100_000, bytes.clone()),
                Kind::Copy(from) => {
                    let bytes = fs::read(from)
                        .with_context(|| format!("{} cannot be read", from.display()))?;
                    (0o100_000, bytes)
                }
                Kind::Link(target) => (0o120_000, target.clone().into_bytes()),
            };
            // Inode numbers only tell hard links apart, of which there are none.
            let inode = u32::try_from(number)? + 1;
            entry(out, path, [inode, kind | node.mode, node.owner], &bytes)?;
        }
        entry(out, "TRAILER!!!", [0, 0, 0], &[])?;
        Ok(())
    }

    fn insert(&mut self, path: &str, node: Node) {
        let path = merged(path);
        if let Some((above, _)) = path.rsplit_once('/')
            && !self.nodes.contains_key(above)
        {
            self.folder(above, 0o755, 0);
        }
        self.nodes.insert(path, node);
    }
}

/// Where a path really is, given the links at the root.
pub(super) fn merged(path: &str) -> String {
    let path = path.trim_start_matches("./").trim_matches('/');
    let top = path.split('/').next().unwrap_or("");
    if MERGED.contains(&top) && path != top { format!("usr/{path}") } else { path.to_owned() }
}

/// Writes one entry: eight hexadecimal digits a field, name and content padded to four bytes.
fn entry(
    out: &mut impl Write,
    name: &str,
    [inode, mode, owner]: [u32; 3],
    bytes: &[u8],
) -> io::Result<()> {
    let too_long = |_| io::Error::other(format!("{name} is too large for an initramfs"));
    let size = u32::try_from(bytes.len()).map_err(too_long)?;
    let name_size = u32::try_from(name.len() + 1).map_err(too_long)?;
    let links = 1;
    let (time, device) = (0, 0);
    write!(
        out,
        "070701{inode:08x}{mode:08x}{owner:08x}{owner:08x}{links:08x}{time:08x}{size:08x}"
    )?;
    write!(out, "{device:08x}{device:08x}{device:08x}{device:08x}{name_size:08x}{:08x}", 0)?;
    out.write_all(name.as_bytes())?;
    let header = 110 + name.len() + 1;
    out.write_all(&[0; 4][..1 + padding(header)])?;
    out.write_all(bytes)?;
    out.write_all(&[0; 4][..padding(bytes.len())])
}

fn padding(length: usize) -> usize {
    length.next_multiple_of(4) - length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_above_come_first_and_merged_ones_go_below_usr() {
        let mut tree = Tree::default();
        tree.bytes("/lib/udev/rules.d/x.rules", 0o644, "x");
        tree.link("lib", "usr/lib");
        let paths: Vec<_> = tree.nodes.keys().map(String::as_str).collect();
        let usr = ["usr", "usr/lib", "usr/lib/udev", "usr/lib/udev/rules.d"];
        assert_eq!(paths, [&["lib"][..], &usr[..], &["usr/lib/udev/rules.d/x.rules"]].concat());
        assert!(tree.contains("/lib/udev"));
    }

    #[test]
    fn entries_are_padded_to_four_bytes() {
        let mut tree = Tree::default();
        tree.bytes("etc/passwd", 0o644, "root");
        tree.bytes("x", 0o600, "12345");
        let mut out = Vec::new();
        tree.write(&mut out).unwrap();
        assert_eq!(out.len() % 4, 0);
        let text = String::from_utf8(out).unwrap();
        let at = |name: &str| text.find(&format!("{name}\0")).unwrap() - 110;
        for name in ["etc", "etc/passwd", "x", "TRAILER!!!"] {
            let at = at(name);
            assert_eq!((at % 4, &text[at..at + 6]), (0, "070701"), "{name}");
        }
        let x = at("x");
        assert_eq!(&text[x + 14..x + 22], "00008180", "a file, mode 0600");
        assert_eq!(&text[x + 54..x + 62], "00000005");
    }
}
