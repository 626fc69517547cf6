//! Errors of finding, opening and talking to a key.

use super::*;
use fidokey::transport::channel::{ChannelError, Malformed};
use fidokey::transport::{BusError, ConnectionError, KeyPath, OpenError};
use fidokey::wire::ctaphid::{AssembleError, Command, HidErrorCode, SplitError};
use std::time::Duration;

every!(bus_errors: BusError {
    Enumerate(..) => [BusError::Enumerate("udev: no such device".into())];
});

every!(open_errors: OpenError {
    NotFound(..) => [
        OpenError::NotFound(path()),
        OpenError::NotFound(KeyPath("virtual:work".into())),
    ];
    NoPermission(..) => [OpenError::NoPermission(path())];
    InUse{..} => [OpenError::InUse { path: path() }];
    State{..} => [
        OpenError::State {
            path: KeyPath("virtual:work".into()),
            reason: "it is damaged: its checksum does not match".into(),
            is_newer: false,
        },
        OpenError::State {
            path: KeyPath("virtual:work".into()),
            reason: "it was written by a newer version of this program (format 2)".into(),
            is_newer: true,
        },
        OpenError::State {
            path: KeyPath("virtual".into()),
            reason: "a defect".into(),
            is_newer: false,
        },
    ];
    Other{..} => [OpenError::Other { path: path(), reason: "Input/output error".into() }];
});

every!(connection_errors: ConnectionError {
    Unplugged() => [ConnectionError::Unplugged];
    InUse() => [ConnectionError::InUse];
    Refused{..} => [ConnectionError::Refused { act: "read", reason: "Broken pipe".into() }];
});

every!(assemble_errors: AssembleError {
    Sequence{..} => [AssembleError::Sequence { expected: 1, found: 2 }];
    TooLong{..} => [AssembleError::TooLong { length: 65535 }];
});

every!(split_errors: SplitError {
    ReportTooSmall(..) => [SplitError::ReportTooSmall(7)];
    TooLong{..} => [SplitError::TooLong { length: 8000, most: 7609 }];
});

every!(malformed_messages: Malformed {
    Packets(..) => [
        Malformed::Packets(AssembleError::Sequence { expected: 1, found: 2 }),
        Malformed::Packets(AssembleError::TooLong { length: 65535 }),
    ];
    NoFirstPacket() => [Malformed::NoFirstPacket];
    BrokenOff() => [Malformed::BrokenOff];
    OtherCommand{..} => [
        Malformed::OtherCommand { sent: Command::CBOR, answered: Command::MSG },
    ];
    NoErrorCode() => [Malformed::NoErrorCode];
    NoKeepaliveStatus() => [Malformed::NoKeepaliveStatus];
    Empty() => [Malformed::Empty];
    InitTooShort{..} => [Malformed::InitTooShort { length: 16 }];
    ReservedChannel(..) => [Malformed::ReservedChannel(0)];
});

every!(channel_errors: ChannelError {
    Connection(..) => [ChannelError::Connection(ConnectionError::Unplugged)];
    NoAnswer{..} => [ChannelError::NoAnswer { waited: SECONDS, doing: "a CTAP2 command" }];
    TimedOut{..} => [
        ChannelError::TimedOut { waited: Duration::from_secs(60), waiting_for_touch: false },
        ChannelError::TimedOut { waited: Duration::from_secs(60), waiting_for_touch: true },
    ];
    Interrupted() => [ChannelError::Interrupted];
    Busy{..} => [ChannelError::Busy { waited: Duration::from_millis(500) }];
    Refused(..) => [
        ChannelError::Refused(HidErrorCode(0x03)),
        ChannelError::Refused(HidErrorCode::CHANNEL_BUSY),
        ChannelError::Refused(HidErrorCode(0x42)),
    ];
    Malformed(..) => [ChannelError::Malformed(Malformed::BrokenOff)];
    MessageTooLong(..) => [
        ChannelError::MessageTooLong(SplitError::TooLong { length: 8000, most: 7609 }),
        ChannelError::MessageTooLong(SplitError::ReportTooSmall(7)),
    ];
});
