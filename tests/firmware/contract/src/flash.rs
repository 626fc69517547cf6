//! The file that stands for a key's flash memory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::exit;

/// A file that always holds either what it held or what was written, whole.
///
/// A key that cannot write its flash must not go on as if it could, so a failure ends the process.
pub struct Flash {
    path: PathBuf,
    scratch: PathBuf,
}

impl Flash {
    /// Names the file. It need not be there yet.
    pub fn at(path: &Path) -> Self {
        let mut scratch = path.as_os_str().to_owned();
        scratch.push(".new");
        Self { path: path.to_owned(), scratch: scratch.into() }
    }

    /// Gives what the file holds, or nothing if there is none.
    pub fn read(&self) -> Option<Vec<u8>> {
        match fs::read(&self.path) {
            Ok(contents) => Some(contents),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => self.give_up("read", &error),
        }
    }

    /// Replaces what the file holds.
    pub fn write(&self, contents: &[u8]) {
        // Not synchronised to the disk: the power that can be lost here is the process's own.
        let written =
            fs::write(&self.scratch, contents).and_then(|()| fs::rename(&self.scratch, &self.path));
        if let Err(error) = written {
            self.give_up("write", &error);
        }
    }

    /// Ends the process because the file holds nothing that can be used.
    pub fn give_up(&self, what: &str, why: &dyn std::fmt::Display) -> ! {
        eprintln!("cannot {what} {}: {why}", self.path.display());
        exit(1);
    }
}
