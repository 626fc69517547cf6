//! Google's OpenSK as a firmware process; see `firmware_contract`.
//!
//! The firmware is as its makers set it: `DEFAULT_CUSTOMIZATION`, no attestation key, no AAGUID. With
//! `--u2f-only` the host sees a key from before CTAP2.
//!
//! With `--tell-secrets` its log has the random values that are as long as a PIN token, one of which each
//! token is: a search for them shows whether a token got anywhere.

#![forbid(unsafe_code)]

mod board;
mod clock;
mod memory;
mod randomness;
#[cfg(feature = "fingerprint")]
mod sensor;
mod u2f_only;

use board::Board;
use firmware_contract::{Port, command_line};
use memory::Memory;
use opensk::{Ctap, Transport};
use randomness::{Randomness, TELL_SECRETS};
use u2f_only::{Taken, U2F_ONLY, U2fOnly};

fn main() {
    let (path, switches) = command_line(&[U2F_ONLY, TELL_SECRETS]);
    let mut guise = switches.contains(&U2F_ONLY).then(U2fOnly::default);
    let randomness = Randomness { is_told: switches.contains(&TELL_SECRETS) };
    let port = Port::open();
    let mut key = Box::new(Ctap::new(Board::new(port.clone(), Memory::load(&path), randomness)));
    loop {
        let report = port.report();
        match guise.as_mut().map(|guise| guise.take(&report)) {
            Some(Taken::Refused(answer)) => {
                port.send(&answer);
                continue;
            }
            Some(Taken::Ignored) => continue,
            Some(Taken::Passed) | None => {}
        }
        // A U2F host is told at once that a touch is wanted, and asks again until there was one.
        if key.u2f_needs_user_presence() && port.touched() {
            key.u2f_grant_user_presence();
        }
        for mut answer in key.process_hid_packet(&report, Transport::MainHid) {
            if guise.is_some() {
                u2f_only::hide(&mut answer);
            }
            port.send(&answer);
        }
        let wanted = key.u2f_needs_user_presence();
        key.env().await_u2f_touch(wanted);
    }
}
