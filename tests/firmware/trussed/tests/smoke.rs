//! The firmware, driven over its pipes.

use firmware_host::smoke;
use std::path::Path;

const BINARY: &str = env!("CARGO_BIN_EXE_trussed-key");

#[test]
fn it_speaks() {
    smoke::speaks(Path::new(BINARY));
}

#[test]
fn it_waits_for_touches() {
    smoke::waits_for_touches(Path::new(BINARY));
}

#[test]
fn it_remembers() {
    smoke::remembers(Path::new(BINARY));
}
