//! Files that are written in one step: a reader sees the old content or the new, never a part.
//!
//! The new content is written beside the file under a name of its own, and then takes its place.

use super::standard_input::descriptor;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How many symbolic links are followed, one after the other (as Linux does, path_resolution(7)).
const LINKS: usize = 40;

/// After how long what stands beside a file was left there: no write takes so long.
const LEFT: Duration = Duration::from_secs(60);

/// How many digits a name beside a file has.
const DIGITS: usize = 16;

/// Puts new content in place of a file's old in one step; `secret` for its owner alone. Where the path
/// is a symbolic link, the file that it leads to is replaced, and the link stays.
///
/// # Errors
///
/// What the operating system says; the old content is then still there.
pub(super) fn replace(path: &Path, bytes: &[u8], secret: bool) -> io::Result<()> {
    // A device such as /dev/stderr or a pipe cannot be replaced.
    if stream(path, secret)?.is_some() {
        let mut file = OpenOptions::new().write(true).open(path)?;
        // It may be another one by now.
        check_reader(path, &file.metadata()?, secret)?;
        return file.write_all(bytes);
    }
    let path = followed(path);
    let (beside, mut file) = begin(&path, secret)?;
    // What others could not read before, they cannot read now.
    let before = fs::metadata(&path).ok().filter(|_| !secret);
    let written = before
        .map_or(Ok(()), |before| file.set_permissions(before.permissions()))
        .and_then(|()| file.write_all(bytes))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        // What is left of a failed try; if it cannot be removed either, the error says enough.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// Makes sure that a file could be replaced, and removes what a program that was killed has left
/// beside it.
///
/// # Errors
///
/// What the operating system says.
pub(super) fn check(path: &Path, secret: bool) -> io::Result<()> {
    if let Some(stream) = stream(path, secret)? {
        // To open a pipe and to close it again would end it for whoever reads from it.
        let may_be_opened = stream.is_dir() || is_device(&stream);
        if may_be_opened {
            return OpenOptions::new().write(true).open(path).map(drop);
        }
        return may_write(path);
    }
    // The last part of such a path would be taken for the name of a file.
    if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    let path = followed(path);
    let (beside, file) = begin(&path, true)?;
    remove_leftovers(&path, &file);
    fs::remove_file(&beside)
}

/// What is at a path that cannot be replaced, such as a pipe or a device.
///
/// # Errors
///
/// As [`check_reader`].
fn stream(path: &Path, secret: bool) -> io::Result<Option<fs::Metadata>> {
    let stream = fs::metadata(path).ok().filter(|metadata| !metadata.is_file());
    stream.map(|stream| check_reader(path, &stream, secret).map(|()| stream)).transpose()
}

/// Makes sure that no secret goes into the pipe of another user, who would read it. A device is the
/// system's, and a descriptor of this process is what its caller gave it.
///
/// # Errors
///
/// When it would.
fn check_reader(path: &Path, stream: &fs::Metadata, secret: bool) -> io::Result<()> {
    let is_given = descriptor(path).is_some()
        || path == Path::new("/dev/stdout")
        || path == Path::new("/dev/stderr");
    if !secret || is_given || is_device(stream) || is_own(stream) {
        return Ok(());
    }
    Err(io::Error::other("it is somebody else's pipe, and they would read the secret"))
}

#[cfg(unix)]
fn is_device(of: &fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    of.file_type().is_char_device()
}

#[cfg(unix)]
fn is_own(of: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    of.uid() == rustix::process::geteuid().as_raw()
}

/// Whether the pipe at a path may be written to.
#[cfg(unix)]
fn may_write(path: &Path) -> io::Result<()> {
    Ok(rustix::fs::access(path, rustix::fs::Access::WRITE_OK)?)
}

#[cfg(not(unix))]
fn may_write(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn is_device(_: &fs::Metadata) -> bool {
    false
}

#[cfg(not(unix))]
fn is_own(_: &fs::Metadata) -> bool {
    true
}

/// Makes a file beside another one, under a name that nobody can foresee.
fn begin(path: &Path, secret: bool) -> io::Result<(PathBuf, File)> {
    let number = getrandom::u64().map_err(|error| io::Error::other(error.to_string()))?;
    let beside = path.with_file_name(format!("{}{number:0DIGITS$x}", prefix(path)));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if secret {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = secret;
    let file = options.open(&beside)?;
    Ok((beside, file))
}

/// What names beside a file begin with.
fn prefix(path: &Path) -> String {
    format!(".{}.", path.file_name().unwrap_or_default().to_string_lossy())
}

/// Removes what stood beside a file for long when `probe` was made there: what is secret in it must not
/// stay. What cannot be removed is left.
fn remove_leftovers(path: &Path, probe: &File) {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let entries = fs::read_dir(directory.unwrap_or(Path::new(".")));
    let (Ok(entries), Ok(probe)) = (entries, probe.metadata()) else { return };
    let prefix = prefix(path);
    for entry in entries.flatten() {
        let name = entry.file_name();
        let digits = name.to_str().and_then(|name| name.strip_prefix(&prefix));
        let is_one = digits.is_some_and(|digits| {
            digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
        });
        // Of a link, what is said here is the link's own.
        let Ok(metadata) = entry.metadata() else { continue };
        let age = probe.modified().and_then(|now| {
            let then = metadata.modified()?;
            Ok(now.duration_since(then).unwrap_or_default())
        });
        let is_old = age.is_ok_and(|age| age > LEFT);
        if is_one && is_old && metadata.is_file() && have_one_owner(&metadata, &probe) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Where a path leads, if it is a symbolic link that may be followed.
///
/// In a directory in which everybody may write, as in /tmp, somebody else could have put the link there
/// to have a file of ours overwritten: only our own links and those of the directory's owner are
/// followed, as Linux does itself where it is told to (`fs.protected_symlinks`, proc(5)). Another link
/// is replaced like a file, if that is allowed.
fn followed(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        let Ok(target) = fs::read_link(&path) else { return path };
        if !may_follow(&path) {
            return path;
        }
        // An absolute target replaces the directory.
        path = directory_of(&path).join(target);
    }
    path
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(unix)]
fn may_follow(link: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    /// Everybody may write, and remove what is their own (inode(7)).
    const SHARED: u32 = 0o1002;
    let (Ok(directory), Ok(link)) = (fs::metadata(directory_of(link)), fs::symlink_metadata(link))
    else {
        return false;
    };
    let is_own = link.uid() == rustix::process::geteuid().as_raw();
    directory.mode() & SHARED != SHARED || is_own || link.uid() == directory.uid()
}

#[cfg(not(unix))]
fn may_follow(_: &Path) -> bool {
    true
}

#[cfg(unix)]
fn have_one_owner(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    one.uid() == other.uid()
}

#[cfg(not(unix))]
fn have_one_owner(_: &fs::Metadata, _: &fs::Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = entries.map(|entry| name(entry).into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_leads_to_the_new_content() {
        use std::os::unix::fs::symlink;
        let directory = tempfile::tempdir().unwrap();
        let place = |name: &str| directory.path().join(name);
        fs::create_dir(place("kept")).unwrap();
        symlink("kept/state", place("inner")).unwrap();
        symlink(place("inner"), place("link")).unwrap();
        // Where there is nothing yet, and where there is.
        for content in ["one", "two"] {
            check(&place("link"), true).unwrap();
            replace(&place("link"), content.as_bytes(), true).unwrap();
            assert_eq!(fs::read_to_string(place("kept/state")).unwrap(), content);
        }
        assert_eq!(fs::read_link(place("link")).unwrap(), place("inner"));
        assert_eq!(names(directory.path()), ["inner", "kept", "link"]);
        assert_eq!(names(&place("kept")), ["state"]);
        symlink("round", place("round")).unwrap();
        assert!(replace(&place("round"), b"", false).is_ok(), "it is replaced");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_keeps_its_mode_and_one_with_a_secret_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "old").unwrap();
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        for (before, secret, after) in
            [(0o640, false, 0o640), (0o666, true, 0o600), (0o600, false, 0o600)]
        {
            fs::set_permissions(&path, fs::Permissions::from_mode(before)).unwrap();
            replace(&path, b"new", secret).unwrap();
            assert_eq!(mode(), after);
        }
    }

    /// In a directory where everybody may write, a link of somebody else's is not followed.
    #[cfg(unix)]
    #[test]
    fn a_link_of_somebody_else_is_not_followed_where_everybody_may_write() {
        use std::os::unix::fs::{PermissionsExt, lchown, symlink};
        let directory = tempfile::tempdir().unwrap();
        let shared = directory.path().join("shared");
        fs::create_dir(&shared).unwrap();
        fs::set_permissions(&shared, fs::Permissions::from_mode(0o1777)).unwrap();
        let (victim, link) = (directory.path().join("victim"), shared.join("link"));
        fs::write(&victim, "precious").unwrap();
        symlink(&victim, &link).unwrap();
        // Who is not root cannot give a link away.
        if lchown(&link, Some(12345), None).is_err() {
            return;
        }
        replace(&link, b"new", false).unwrap();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
        assert_eq!(fs::read_to_string(&link).unwrap(), "new");
    }

    #[test]
    fn a_path_with_nothing_behind_its_last_slash_names_no_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new/");
        assert_eq!(check(&path, false).unwrap_err().kind(), io::ErrorKind::NotADirectory);
    }

    #[test]
    fn what_a_program_that_was_killed_left_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let place = |name: &str| directory.path().join(name);
        let old = [".state.0123456789abcdef", ".state.0123456789abcdeg", ".other.0123456789abcdef"];
        for name in old {
            let file = File::create(place(name)).unwrap();
            let then = file.metadata().unwrap().modified().unwrap() - 2 * LEFT;
            file.set_modified(then).unwrap();
        }
        File::create(place(".state.fedcba9876543210")).unwrap();
        check(&place("state"), true).unwrap();
        let left =
            [".other.0123456789abcdef", ".state.0123456789abcdeg", ".state.fedcba9876543210"];
        assert_eq!(names(directory.path()), left);
    }
}
