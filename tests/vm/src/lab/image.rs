//! What a machine starts from: a kernel, and an initramfs joined from archives that the cache keeps.
//!
//! The kernel unpacks any number of archives, one after the other, as if they were one. The parts that
//! hardly ever change are archives of their own, so that a job adds only its file.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::job::{Firmware, Job, Kernel, Part, USERS, Vehicle};
use crate::layout;

use super::cache::{ARCHIVES, Cache, name_of, sha256_of};
use super::kernel;
use super::libraries::Libraries;
use super::packages::{self, Unpacked};
use super::python;
use super::tree::{MERGED, Tree, merged};

/// The programs of this repository that go into the machine.
#[derive(Debug, Clone)]
pub struct Programs {
    /// `fidokey`, linked dynamically or not.
    pub fidokey: PathBuf,
    /// `stage`, static: it runs before there is anything else.
    pub stage: PathBuf,
    /// The folders where the firmwares are looked for, by [`Firmware::program`].
    pub firmware: Vec<PathBuf>,
    /// The second-opinion client.
    pub second_opinion: Option<PathBuf>,
    /// The repository.
    pub project: PathBuf,
}

/// What comes from the distribution's packages: which ones, which of their paths, and which not.
/// A star at the end stands for anything.
pub(super) struct Share {
    pub(super) packages: &'static [&'static str],
    pub(super) take: &'static [&'static str],
    /// Parts of paths that are not taken.
    pub(super) leave: &'static [&'static str],
}

const BASE: Share = Share {
    packages: &[
        "udev",
        // For the rules about seats alone.
        "systemd",
        "busybox-static",
        // The programs that advice names, and those about access lists.
        "coreutils",
        "passwd",
        "login",
        "acl",
        // How udev is started: first in turn.
        "util-linux",
        // What programs built on the host need.
        "libc6",
        "libgcc-s1",
    ],
    take: &[
        "usr/bin/udevadm",
        "usr/lib/systemd/systemd-udevd",
        "usr/lib/udev/fido_id",
        "usr/lib/udev/rules.d/*",
        "usr/bin/busybox",
        "usr/bin/install",
        "usr/bin/chrt",
        "usr/sbin/usermod",
        "usr/sbin/groupadd",
        "usr/bin/newgrp",
        "usr/bin/getfacl",
        "usr/bin/setfacl",
    ],
    leave: &[],
};

const FIDO2_TOOLS: Share =
    Share { packages: &["fido2-tools"], take: &["usr/bin/fido2-*"], leave: &[] };

/// Applets of busybox that stand for programs of the same name. What it has besides is not linked:
/// each link costs the emulated machine a moment.
const APPLETS: &str = "ash awk basename cat chgrp chmod chown cmp cp cut date dd df diff dirname \
    dmesg du echo env expr false find free grep groups head hostname id kill ln ls mkdir \
    mknod mktemp more mount mv nproc od pgrep pidof pkill ps pwd readlink realpath rm rmdir sed seq \
    sh sha256sum sleep sort stat stty su tail tar tee test time timeout touch tr true tty umount \
    uname uniq unlink vi wc which who whoami xargs xxd yes";

/// The images for jobs.
#[derive(Debug)]
pub(super) struct Images {
    kernels: BTreeMap<Kernel, PathBuf>,
    /// Archives, by what they are for.
    archives: BTreeMap<Archive, PathBuf>,
    programs: Programs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Archive {
    Base,
    Programs,
    Modules(Kernel, bool),
    Part(Part),
    Firmware(Firmware),
}

impl Images {
    /// Makes all that these jobs need, unless the cache has it.
    ///
    /// # Errors
    /// If packages cannot be had or a program of the repository is not built.
    pub(super) fn prepare(cache: &Cache, programs: &Programs, jobs: &[&Job]) -> Result<Images> {
        let mut images = Images {
            kernels: BTreeMap::new(),
            archives: BTreeMap::new(),
            programs: programs.clone(),
        };
        let ground = Ground::of(packages::unpacked(cache, BASE.packages)?)?;
        for archive in jobs.iter().flat_map(|job| archives(job)) {
            if images.archives.contains_key(&archive) {
                continue;
            }
            let path = match archive {
                Archive::Base => packed(cache, &ground.identity, || ground.tree())?,
                Archive::Programs => {
                    let init = (layout::INIT, &programs.stage);
                    let ours = [init, (layout::FIDOKEY, &programs.fidokey)];
                    ground.programs_archive(cache, &ours)?
                }
                Archive::Firmware(firmware) => {
                    let name = firmware.program().unwrap_or_default();
                    let file = firmware_file(programs, name)?;
                    let path = format!("{}/{name}", layout::FIRMWARE);
                    ground.programs_archive(cache, &[(&path, &file)])?
                }
                Archive::Part(Part::SecondOpinion) => {
                    let file = programs.second_opinion.as_ref();
                    let file = file.context("the second-opinion client is not built")?;
                    ground.programs_archive(cache, &[("usr/bin/second-opinion", file)])?
                }
                Archive::Part(Part::Python) => {
                    ground.share_archive(cache, &python::SHARE, python::compiled)?
                }
                Archive::Part(Part::Fido2Tools) => {
                    ground.share_archive(cache, &FIDO2_TOOLS, |tree, _| Ok(tree))?
                }
                Archive::Modules(kernel, usb) => {
                    let (image, modules) = kernel_archive(cache, kernel, usb)?;
                    images.kernels.insert(kernel, image);
                    modules
                }
            };
            images.archives.insert(archive, path);
        }
        Ok(images)
    }

    /// The kernel that a job wants.
    pub(super) fn kernel(&self, job: &Job) -> Result<&Path> {
        let kernel = self.kernels.get(&job.kernel).context("the kernel was not prepared")?;
        Ok(kernel)
    }

    /// Joins the initramfs of a job.
    ///
    /// # Errors
    /// If the archives cannot be read, or what the job brings is not there.
    pub(super) fn join(&self, job: &Job, text: &str, to: &Path) -> Result<()> {
        let mut out =
            File::create(to).with_context(|| format!("{} cannot be made", to.display()))?;
        for archive in archives(job) {
            let path = self.archives.get(&archive).context("an archive was not prepared")?;
            io::copy(&mut File::open(path)?, &mut out)?;
        }
        let mut tree = Tree::default();
        tree.bytes(layout::JOB, 0o644, text);
        for path in &job.bring {
            tree.copy(&format!("{}/{path}", layout::PROJECT), &self.programs.project.join(path))?;
        }
        tree.copy(&format!("{}/udev", layout::PROJECT), &self.programs.project.join("udev"))?;
        tree.write(&mut out)
    }
}

/// The archives that a job's initramfs is joined from.
fn archives(job: &Job) -> Vec<Archive> {
    let usb = job.keys.iter().any(|key| key.vehicle == Vehicle::Gadget);
    let mut archives = vec![Archive::Base, Archive::Programs, Archive::Modules(job.kernel, usb)];
    archives.extend(job.with.iter().map(|part| Archive::Part(*part)));
    let firmwares = job.keys.iter().map(|key| key.firmware);
    archives.extend(firmwares.filter(|f| f.program().is_some()).map(Archive::Firmware));
    archives.sort_unstable();
    archives.dedup();
    archives
}

/// Gives the archive of a tree; the cache keeps it under what it is made of and how it is made.
fn packed(cache: &Cache, identity: &str, tree: impl FnOnce() -> Result<Tree>) -> Result<PathBuf> {
    let recipe = [include_str!("image.rs"), include_str!("tree.rs"), include_str!("kernel.rs")];
    let name = name_of(recipe.into_iter().chain([include_str!("python.rs"), identity]));
    cache.made(ARCHIVES, &name, |draft| {
        let mut out = BufWriter::new(File::create(draft)?);
        tree()?.write(&mut out)?;
        Ok(out.flush()?)
    })
}

/// A program without its debug information, which the machine would unpack for nothing; as it is, if
/// that cannot be taken off.
fn stripped(cache: &Cache, program: &Path) -> Result<PathBuf> {
    let made = cache.made(ARCHIVES, &name_of(["stripped", &sha256_of(program)?]), |draft| {
        let status = Command::new("strip").arg("-o").args([draft, program]).status();
        ensure!(status.is_ok_and(|status| status.success()), "strip cannot be used");
        Ok(())
    });
    Ok(made.unwrap_or_else(|_| program.to_owned()))
}

fn kernel_archive(cache: &Cache, kernel: Kernel, usb: bool) -> Result<(PathBuf, PathBuf)> {
    let packages = packages::unpacked(cache, &[kernel::package(kernel)])?;
    let image = kernel::image(&packages)?;
    let modules = packed(cache, &format!("{} {usb}", packages.identity), || {
        let mut tree = Tree::default();
        let mut order = String::new();
        for (name, bytes) in kernel::module_files(&packages, &kernel::modules(usb))? {
            let path = format!("/usr/lib/modules/{name}.ko");
            order.push_str(&format!("{path}\n"));
            tree.bytes(&path, 0o644, bytes);
        }
        tree.bytes(layout::MODULES, 0o644, order);
        Ok(tree)
    })?;
    Ok((image, modules))
}

fn firmware_file(programs: &Programs, name: &str) -> Result<PathBuf> {
    let places = programs.firmware.iter().map(|folder| folder.join(name));
    places.into_iter().find(|place| place.exists()).with_context(|| format!("{name} is not built"))
}

/// The base: udev with the stock rules, busybox, users.
struct Ground {
    packages: Unpacked,
    libraries: Libraries,
    identity: String,
}

impl Ground {
    fn of(packages: Unpacked) -> Result<Ground> {
        let libraries = Libraries::of(&packages)?;
        Ok(Ground { identity: packages.identity.clone(), packages, libraries })
    }

    fn tree(&self) -> Result<Tree> {
        let mut tree = taken(&BASE, &self.packages)?;
        for top in MERGED {
            tree.folder(&format!("usr/{top}"), 0o755, 0);
            tree.link(top, format!("usr/{top}"));
        }
        for folder in ["dev", "proc", "sys", "run", "etc/udev/rules.d", layout::PROJECT] {
            tree.folder(folder, 0o755, 0);
        }
        for folder in ["tmp", "var/tmp", layout::TRACE_FOLDER] {
            tree.folder(folder, 0o1777, 0);
        }
        add_users(&mut tree);
        // Advice is given with `sudo` before it; root's commands may be that advice, word for word.
        tree.bytes("usr/bin/sudo", 0o755, "#!/bin/sh\nexec \"$@\"\n");
        for applet in APPLETS.split_whitespace().chain(["["]) {
            let path = format!("usr/bin/{applet}");
            if !tree.contains(&path) {
                tree.link(&path, "busybox");
            }
        }
        for name in ["libc.so.6", "libm.so.6", "libgcc_s.so.1"] {
            let library = self.libraries.place(name)?;
            tree.copy(&library.path, &library.file)?;
        }
        add_libraries(&mut tree, &self.libraries, None)?;
        let linker = "ld-linux-x86-64.so.2";
        tree.link(&format!("lib64/{linker}"), format!("../lib/x86_64-linux-gnu/{linker}"));
        Ok(tree)
    }

    /// The archive of programs of this repository, each with its path in the machine.
    fn programs_archive(&self, cache: &Cache, programs: &[(&str, &PathBuf)]) -> Result<PathBuf> {
        let mut identity = self.identity.clone();
        for (path, file) in programs {
            identity.push_str(&format!(" {path} {}", sha256_of(file)?));
        }
        packed(cache, &identity, || {
            let mut tree = Tree::default();
            for (path, file) in programs {
                tree.copy(path, &stripped(cache, file)?)?;
            }
            add_libraries(&mut tree, &self.libraries, Some(&self.tree()?))?;
            Ok(tree)
        })
    }

    /// The archive of a share of the distribution's packages, after something was done to it in a
    /// folder that is there for that.
    fn share_archive(
        &self,
        cache: &Cache,
        share: &Share,
        treat: impl FnOnce(Tree, &Path) -> Result<Tree>,
    ) -> Result<PathBuf> {
        let packages = packages::unpacked(cache, share.packages)?;
        let folder = cache.folder("work")?.join(std::process::id().to_string());
        let archive = packed(cache, &format!("{} {}", packages.identity, self.identity), || {
            let mut tree = taken(share, &packages)?;
            add_libraries(&mut tree, &Libraries::of(&packages)?, Some(&self.tree()?))?;
            treat(tree, &folder)
        });
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        archive
    }
}

fn add_users(tree: &mut Tree) {
    let mut passwd = String::new();
    let mut group = String::new();
    for (name, id) in USERS {
        let home = if id == 0 { "/root".to_owned() } else { format!("/home/{name}") };
        tree.folder(&home, 0o755, id);
        passwd.push_str(&format!("{name}:x:{id}:{id}::{home}:/bin/sh\n"));
        group.push_str(&format!("{name}:x:{id}:\n"));
    }
    // Those that the stock rules name, and `plugdev`, which Debian has from the start.
    let groups = "tty:5 disk:6 lp:7 kmem:15 dialout:20 cdrom:24 tape:26 audio:29 video:44 \
                  plugdev:46 users:100 input:104 kvm:105 render:106 sgx:107";
    for entry in groups.split_whitespace() {
        let (name, id) = entry.split_once(':').unwrap_or((entry, ""));
        group.push_str(&format!("{name}:x:{id}:\n"));
    }
    tree.bytes("etc/passwd", 0o644, passwd);
    tree.bytes("etc/group", 0o644, group);
}

/// The paths of a share, out of its packages.
fn taken(share: &Share, packages: &Unpacked) -> Result<Tree> {
    let mut tree = Tree::default();
    for folder in &packages.folders {
        take(share, folder, "", &mut tree)?;
    }
    for path in share.take.iter().filter(|path| !path.ends_with('*')) {
        ensure!(tree.contains(path), "no package has {path}");
    }
    Ok(tree)
}

fn take(share: &Share, folder: &Path, below: &str, tree: &mut Tree) -> Result<()> {
    let about = || format!("{} cannot be read", folder.display());
    for entry in fs::read_dir(folder).with_context(about)? {
        let entry = entry.with_context(about)?;
        let path = format!("{below}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().with_context(about)?.is_dir() {
            take(share, &entry.path(), &path, tree)?;
            continue;
        }
        let place = merged(&path);
        let wanted = share.take.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => place.starts_with(start),
            None => place == *pattern,
        });
        if wanted && !share.leave.iter().any(|part| place.contains(part)) {
            tree.copy(&place, &entry.path())?;
        }
    }
    Ok(())
}

/// Adds the libraries that the tree's files need and neither it nor `present` has.
fn add_libraries(tree: &mut Tree, libraries: &Libraries, present: Option<&Tree>) -> Result<()> {
    let files: Vec<PathBuf> = tree.copies().map(|(_, from)| from.to_owned()).collect();
    for place in libraries.needed_by(files.iter().map(PathBuf::as_path))?.into_values() {
        if !tree.contains(&place.path) && !present.is_some_and(|base| base.contains(&place.path)) {
            tree.copy(&place.path, &place.file)?;
        }
    }
    Ok(())
}
