//! What a failure to open, read or write a HID device means.
//!
//! Linux gives an error number. hidapi, elsewhere, mostly gives a sentence, which holds the
//! operating system's number in hexadecimal.

use crate::transport::{ConnectionError, KeyPath, OpenError};
use std::io;

/// Why an act on a HID device failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// A signal came in; nothing happened to the device.
    Interrupted,
    /// It is not there, or no longer.
    Gone,
    /// This user may not.
    Denied,
    /// Another program holds it for itself.
    Busy,
    /// Anything else.
    Other,
}

/// A failure, and what it comes to.
#[derive(Debug)]
pub(super) struct Failure {
    cause: Cause,
    /// The operating system's words.
    pub(super) words: String,
}

impl Failure {
    /// The device is not there, or no longer.
    pub(super) fn gone(words: &str) -> Self {
        Self { cause: Cause::Gone, words: words.to_owned() }
    }

    /// Something that has no meaning of its own.
    pub(super) fn other(words: &str) -> Self {
        Self { cause: Cause::Other, words: words.to_owned() }
    }

    /// A sentence of hidapi's.
    #[cfg(any(test, not(target_os = "linux")))]
    pub(super) fn said(sentence: &str) -> Self {
        let cause = PHRASES.into_iter().find(|(phrase, _)| sentence.contains(phrase));
        let cause = cause.map_or(Cause::Other, |(_, cause)| cause);
        // What comes first may hold a path, which may hold anything, so the last colon counts.
        let words = sentence.rsplit_once(": ").map_or(sentence, |(_, words)| words);
        Self { cause, words: words.to_owned() }
    }

    /// What it is to somebody who wanted to open a key.
    pub(super) fn opening(self, path: &KeyPath) -> OpenError {
        let path = path.clone();
        match self.cause {
            Cause::Gone => OpenError::NotFound(path),
            Cause::Denied => OpenError::NoPermission(path),
            Cause::Busy => OpenError::InUse { path },
            Cause::Interrupted | Cause::Other => OpenError::Other { path, reason: self.words },
        }
    }

    /// What it is to somebody who wanted to move a report; `None` if a signal interrupted it.
    pub(super) fn moving(self, act: &'static str) -> Option<ConnectionError> {
        match self.cause {
            Cause::Interrupted => None,
            Cause::Gone => Some(ConnectionError::Unplugged),
            Cause::Busy => Some(ConnectionError::InUse),
            Cause::Denied | Cause::Other => {
                Some(ConnectionError::Refused { act, reason: self.words })
            }
        }
    }
}

/// Words in hidapi's sentences, where no error number is to be had, and what they mean.
#[cfg(any(test, not(target_os = "linux")))]
const PHRASES: [(&str, Cause); 14] = [
    // macOS: IOReturn values.
    ("Device is disconnected", Cause::Gone),
    ("thread shutdown", Cause::Gone),
    ("0xE00002C5", Cause::Busy),
    ("0xE00002D5", Cause::Busy),
    ("0xE00002C1", Cause::Denied),
    ("0xE00002E2", Cause::Denied),
    ("0xE00002C0", Cause::Gone),
    ("0xE00002F0", Cause::Gone),
    // Windows: system error codes.
    ("0x00000005", Cause::Denied),
    ("0x00000020", Cause::Busy),
    ("0x00000002", Cause::Gone),
    ("0x00000003", Cause::Gone),
    ("0x0000048F", Cause::Gone),
    ("0x0000001F", Cause::Gone),
];

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        /// Unix: a device that is unplugged gives EIO on reading and ENODEV on writing, ENXIO when
        /// it went while being opened.
        const GONE: [i32; 3] = [5, 6, 19];
        /// Linux: a packet on its way to a device that is being unplugged gives EPROTO or
        /// ESHUTDOWN.
        const GONE_ON_LINUX: [i32; 2] = [71, 108];

        let cause = match error.kind() {
            io::ErrorKind::Interrupted => Cause::Interrupted,
            io::ErrorKind::NotFound => Cause::Gone,
            // A path with a NUL in it, which the standard library does not pass on.
            io::ErrorKind::InvalidInput if error.raw_os_error().is_none() => Cause::Gone,
            io::ErrorKind::PermissionDenied => Cause::Denied,
            io::ErrorKind::ResourceBusy => Cause::Busy,
            _ => match error.raw_os_error() {
                Some(number) if cfg!(unix) && GONE.contains(&number) => Cause::Gone,
                Some(number) if cfg!(target_os = "linux") && GONE_ON_LINUX.contains(&number) => {
                    Cause::Gone
                }
                _ => Cause::Other,
            },
        };
        Self { cause, words: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(number: i32) -> Failure {
        io::Error::from_raw_os_error(number).into()
    }

    fn path() -> KeyPath {
        KeyPath("/dev/hidraw0".to_owned())
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn opening_on_linux_is_told_by_the_error_number() {
        let open = |number| system(number).opening(&path());
        for number in [1, 13] {
            assert!(matches!(open(number), OpenError::NoPermission(_)), "{:?}", open(number));
        }
        for number in [2, 6, 19] {
            assert!(matches!(open(number), OpenError::NotFound(_)), "{:?}", open(number));
        }
        assert!(matches!(open(16), OpenError::InUse { .. }), "{:?}", open(16));
        let OpenError::Other { reason, .. } = open(24) else { panic!("{:?}", open(24)) };
        assert_eq!(reason, "Too many open files (os error 24)");
        let OpenError::Other { .. } = open(22) else { panic!("{:?}", open(22)) };
    }

    #[test]
    fn a_path_that_no_file_can_have_is_not_found() {
        let failure = Failure::from(std::fs::File::open("/dev/hid\0raw").unwrap_err());
        assert!(matches!(failure.opening(&path()), OpenError::NotFound(_)));
    }

    #[test]
    fn opening_elsewhere_is_told_by_the_system_s_number() {
        let exclusive = Failure::said(
            "hid_open_path: failed to open IOHIDDevice from mach entry: (0xE00002C5) (iokit/common) exclusive access and device already open",
        );
        assert!(matches!(exclusive.opening(&path()), OpenError::InUse { .. }));
        let denied = Failure::said("hid_read_timeout: (0x00000005) Access is denied.");
        assert!(matches!(denied.opening(&path()), OpenError::NoPermission(_)));
    }

    #[test]
    fn a_sentence_without_a_known_number_keeps_its_words() {
        let failure = Failure::said("failed to open device with path a: b: No more handles");
        let OpenError::Other { reason, .. } = failure.opening(&path()) else { panic!() };
        assert_eq!(reason, "No more handles");
    }

    #[test]
    fn a_signal_is_no_failure() {
        let interrupted = Failure::from(io::Error::from(io::ErrorKind::Interrupted));
        assert!(interrupted.moving("read").is_none());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_key_that_went_is_unplugged() {
        for number in [5, 6, 19, 71, 108] {
            let moved = system(number).moving("read");
            assert!(matches!(moved, Some(ConnectionError::Unplugged)), "{number}: {moved:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn another_failure_keeps_its_words() {
        let moved = system(32).moving("write");
        let Some(ConnectionError::Refused { act: "write", reason }) = moved else {
            panic!("{moved:?}")
        };
        assert_eq!(reason, "Broken pipe (os error 32)");
    }
}
