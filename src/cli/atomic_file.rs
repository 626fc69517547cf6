//! Files that are written in one step: a reader sees the old content or the new, never a part.
//!
//! The new content is written beside the file under a name of its own, and then takes its place.

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
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        let mut file = OpenOptions::new().write(true).open(path)?;
        return file.write_all(bytes);
    }
    let path = followed(path);
    let (beside, mut file) = begin(&path, secret)?;
    let written = file
        .write_all(bytes)
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
pub(super) fn check(path: &Path) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return OpenOptions::new().write(true).open(path).map(drop);
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
            check(&place("link")).unwrap();
            replace(&place("link"), content.as_bytes(), true).unwrap();
            assert_eq!(fs::read_to_string(place("kept/state")).unwrap(), content);
        }
        assert_eq!(fs::read_link(place("link")).unwrap(), place("inner"));
        assert_eq!(names(directory.path()), ["inner", "kept", "link"]);
        assert_eq!(names(&place("kept")), ["state"]);
        symlink("round", place("round")).unwrap();
        assert!(replace(&place("round"), b"", false).is_ok(), "it is replaced");
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
        assert_eq!(check(&path).unwrap_err().kind(), io::ErrorKind::NotADirectory);
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
        check(&place("state")).unwrap();
        let left =
            [".other.0123456789abcdef", ".state.0123456789abcdeg", ".state.fedcba9876543210"];
        assert_eq!(names(directory.path()), left);
    }
}
