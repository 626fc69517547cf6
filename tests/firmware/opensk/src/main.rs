//! Google's OpenSK as a firmware process; see `firmware_contract`.
//!
//! The firmware is as its makers set it: `DEFAULT_CUSTOMIZATION`, no attestation key, no AAGUID.

#![forbid(unsafe_code)]

mod board;
mod clock;
mod memory;
mod randomness;
#[cfg(feature = "fingerprint")]
mod sensor;

use board::Board;
use firmware_contract::{Port, state_path};
use memory::Memory;
use opensk::{Ctap, Transport};

fn main() {
    let path = state_path();
    let port = Port::open();
    let mut key = Box::new(Ctap::new(Board::new(port.clone(), Memory::load(&path))));
    loop {
        let report = port.report();
        // A U2F host is told at once that a touch is wanted, and asks again until there was one.
        if key.u2f_needs_user_presence() && port.touched() {
            key.u2f_grant_user_presence();
        }
        for answer in key.process_hid_packet(&report, Transport::MainHid) {
            port.send(&answer);
        }
        let wanted = key.u2f_needs_user_presence();
        key.env().await_u2f_touch(wanted);
    }
}
