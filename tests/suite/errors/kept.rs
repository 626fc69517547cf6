//! Errors of files that are kept: virtual keys and traces.

use fidokey::trace::{Damage, ReadError, TraceFileError};
use fidokey::virtual_key::{LastingError, StateError};

every!(state_errors: StateError {
    Read(..) => [StateError::Read("Input/output error".into())];
    NotAFile() => [StateError::NotAFile];
    TooLong() => [StateError::TooLong];
    Malformed(..) => [StateError::Malformed("expected value at line 1 column 1".into())];
    Newer{..} => [StateError::Newer { found: 2 }];
    Checksum() => [StateError::Checksum];
    Entry{..} => [StateError::Entry { entry: 5, reason: "too long" }];
});

every!(lasting_errors: LastingError {
    Exists(..) => [LastingError::Exists("work".parse().unwrap())];
    NotFound(..) => [LastingError::NotFound("work".parse().unwrap())];
    InUse(..) => [LastingError::InUse("work".parse().unwrap())];
    State{..} => [
        LastingError::State { name: "work".parse().unwrap(), reason: StateError::Checksum },
    ];
    Refused{..} => [
        LastingError::Refused {
            act: "write",
            path: "/home/alice/.local/share/fidokey/virtual-keys/work".into(),
            reason: std::io::ErrorKind::StorageFull.into(),
        },
    ];
});

every!(trace_file_errors: TraceFileError {
    NotATrace() => [TraceFileError::NotATrace];
    InUse() => [TraceFileError::InUse];
    Refused(..) => [TraceFileError::Refused(std::io::ErrorKind::StorageFull.into())];
});

every!(trace_read_errors: ReadError {
    NotATrace() => [ReadError::NotATrace];
    Newer{..} => [ReadError::Newer { found: 2 }];
    Refused(..) => [ReadError::Refused(std::io::ErrorKind::PermissionDenied.into())];
});

every!(trace_damages: Damage {
    TooLong() => [Damage::TooLong];
    NotAnEntry(..) => [Damage::NotAnEntry("expected ident".into())];
    BrokenOff() => [Damage::BrokenOff];
});
