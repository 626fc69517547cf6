//! What the factory puts on a key: the attestation of its model.
//!
//! `attestation/` holds a P-256 key and a certificate of that key, signed by itself, that names the
//! model 5a1d0c3e-7b52-4f0e-9d3c-fa57f1d0c0de. The two are for tests and protect nothing;
//! `attestation/make` made them.

use littlefs2::path;
use littlefs2::path::Path;
use trussed::key::{Flags, Key, Kind};
use trussed::store::Store as _;
use trussed::virt::Store;
use trussed_core::types::Bytes;

const CERTIFICATE: &[u8] = include_bytes!("../attestation/certificate.der");
const PRIVATE_KEY: &[u8; 32] = include_bytes!("../attestation/private-key.bin");

/// Puts the attestation where the firmware looks for it.
pub fn equip(store: &Store) {
    let material = Bytes::try_from(&PRIVATE_KEY[..]).expect("it is short");
    let key = Key { flags: Flags::SENSITIVE, kind: Kind::P256, material };
    for (path, contents) in
        [(path!("fido/x5c/00"), CERTIFICATE), (path!("fido/sec/00"), &key.serialize()[..])]
    {
        put(store, path, contents);
    }
}

fn put(store: &Store, path: &Path, contents: &[u8]) {
    let files = store.ifs();
    let folder = path.parent().expect("it is in a folder");
    files.create_dir_all(&folder).expect("an empty chip has room");
    files.write(path, contents).expect("an empty chip has room");
}
