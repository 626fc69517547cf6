//! What a failure of hidapi means.
//!
//! hidapi mostly gives a sentence. Its Linux backend puts the error number into it or passes the
//! operating system's error on; on macOS and Windows the sentence holds the system's number in
//! hexadecimal.

use super::{ConnectionError, KeyPath, OpenError};
use hidapi::HidError;
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

/// Words in hidapi's sentences, where no error number is to be had, and what they mean.
const PHRASES: [(&str, Cause); 18] = [
    // Linux: what poll says of a device that is gone, and nix's names of error numbers.
    ("device disconnected", Cause::Gone),
    ("EINTR", Cause::Interrupted),
    ("ENODEV", Cause::Gone),
    ("EIO", Cause::Gone),
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

/// Turns a failure to open into the error that names its cause.
pub(super) fn opening(path: &KeyPath, error: &HidError) -> OpenError {
    let path = path.clone();
    match cause(error) {
        Cause::Gone => OpenError::NotFound(path),
        Cause::Denied => OpenError::NoPermission(path),
        Cause::Busy => OpenError::InUse { path },
        Cause::Interrupted | Cause::Other => {
            // nix calls this one "Not a typewriter".
            let reason = match error {
                HidError::HidApiError { message } if message.contains("ENOTTY") => {
                    "it is not a HID device".to_owned()
                }
                _ => words(error),
            };
            OpenError::Other { path, reason }
        }
    }
}

/// Turns a failure to read or write into an error; `None` if a signal interrupted it.
pub(super) fn moving(act: &'static str, error: &HidError) -> Option<ConnectionError> {
    match cause(error) {
        Cause::Interrupted => None,
        Cause::Gone => Some(ConnectionError::Unplugged),
        Cause::Busy => Some(ConnectionError::InUse),
        Cause::Denied | Cause::Other => {
            Some(ConnectionError::Refused { act, reason: words(error) })
        }
    }
}

/// The operating system's words in hidapi's sentence.
pub(super) fn words(error: &HidError) -> String {
    let HidError::HidApiError { message } = error else { return error.to_string() };
    let message = message.strip_prefix("failed to open device with path ").unwrap_or(message);
    // What is left starts with the path, which may hold anything, so the last colon counts.
    let words = message.rsplit_once(": ").map_or(message, |(_, words)| words);
    words.to_owned()
}

fn cause(error: &HidError) -> Cause {
    match error {
        HidError::IoError { error } => system_cause(error),
        HidError::HidApiError { message } => match os_error(message) {
            Some(number) => system_cause(&io::Error::from_raw_os_error(number)),
            None => phrase_cause(message),
        },
        _ => Cause::Other,
    }
}

fn phrase_cause(message: &str) -> Cause {
    PHRASES
        .into_iter()
        .find(|(phrase, _)| message.contains(phrase))
        .map_or(Cause::Other, |(_, cause)| cause)
}

/// The number in `… (os error 13)`, which the standard library writes last.
fn os_error(message: &str) -> Option<i32> {
    let (_, number) = message.rsplit_once("(os error ")?;
    number.strip_suffix(')')?.parse().ok()
}

fn system_cause(error: &io::Error) -> Cause {
    /// Unix: a device that is unplugged gives EIO on reading and ENODEV on writing, ENXIO when it
    /// went while being opened.
    const GONE: [i32; 3] = [5, 6, 19];
    /// Linux: a packet on its way to a device that is being unplugged gives EPROTO or ESHUTDOWN.
    const GONE_ON_LINUX: [i32; 2] = [71, 108];

    match error.kind() {
        io::ErrorKind::Interrupted => Cause::Interrupted,
        io::ErrorKind::NotFound => Cause::Gone,
        io::ErrorKind::PermissionDenied => Cause::Denied,
        io::ErrorKind::ResourceBusy => Cause::Busy,
        _ => match error.raw_os_error() {
            Some(number) if cfg!(unix) && GONE.contains(&number) => Cause::Gone,
            Some(number) if cfg!(target_os = "linux") && GONE_ON_LINUX.contains(&number) => {
                Cause::Gone
            }
            _ => Cause::Other,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(message: &str) -> HidError {
        HidError::HidApiError { message: message.to_owned() }
    }

    fn system(number: i32) -> HidError {
        HidError::IoError { error: io::Error::from_raw_os_error(number) }
    }

    fn path() -> KeyPath {
        KeyPath("/dev/hidraw0".to_owned())
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn opening_on_linux_is_told_by_the_number_in_the_sentence() {
        let open = |end: &str| {
            opening(&path(), &said(&format!("failed to open device with path /dev/hidraw0: {end}")))
        };
        let denied = open("Permission denied (os error 13)");
        assert!(matches!(denied, OpenError::NoPermission(_)), "{denied:?}");
        let denied = open("Operation not permitted (os error 1)");
        assert!(matches!(denied, OpenError::NoPermission(_)), "{denied:?}");
        let missing = open("No such file or directory (os error 2)");
        assert!(matches!(missing, OpenError::NotFound(_)), "{missing:?}");
        let missing = open("No such device (os error 19)");
        assert!(matches!(missing, OpenError::NotFound(_)), "{missing:?}");
        let busy = open("Device or resource busy (os error 16)");
        assert!(matches!(busy, OpenError::InUse { .. }), "{busy:?}");
        let other = open("Too many open files (os error 24)");
        let OpenError::Other { reason, .. } = other else { panic!("{other:?}") };
        assert_eq!(reason, "Too many open files (os error 24)");
    }

    #[test]
    fn opening_something_else_is_said_in_plain_words() {
        let error = said(
            "ioctl(GRDESCSIZE) error for /dev/null, not a HIDRAW device?: ENOTTY: Not a typewriter",
        );
        let OpenError::Other { reason, .. } = opening(&path(), &error) else { panic!() };
        assert_eq!(reason, "it is not a HID device");
    }

    #[test]
    fn opening_elsewhere_is_told_by_the_system_s_number() {
        let exclusive = said(
            "hid_open_path: failed to open IOHIDDevice from mach entry: (0xE00002C5) (iokit/common) exclusive access and device already open",
        );
        assert!(matches!(opening(&path(), &exclusive), OpenError::InUse { .. }));
        let denied = said("hid_read_timeout: (0x00000005) Access is denied.");
        assert!(matches!(opening(&path(), &denied), OpenError::NoPermission(_)));
    }

    #[test]
    fn a_signal_is_no_failure() {
        assert!(
            moving("read", &HidError::IoError { error: io::ErrorKind::Interrupted.into() })
                .is_none()
        );
        assert!(moving("read", &said("EINTR: Interrupted system call")).is_none());
        assert!(moving("read", &said("Interrupted system call (os error 4)")).is_none());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_key_that_went_is_unplugged() {
        for error in [
            system(5),
            system(19),
            system(108),
            said("unexpected poll error (device disconnected)"),
            said("ENODEV: No such device"),
        ] {
            let moved = moving("read", &error);
            assert!(matches!(moved, Some(ConnectionError::Unplugged)), "{error:?}: {moved:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn another_failure_keeps_its_words() {
        let moved = moving("write", &system(32));
        let Some(ConnectionError::Refused { act: "write", reason }) = moved else {
            panic!("{moved:?}")
        };
        assert_eq!(reason, "Broken pipe (os error 32)");
    }
}
