//! What is fuzzed: for every parser of bytes from outside, a function that reads bytes with it and
//! goes on with what it read, and inputs to begin with. A panic is a finding.
//!
//! The suite plays every target too, on its seeds and on mutations of them (`tests/suite/fuzz_targets.rs`).

mod files;
mod key;
mod metadata;
#[cfg(feature = "relying-party")]
mod server;
mod webauthn;

use std::collections::HashMap;

/// One parser, or a few that read the same.
pub struct Target {
    /// What it is called.
    pub name: &'static str,
    /// Reads bytes.
    pub run: fn(&[u8]),
    /// Inputs to begin with, most of them right.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// A moment at which every certificate of the seeds is valid: 2027-01-15.
const NOW: u64 = 1_800_000_000;

/// Every target.
pub const ALL: &[Target] = &[
    Target { name: "packets", run: key::packets, seeds: key::packet_seeds },
    Target { name: "report_descriptor", run: key::report_descriptor, seeds: key::descriptor_seeds },
    Target { name: "usb_names", run: files::usb_names, seeds: files::usb_name_seeds },
    Target { name: "cbor", run: key::cbor, seeds: key::cbor_seeds },
    Target { name: "authenticator_data", run: key::authenticator_data, seeds: data_seeds },
    Target { name: "replies", run: key::replies, seeds: key::reply_seeds },
    Target { name: "large_blobs", run: key::large_blobs, seeds: key::large_blob_seeds },
    Target { name: "public_key", run: webauthn::public_key, seeds: webauthn::public_key_seeds },
    Target { name: "client_data", run: webauthn::client_data, seeds: webauthn::client_data_seeds },
    Target { name: "names", run: webauthn::names, seeds: webauthn::name_seeds },
    Target { name: "options", run: webauthn::options, seeds: webauthn::option_seeds },
    Target { name: "responses", run: webauthn::responses, seeds: webauthn::response_seeds },
    Target { name: "registration", run: webauthn::registration, seeds: object_seeds },
    Target { name: "assertion", run: webauthn::assertion, seeds: webauthn::assertion_seeds },
    Target { name: "certificates", run: metadata::certificates, seeds: metadata::chain_seeds },
    Target { name: "roots", run: metadata::roots, seeds: metadata::root_seeds },
    Target { name: "metadata_blob", run: metadata::blob, seeds: metadata::blob_seeds },
    Target { name: "metadata_payload", run: metadata::payload, seeds: metadata::payload_seeds },
    Target { name: "metadata_kept", run: metadata::kept, seeds: metadata::kept_seeds },
    Target { name: "trace_file", run: files::trace_file, seeds: files::trace_file_seeds },
    Target { name: "virtual_key_file", run: files::virtual_key, seeds: files::virtual_key_seeds },
    #[cfg(feature = "relying-party")]
    Target { name: "accounts_file", run: server::accounts, seeds: server::account_seeds },
    #[cfg(feature = "relying-party")]
    Target { name: "server_answer", run: server::answer, seeds: server::answer_seeds },
];

/// The members of a test vector, by name.
pub type Vector = HashMap<String, Vec<u8>>;

/// The test vectors of WebAuthn Level 3 and our own: a registration and an assertion each.
pub fn vectors() -> Vec<Vector> {
    let files = [
        include_str!("../../../../src/webauthn/test_vectors/level-3.txt"),
        include_str!("../../../../src/webauthn/test_vectors/made.txt"),
    ];
    let mut vectors: Vec<HashMap<String, String>> = Vec::new();
    let mut member = String::new();
    for line in files.iter().flat_map(|file| file.lines()) {
        match line.strip_prefix(' ') {
            _ if line.starts_with('#') || line.is_empty() => {}
            Some(digits) => {
                vectors.last_mut().unwrap().entry(member.clone()).or_default().push_str(digits);
            }
            None if line.starts_with('[') => vectors.push(HashMap::new()),
            None => member = line.to_owned(),
        }
    }
    let bytes = |digits: &String| hex(&digits.replace('~', ""));
    vectors
        .iter()
        .map(|vector| vector.iter().map(|(name, text)| (name.clone(), bytes(text))).collect())
        .collect()
}

/// Bytes from hexadecimal digits.
fn hex(digits: &str) -> Vec<u8> {
    let digits: String = digits.split_whitespace().collect();
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

/// A member of every vector that has it.
fn members(name: &str) -> Vec<Vec<u8>> {
    vectors().iter_mut().filter_map(|vector| vector.remove(name)).collect()
}

fn data_seeds() -> Vec<Vec<u8>> {
    members("authenticator_data")
}

fn object_seeds() -> Vec<Vec<u8>> {
    members("attestation_object")
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}
