//! The distribution's packages: which ones are needed, fetched and unpacked without installing any.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::cache::{Cache, name_of, sha256_of};
use super::host;

/// Of what a package depends on, only this is followed: libraries, Python's modules, and the parts
/// that the kernel's packages consist of. The rest (maintenance scripts, shells, tools for packages)
/// is of no use in a machine where nothing is installed.
const FOLLOWED: [&str; 5] = ["lib", "zlib1g", "python3", "linux-image-", "linux-modules-"];

/// One package of the distribution, in the version that is current here.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Package {
    name: String,
    /// The name of its file, which holds the version.
    file: String,
    sha256: String,
}

/// Packages, unpacked.
#[derive(Debug)]
pub(super) struct Unpacked {
    /// One folder for each package.
    pub(super) folders: Vec<PathBuf>,
    /// Names these packages in these versions.
    pub(super) identity: String,
}

/// Fetches and unpacks packages and what they depend on, unless the cache has them.
///
/// # Errors
/// If apt does not know them or cannot fetch them.
pub(super) fn unpacked(cache: &Cache, names: &[&str]) -> Result<Unpacked> {
    let mut packages = resolved(cache, names)?;
    if let Err(error) = fetch(cache, &packages) {
        // The archive may have moved on since the lists were fetched.
        eprintln!("lab: {error:#}");
        host::update_lists()?;
        packages = resolved(cache, names)?;
        fetch(cache, &packages)?;
    }
    let folders = packages.iter().map(|package| unpack(cache, package));
    Ok(Unpacked {
        folders: folders.collect::<Result<_>>()?,
        identity: name_of(packages.iter().map(|package| &package.sha256)),
    })
}

/// Fetches a package and what it depends on, unless the cache has them, and unpacks them into one tree:
/// libraries that this machine has not, and packages whose names begin with one of `parts`.
///
/// # Errors
/// If apt does not know them or cannot fetch them.
pub(super) fn tree(cache: &Cache, name: &str, parts: &[&str]) -> Result<PathBuf> {
    let mut packages = resolved_with(cache, &[name], parts)?;
    let installed = answer(
        "dpkg-query",
        ["--show", "--showformat=${Package} ${db:Status-Status}\n"].iter().map(OsStr::new),
    )?;
    let installed: BTreeSet<&str> =
        installed.lines().filter_map(|line| line.strip_suffix(" installed")).collect();
    packages.retain(|package| {
        package.name == name
            || parts.iter().any(|part| package.name.starts_with(part))
            || !installed.contains(package.name.as_str())
    });
    fetch(cache, &packages)?;
    let identity = name_of(packages.iter().map(|package| &package.sha256));
    cache.made("trees", &identity, |draft| {
        fs::create_dir(draft)?;
        for package in &packages {
            extract(&cache.folder("packages")?.join(&package.file), draft)?;
        }
        Ok(())
    })
}

/// The packages and all that they need, from apt's lists as they are now.
fn resolved(cache: &Cache, names: &[&str]) -> Result<Vec<Package>> {
    resolved_with(cache, names, &[])
}

/// The same, with packages followed whose names begin with one of `parts` too.
fn resolved_with(cache: &Cache, names: &[&str], parts: &[&str]) -> Result<Vec<Package>> {
    let lists = match lists_state() {
        Some(state) => state,
        None => {
            host::update_lists()?;
            lists_state().context("apt has no lists of packages even after an update")?
        }
    };
    let identity =
        name_of(names.iter().chain(parts).copied().chain([include_str!("packages.rs"), &lists]));
    let path = cache.made("resolved", &identity, |draft| {
        let packages = resolve(names, parts)?;
        let lines = packages.iter().map(|p| format!("{} {} {}\n", p.name, p.file, p.sha256));
        Ok(fs::write(draft, lines.collect::<String>())?)
    })?;
    let text = fs::read_to_string(&path)?;
    let packages = text.lines().map(|line| {
        let mut words = line.split(' ').map(str::to_owned);
        let mut word = || words.next().context("a line of a kept list is cut off");
        Ok(Package { name: word()?, file: word()?, sha256: word()? })
    });
    packages.collect()
}

/// What tells one state of apt's lists from another; `None` if there are no lists.
fn lists_state() -> Option<String> {
    let entries = fs::read_dir("/var/lib/apt/lists").ok()?.flatten();
    let mut states: Vec<String> = entries
        .filter(|entry| entry.file_name().to_string_lossy().contains("_Packages"))
        .map(|entry| {
            let time = entry.metadata().and_then(|meta| meta.modified()).ok();
            format!("{:?} {time:?}", entry.file_name())
        })
        .collect();
    states.sort();
    (!states.is_empty()).then(|| states.join("\n"))
}

fn resolve(names: &[&str], parts: &[&str]) -> Result<Vec<Package>> {
    let edges = answer(
        "apt-cache",
        ["depends", "--recurse", "--important"].iter().chain(names).map(OsStr::new),
    )?;
    let needed = closure(&edges, names, parts);
    let uris = answer(
        "apt-get",
        ["download", "--print-uris"]
            .map(OsStr::new)
            .into_iter()
            .chain(needed.iter().map(OsStr::new)),
    )?;
    let packages: Vec<Package> = uris.lines().filter_map(described).collect();
    for name in names {
        ensure!(packages.iter().any(|package| package.name == *name), "apt does not know {name}");
    }
    Ok(packages)
}

/// Reads a line `'URI' FILE SIZE SHA256:DIGITS`.
fn described(line: &str) -> Option<Package> {
    let mut words = line.split(' ');
    let file = words.nth(1)?.to_owned();
    let sha256 = words.nth(1)?.strip_prefix("SHA256:")?.to_owned();
    Some(Package { name: file.split('_').next()?.to_owned(), file, sha256 })
}

/// Walks what `apt-cache depends --recurse` printed from these names on.
///
/// A package's name stands at the line's start, what it depends on below it, indented; of
/// alternatives, all but the last have a bar before them. A name in angle brackets is one that other
/// packages provide, which stand below it, indented further. The first that will do is taken.
fn closure(edges: &str, names: &[&str], parts: &[&str]) -> BTreeSet<String> {
    let mut depends: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut package = "";
    let mut in_alternatives = false;
    let mut wants_provider = false;
    for line in edges.lines() {
        if !line.starts_with([' ', '|']) {
            package = line;
            in_alternatives = false;
        } else if let Some((relation, name)) = line.split_once("Depends: ") {
            wants_provider = !in_alternatives && name.starts_with('<');
            if !in_alternatives && !wants_provider {
                depends.entry(package).or_default().push(name);
            }
            in_alternatives = relation.contains('|');
        } else if wants_provider {
            depends.entry(package).or_default().push(line.trim());
            wants_provider = false;
        }
    }
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = names.to_vec();
    while let Some(name) = open.pop() {
        if found.insert(name.to_owned()) {
            let followed = depends.get(name).into_iter().flatten();
            open.extend(followed.filter(|name| {
                let mut starts = FOLLOWED.iter().chain(parts);
                starts.any(|start| name.starts_with(start)) && !name.contains(':')
            }));
        }
    }
    found
}

/// Downloads those packages that the cache has not.
fn fetch(cache: &Cache, packages: &[Package]) -> Result<()> {
    let missing: Vec<&Package> =
        packages.iter().filter(|package| !cache.has("packages", &package.file)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    eprintln!("lab: fetching {} packages", missing.len());
    let folder = cache.folder("fetching")?.join(std::process::id().to_string());
    fs::create_dir_all(&folder)?;
    let mut download = Command::new("apt-get");
    if host::is_root() {
        // Else apt drops root's rights, and then cannot write to a folder of root's.
        download.args(["-o", "APT::Sandbox::User=root"]);
    }
    let status = download
        .args(["download", "--quiet=2"])
        .args(missing.iter().map(|package| &package.name))
        .current_dir(&folder)
        .stdout(Stdio::null())
        .status()
        .context("apt-get cannot be started")?;
    ensure!(status.success(), "apt-get download failed");
    for package in missing {
        let file = folder.join(&package.file);
        ensure!(file.exists(), "apt-get has fetched another version than {}", package.file);
        ensure!(sha256_of(&file)? == package.sha256, "{} is damaged", package.file);
        cache.made("packages", &package.file, |draft| Ok(fs::rename(&file, draft)?))?;
    }
    Ok(fs::remove_dir_all(&folder)?)
}

fn unpack(cache: &Cache, package: &Package) -> Result<PathBuf> {
    let archive = cache.folder("packages")?.join(&package.file);
    cache.made("unpacked", package.file.trim_end_matches(".deb"), |draft| {
        fs::create_dir(draft)?;
        if package.name.starts_with("linux-") {
            return unpack_kernel(&archive, draft);
        }
        extract(&archive, draft)
    })
}

fn extract(archive: &Path, folder: &Path) -> Result<()> {
    let unpacked = Command::new("dpkg-deb").arg("-x").args([archive, folder]).status();
    ensure!(unpacked?.success(), "dpkg-deb cannot unpack {}", archive.display());
    Ok(())
}

/// A kernel's package has hundreds of megabytes of drivers; only what keys may need is kept.
fn unpack_kernel(archive: &Path, folder: &Path) -> Result<()> {
    let mut unpacking = Command::new("dpkg-deb")
        .arg("--fsys-tarfile")
        .arg(archive)
        .stdout(Stdio::piped())
        .spawn()
        .context("dpkg-deb cannot be started")?;
    let stream = unpacking.stdout.take().context("dpkg-deb has no output")?;
    let mut files = tar::Archive::new(stream);
    for file in files.entries()? {
        let mut file = file?;
        let path = file.path()?.to_string_lossy().into_owned();
        let wanted =
            ["/vmlinuz-", "/modules.builtin", "/kernel/drivers/char/", "/kernel/drivers/hid/"]
                .into_iter()
                .chain(["/kernel/drivers/usb/", "/kernel/drivers/virtio/", "/kernel/fs/configfs/"])
                .any(|part| path.contains(part));
        if wanted {
            file.unpack_in(folder)?;
        }
    }
    ensure!(unpacking.wait()?.success(), "dpkg-deb cannot unpack {}", archive.display());
    Ok(())
}

/// What a program prints, in the words of the C locale.
fn answer<'a>(program: &str, arguments: impl Iterator<Item = &'a OsStr>) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C")
        .output()
        .with_context(|| format!("{program} cannot be started"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} failed: {}", said.trim());
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDGES: &str = "\
udev
  Depends: libudev1
  PreDepends: libc6
  Depends: adduser
 |Depends: libfirst
  Depends: libsecond
  Depends: <libvirtual>
    libthis
    libthat
libudev1
  Depends: libc6
adduser
  Depends: libperl
libc6
  Depends: libgcc-s1
  Depends: libcrypt1:i386
libfirst
libsecond
libgcc-s1
";

    #[test]
    fn parts_that_are_named_are_followed_too() {
        let edges = "qemu\n  Depends: qemu-data\n  Depends: bios\n  Depends: libone\n\
                     qemu-data\n  Depends: libtwo\nlibone\nlibtwo\nbios\n";
        let names = |parts: &[&str]| -> Vec<String> {
            closure(edges, &["qemu"], parts).into_iter().collect()
        };
        assert_eq!(names(&[]), ["libone", "qemu"]);
        assert_eq!(names(&["qemu-"]), ["libone", "libtwo", "qemu", "qemu-data"]);
    }

    #[test]
    fn only_libraries_are_followed_and_the_first_of_those_that_will_do() {
        let names: Vec<_> = closure(EDGES, &["udev"], &[]).into_iter().collect();
        assert_eq!(names, ["libc6", "libfirst", "libgcc-s1", "libthis", "libudev1", "udev"]);
    }

    #[test]
    fn a_package_is_read_from_what_apt_prints() {
        let line = "'http://deb.debian.org/x/libc6_2.36-9%2bdeb12u14_amd64.deb' \
                    libc6_2.36-9+deb12u14_amd64.deb 2759320 SHA256:ba4f";
        let package = described(line).unwrap();
        assert_eq!((package.name.as_str(), package.sha256.as_str()), ("libc6", "ba4f"));
        assert_eq!(package.file, "libc6_2.36-9+deb12u14_amd64.deb");
        assert_eq!(described("Need to get 3 MB of archives."), None);
    }
}
