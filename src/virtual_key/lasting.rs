//! Lasting keys: one file each, in one directory.
//!
//! `NAME.json` is the state, `NAME.lock` the lock, `.NAME.new` a state that is being written.

use super::lock::KeyLock;
use super::state_file::{self, KeyState, KeySummary, MAX_LENGTH, StateError};
use super::touch::Touch;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use thiserror::Error;

/// The name of a lasting key: 1 to 32 of the characters `A-Z a-z 0-9 _ -`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyName(String);

/// The text is no name for a key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the name of a virtual key has 1 to 32 letters (a to z), digits, `-` or `_`")]
pub struct NameError;

impl KeyName {
    /// Gives the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if (1..=32).contains(&text.len()) && text.bytes().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError)
        }
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// One key in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastingKey {
    /// Its name.
    pub name: KeyName,
    /// What it is, or why nobody can tell.
    pub summary: Result<KeySummary, StateError>,
}

/// Why something could not be done to lasting keys.
#[derive(Debug, Error)]
pub enum LastingError {
    /// There is a key of that name already.
    #[error("there is a virtual key named {0} already")]
    Exists(KeyName),
    /// There is none of that name.
    #[error("there is no virtual key named {0}")]
    NotFound(KeyName),
    /// Another program, or another part of this one, has it.
    #[error("the virtual key {0} is in use by another program")]
    InUse(KeyName),
    /// Its state cannot be used.
    #[error("the state of the virtual key {name} cannot be used: {reason}")]
    State {
        /// Which key.
        name: KeyName,
        /// What is wrong with it.
        #[source]
        reason: StateError,
    },
    /// The operating system refused.
    #[error("could not {act} {}: {reason}", path.display())]
    Refused {
        /// What was tried, such as `read`.
        act: &'static str,
        /// With which file or directory.
        path: PathBuf,
        /// The operating system's words.
        #[source]
        reason: io::Error,
    },
}

/// The directory of lasting keys. It need not be there yet.
#[derive(Clone, Debug)]
pub struct LastingKeys {
    directory: PathBuf,
}

impl LastingKeys {
    /// Names the directory, which belongs to virtual keys alone.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    /// Gives the directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Gives the file that holds the state of the key `name`.
    pub fn state_path(&self, name: &KeyName) -> PathBuf {
        self.directory.join(format!("{name}.json"))
    }

    /// Makes a key. `created_at` is in seconds since the Unix epoch.
    ///
    /// # Errors
    ///
    /// When there is one of that name, or the operating system refuses.
    pub fn create(
        &self,
        name: &KeyName,
        touch: Touch,
        created_at: Option<u64>,
    ) -> Result<(), LastingError> {
        create_private_directory(&self.directory)
            .map_err(|reason| refused("make the directory", &self.directory, reason))?;
        let home = self.lock(name)?;
        let path = self.state_path(name);
        match fs::symlink_metadata(&path) {
            Ok(_) => return Err(LastingError::Exists(name.clone())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(refused("look at", &path, error)),
        }
        home.write(&KeyState { touch, created_at, ..KeyState::default() })
            .map_err(|reason| refused("write", &path, reason))
    }

    /// Gives the names of all keys, sorted. A directory that is not there holds none.
    ///
    /// # Errors
    ///
    /// When the operating system refuses.
    pub fn names(&self) -> Result<Vec<KeyName>, LastingError> {
        let unreadable = |reason| refused("read the directory", &self.directory, reason);
        let listing = match fs::read_dir(&self.directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            listing => listing.map_err(unreadable)?,
        };
        let mut names = Vec::new();
        for entry in listing {
            let file_name = entry.map_err(unreadable)?.file_name();
            let name = file_name.to_str().and_then(|name| name.strip_suffix(".json"));
            names.extend(name.and_then(|name| name.parse::<KeyName>().ok()));
        }
        names.sort();
        Ok(names)
    }

    /// Gives all keys, sorted by name, also those that are damaged or in use.
    ///
    /// # Errors
    ///
    /// When the operating system refuses to list them.
    pub fn list(&self) -> Result<Vec<LastingKey>, LastingError> {
        let read = |name: KeyName| {
            let summary = self.summary(&name)?;
            Some(LastingKey { name, summary })
        };
        Ok(self.names()?.into_iter().filter_map(read).collect())
    }

    /// Says what is known of a key, also while it is in use; `None` if there is none of that name.
    pub fn summary(&self, name: &KeyName) -> Option<Result<KeySummary, StateError>> {
        let state = read_state(&self.state_path(name)).transpose()?;
        Some(state.map(|state| state.summary()))
    }

    /// Deletes a key, also a damaged one.
    ///
    /// # Errors
    ///
    /// When it is not there or in use, or the operating system refuses.
    pub fn delete(&self, name: &KeyName) -> Result<(), LastingError> {
        let path = self.state_path(name);
        let absent = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
        if fs::symlink_metadata(&path).as_ref().is_err_and(absent) {
            return Err(LastingError::NotFound(name.clone()));
        }
        let home = self.lock(name)?;
        // Whatever bears the name of a key is listed, and what is listed goes; of a directory only an
        // empty one, since what is in it is nobody's key.
        let is_directory = fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir());
        let removed = if is_directory { fs::remove_dir(&path) } else { fs::remove_file(&path) };
        match removed {
            Ok(()) => {}
            Err(error) if absent(&error) => return Err(LastingError::NotFound(name.clone())),
            Err(error) => return Err(refused("delete", &path, error)),
        }
        // The key is gone with its state; what remains is litter, and no reason to say otherwise.
        let _ = fs::remove_file(home.draft_path());
        let _ = fs::remove_file(self.lock_path(name));
        let _ = sync_directory(&self.directory);
        Ok(())
    }

    /// Reads the state of a key and takes its lock.
    pub(super) fn open(&self, name: &KeyName) -> Result<(KeyState, Home), LastingError> {
        let path = self.state_path(name);
        // Looked at before the lock, so that a name without a key leaves no lock file behind.
        fs::symlink_metadata(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => LastingError::NotFound(name.clone()),
            _ => refused("look at", &path, error),
        })?;
        let home = self.lock(name)?;
        match read_state(&path) {
            Ok(Some(state)) => Ok((state, home)),
            Ok(None) => Err(LastingError::NotFound(name.clone())),
            Err(reason) => Err(LastingError::State { name: name.clone(), reason }),
        }
    }

    fn lock(&self, name: &KeyName) -> Result<Home, LastingError> {
        let path = self.lock_path(name);
        match KeyLock::take(&path) {
            Ok(Some(lock)) => {
                let directory = self.directory.clone();
                Ok(Home { directory, state_path: self.state_path(name), _lock: lock })
            }
            Ok(None) => Err(LastingError::InUse(name.clone())),
            Err(reason) => Err(refused("lock", &path, reason)),
        }
    }

    fn lock_path(&self, name: &KeyName) -> PathBuf {
        self.directory.join(format!("{name}.lock"))
    }
}

fn refused(act: &'static str, path: &Path, reason: io::Error) -> LastingError {
    LastingError::Refused { act, path: path.to_owned(), reason }
}

/// Reads and checks a state; gives `None` if there is none.
fn read_state(path: &Path) -> Result<Option<KeyState>, StateError> {
    let read = |error: io::Error| StateError::Read(error.to_string());
    match fs::symlink_metadata(path) {
        // A pipe would be waited for, and a link is not replaced when the state is written.
        Ok(metadata) if !metadata.is_file() => return Err(StateError::NotAFile),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(read(error)),
    }
    let limit = u64::try_from(MAX_LENGTH).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(limit).read_to_end(&mut bytes).map_err(read)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(read(error)),
    };
    if bytes.len() > MAX_LENGTH {
        return Err(StateError::TooLong);
    }
    state_file::decode(&bytes).map(Some)
}

/// Where the state of one key is kept, with the lock on it.
pub(super) struct Home {
    directory: PathBuf,
    state_path: PathBuf,
    _lock: KeyLock,
}

impl Home {
    /// Replaces the state.
    pub(super) fn write(&self, state: &KeyState) -> io::Result<()> {
        let bytes = state_file::encode(state)?;
        let draft = self.draft_path();
        let replaced = write_private_file(&draft, &bytes)
            // Against a kill: whoever looks finds the old state or the new one, whole.
            .and_then(|()| fs::rename(&draft, &self.state_path));
        if replaced.is_err() {
            // It may be half of a state, on a disk that is full.
            let _ = fs::remove_file(&draft);
        }
        replaced?;
        // Against a loss of power: until the directory is on disk, the old state may come back,
        // and with it a PIN try that a host was told is spent.
        sync_directory(&self.directory)
    }

    fn draft_path(&self) -> PathBuf {
        let name = self.state_path.file_stem().unwrap_or_default().to_string_lossy();
        self.directory.join(format!(".{name}.new"))
    }
}

#[cfg(unix)]
fn create_private_directory(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};

    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    // It may have been there before, and more open.
    let mut permissions = fs::metadata(directory)?.permissions();
    if permissions.mode() & 0o077 != 0 {
        permissions.set_mode(0o700);
        fs::set_permissions(directory, permissions)?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn create_private_directory(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)
}

/// Writes a file that only its owner may read, in place of one that an earlier kill left behind.
fn write_private_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            options.open(path)?
        }
        opened => opened?,
    };
    file.write_all(bytes)?;
    // Against a loss of power: without this, a later rename may reach the disk before the content
    // does, and what is left is an empty file.
    file.sync_data()
}

#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Other systems do not let a directory be opened as a file.
#[cfg(not(unix))]
fn sync_directory(_directory: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
#[cfg(test)]
mod tests;
