//! The least that a program must do to ask a lasting virtual key what it is: start, build the key,
//! send INIT, getInfo and getPINRetries, and end. `bench.py` holds `fidokey info` against it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]
#![allow(clippy::disallowed_methods)]

use fidokey::transport::{Bus, Connection, KeyPath};
use fidokey::virtual_key::{LastingKeys, Surroundings, Touch, VirtualBus};
use std::time::Duration;

/// Sends one short message and reads the whole answer.
fn ask(connection: &mut dyn Connection, channel: [u8; 4], command: u8, payload: &[u8]) -> Vec<u8> {
    let mut report = [0; 64];
    report[..4].copy_from_slice(&channel);
    report[4] = command | 0x80;
    report[6] = u8::try_from(payload.len()).unwrap();
    report[7..7 + payload.len()].copy_from_slice(payload);
    connection.send(&report).unwrap();
    let mut receive = || {
        let mut report = [0; 64];
        while connection.receive(&mut report, Duration::from_secs(1)).unwrap().is_none() {}
        report
    };
    let first = receive();
    let length = usize::from(u16::from_be_bytes([first[5], first[6]]));
    let mut answer = first[7..].to_vec();
    while answer.len() < length {
        answer.extend_from_slice(&receive()[5..]);
    }
    answer.truncate(length);
    answer
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (directory, name) = (arguments.next().unwrap(), arguments.next().unwrap());
    let keys = LastingKeys::new(directory);
    let bus = VirtualBus::new(Some(keys), Surroundings::real(), Touch::Auto);
    let mut connection = bus.open(&KeyPath(name)).unwrap();
    let init = ask(connection.as_mut(), [0xff; 4], 0x06, b"12345678");
    let channel = [init[8], init[9], init[10], init[11]];
    let info = ask(connection.as_mut(), channel, 0x10, &[0x04]);
    let retries = ask(connection.as_mut(), channel, 0x10, &[0x06, 0xa2, 1, 2, 2, 1]);
    println!("{} {}", info.len(), retries.len());
}
