//! The file that a trace is written to.

use super::bus::Sink;
use super::entry::{Entry, Event, FORMAT, Header, Seconds};
use crate::wire::text::escape_json;
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use thiserror::Error;

/// The longest trace that is written, in bytes: far more than any command says, and an end for what
/// a key says that does not stop.
const MOST: u64 = 64 * 1024 * 1024;

/// How much of a file is looked at to see whether it is a trace.
const HEAD: u64 = 1024;

/// Why a trace cannot be written.
#[derive(Debug, Error)]
pub enum TraceFileError {
    /// There is a file of another kind. Nothing in it was changed.
    #[error("the file is no trace")]
    NotATrace,
    /// Another run writes it.
    #[error("another run of fidokey is writing to it")]
    InUse,
    /// The operating system refused.
    #[error(transparent)]
    Refused(#[from] io::Error),
}

/// A trace that is being written: a line for each entry, each written as a whole when it is there.
#[derive(Debug)]
pub struct TraceFile {
    file: File,
    /// Bytes that may still be written.
    left: u64,
    last: Seconds,
    failure: Option<io::Error>,
    is_full: bool,
}

impl TraceFile {
    /// Begins a trace at `path`: a new file that only its owner may read, or an older trace, which is
    /// overwritten. A pipe or a device is written to as it is.
    ///
    /// # Errors
    ///
    /// [`TraceFileError`] when there is a file that is no trace, or the header cannot be written.
    pub fn create(path: &Path, header: &Header) -> Result<Self, TraceFileError> {
        let file = open(path)?;
        let mut trace =
            Self { file, left: MOST, last: Seconds::default(), failure: None, is_full: false };
        let line = line(header)?;
        trace.put(&line)?;
        Ok(trace)
    }

    /// Why the trace is not whole, if it is not.
    pub fn failure(&self) -> Option<&io::Error> {
        self.failure.as_ref()
    }

    /// Whether the trace became too long, and what was said after that is not in it.
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    fn put(&mut self, line: &str) -> io::Result<()> {
        let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
        self.left = self.left.saturating_sub(length);
        self.file.write_all(line.as_bytes())
    }
}

impl Sink for TraceFile {
    fn take(&mut self, entry: &Entry) {
        if self.failure.is_some() || self.is_full {
            return;
        }
        self.last = entry.time;
        let written = line(entry).and_then(|line| {
            let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
            if length <= self.left {
                return self.put(&line);
            }
            self.is_full = true;
            let full = Entry { time: self.last, event: Event::Full { most: MOST } };
            self::line(&full).and_then(|line| self.put(&line))
        });
        self.failure = written.err();
    }
}

/// One line of JSON in which nothing can drive a terminal.
fn line(value: &impl Serialize) -> io::Result<String> {
    let mut line = escape_json(&serde_json::to_string(value)?);
    line.push('\n');
    Ok(line)
}

fn open(path: &Path) -> Result<File, TraceFileError> {
    let mut options = OpenOptions::new();
    options.write(true);
    match std::fs::metadata(path) {
        Ok(there) if !there.is_file() => return Ok(options.open(path)?),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut options = options.clone();
            options.create_new(true);
            owner_only(&mut options);
            let file = options.open(path)?;
            lock(&file)?;
            return Ok(file);
        }
        Err(error) => return Err(error.into()),
    }
    let mut file = options.read(true).open(path)?;
    lock(&file)?;
    let mut head = Vec::new();
    Read::by_ref(&mut file).take(HEAD).read_to_end(&mut head)?;
    if !head.is_empty() && !is_header(&head) {
        return Err(TraceFileError::NotATrace);
    }
    for_owner_only(&file)?;
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

/// Whether a file begins as a trace of any version does.
fn is_header(head: &[u8]) -> bool {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let header: Option<serde_json::Value> = serde_json::from_slice(line).ok();
    header.is_some_and(|header| header.get("format").is_some_and(|format| format == FORMAT))
}

/// A file that is made is its owner's alone from the first moment.
#[cfg(unix)]
fn owner_only(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn owner_only(_: &mut OpenOptions) {}

/// A file that was there before becomes its owner's alone before anything is written to it.
#[cfg(unix)]
fn for_owner_only(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn for_owner_only(_: &File) -> io::Result<()> {
    Ok(())
}

/// Two runs that write to one file at the same time would spoil it for both.
#[cfg(unix)]
fn lock(file: &File) -> Result<(), TraceFileError> {
    use rustix::fs::{FlockOperation, flock};
    use rustix::io::Errno;
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => Err(TraceFileError::InUse),
        // A file system without locks is no reason to write no trace.
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn lock(_: &File) -> Result<(), TraceFileError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn header() -> Header {
        Header::new("2026-11-24T00:00:00Z".to_owned(), "info".to_owned())
    }

    fn entry(path: String) -> Entry {
        Entry { time: Seconds(0.5), event: Event::Replugged { path } }
    }

    #[test]
    fn a_trace_takes_the_place_of_an_older_one_and_of_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("trace");
        let mut trace = TraceFile::create(&path, &header()).unwrap();
        trace.take(&entry("a".repeat(1000)));
        assert!(matches!(TraceFile::create(&path, &header()), Err(TraceFileError::InUse)));
        drop(trace);
        drop(TraceFile::create(&path, &header()).unwrap());
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        for other in ["notes\n", "{\"schema_version\":1,\"rp_id\":\"example.com\"}\n", "\n"] {
            fs::write(&path, other).unwrap();
            let refused = TraceFile::create(&path, &header()).unwrap_err();
            assert!(matches!(refused, TraceFileError::NotATrace), "{refused}");
            assert_eq!(fs::read_to_string(&path).unwrap(), other);
        }
        fs::write(&path, "").unwrap();
        assert!(TraceFile::create(&path, &header()).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("trace");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        drop(TraceFile::create(&path, &header()).unwrap());
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        drop(TraceFile::create(&path, &header()).unwrap());
        assert_eq!(mode(), 0o600);
    }

    #[test]
    fn what_a_key_says_cannot_drive_a_terminal_and_does_not_fill_the_disk() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("trace");
        let mut trace = TraceFile::create(&path, &header()).unwrap();
        let hostile = "a\n\u{1b}[2J\u{9b}1m\u{202e}";
        trace.take(&entry(hostile.to_owned()));
        trace.left = 100;
        trace.take(&entry("b".repeat(200)));
        trace.take(&entry("c".to_owned()));
        assert!(trace.is_full() && trace.failure().is_none());
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}']));
        let lines: Vec<&str> = text.lines().collect();
        let [_, first, last] = lines.as_slice() else { panic!("{text}") };
        assert_eq!(serde_json::from_str::<Entry>(first).unwrap(), entry(hostile.to_owned()));
        assert!(last.contains("\"full\""), "{last}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_at_first_and_remembered_later() {
        let refused = TraceFile::create(Path::new("/dev/full"), &header()).unwrap_err();
        assert!(matches!(refused, TraceFileError::Refused(_)), "{refused}");
        let file = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let last = Seconds::default();
        let mut trace = TraceFile { file, left: MOST, last, failure: None, is_full: false };
        trace.take(&entry("a".to_owned()));
        assert!(trace.failure().is_some());
    }
}
