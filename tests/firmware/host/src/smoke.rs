//! What every firmware must do, whoever wrote it.

use crate::{BROADCAST, Firmware, Host, Message, number};
use std::path::Path;

/// INIT, PING, getInfo.
pub fn speaks(binary: &Path) {
    let place = tempfile::tempdir().expect("a place");
    let state = place.path().join("flash");
    let mut host = Host::new(Firmware::start(binary, &state));
    let channel = host.channel();
    assert_ne!(channel, BROADCAST);
    assert_ne!(host.channel(), channel, "every host gets a channel of its own");
    let long: Vec<u8> = (0..1_000).map(|number| u8::try_from(number % 251).unwrap_or(0)).collect();
    host.send(channel, number::PING, &long);
    assert_eq!(host.answer(channel), Message { channel, command: number::PING, payload: long });
    let info = host.cbor(channel, &[number::GET_INFO]);
    assert_eq!(info[0], 0, "getInfo succeeds");
    assert!(info.windows(8).any(|text| text == b"FIDO_2_1"));
    assert!(state.exists(), "the flash is a file");
}

/// A touch that is waited for comes, is cancelled, or comes at once.
pub fn waits_for_touches(binary: &Path) {
    let place = tempfile::tempdir().expect("a place");
    let mut host = Host::new(Firmware::start(binary, &place.path().join("flash")));
    let channel = host.channel();
    let other = host.channel();
    assert_eq!(host.cbor(channel, &[number::SELECTION]), [0], "it is touched at once");

    host.firmware().control("touch hold");
    let held = begin_wait(&mut host, channel);
    host.send(other, number::CBOR, &[number::GET_INFO]);
    let busy = host.answer(other);
    assert_eq!((busy.command, &busy.payload[..]), (number::ERROR, &[number::CHANNEL_BUSY][..]));
    host.send(channel, number::CANCEL, &[]);
    assert_eq!(host.answer(channel).payload, [number::KEEPALIVE_CANCEL], "{held:?}");
    assert_eq!(host.cbor(channel, &[number::GET_INFO])[0], 0, "it answers the next command");

    // Dropped, since nobody waits.
    host.firmware().control("touch");
    begin_wait(&mut host, channel);
    host.firmware().control("touch");
    assert_eq!(host.answer(channel).payload, [0], "the touch is taken");

    begin_wait(&mut host, channel);
    host.firmware().control("touch auto");
    assert_eq!(host.answer(channel).payload, [0], "a wait that lasts is answered, too");
}

/// Asks for a touch until the key says twice that it waits for one.
fn begin_wait(host: &mut Host, channel: [u8; 4]) -> Message {
    host.send(channel, number::CBOR, &[number::SELECTION]);
    host.firmware().await_log("waiting for a touch");
    let first = host.receive(channel);
    assert_eq!(first.command, number::KEEPALIVE);
    assert_eq!(first.payload, [2], "a touch is needed");
    assert_eq!(host.receive(channel), first);
    first
}

/// What a key knows outlasts a loss of power, also one while it waits for a touch.
pub fn remembers(binary: &Path) {
    let place = tempfile::tempdir().expect("a place");
    let state = place.path().join("flash");
    let mut host = Host::new(Firmware::start(binary, &state));
    let channel = host.channel();
    assert_eq!(host.cbor(channel, REGISTRATION)[0], 0, "a credential is made");
    let used = host.cbor(channel, ASSERTION);
    assert_eq!(used[0], 0, "it is found");

    host.firmware().control("touch hold");
    begin_wait(&mut host, channel);
    assert!(host.into_firmware().cut_power().success());

    let mut host = Host::new(Firmware::start(binary, &state));
    let channel = host.channel();
    assert_eq!(host.cbor(channel, ASSERTION)[0], 0, "it is still found");
    assert!(host.into_firmware().cut_power().success());

    std::fs::remove_file(&state).expect("it was there");
    let mut host = Host::new(Firmware::start(binary, &state));
    let channel = host.channel();
    assert_eq!(host.cbor(channel, ASSERTION), [0x2e], "a new key knows nothing");
}

/// makeCredential: a discoverable credential for `a.b`, without a PIN.
const REGISTRATION: &[u8] = b"\x01\xa5\x01\x58\x20................................\
\x02\xa1\x62id\x63a.b\x03\xa2\x62id\x41u\x64name\x64user\x04\x81\xa2\x63alg\x26\x64type\x6apublic-key\
\x07\xa1\x62rk\xf5";

/// getAssertion: any credential for `a.b`.
const ASSERTION: &[u8] = b"\x02\xa2\x01\x63a.b\x02\x58\x20................................";
