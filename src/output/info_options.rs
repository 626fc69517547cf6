//! What a key's options mean, in plain words (CTAP 2.3 section 6.4).

use crate::ctap::get_info::Options;

/// One option: its ID, its state and what that means.
#[derive(Debug)]
pub struct OptionRow<'a> {
    /// The specification's name of it.
    pub id: &'a str,
    /// `None` where the key does not list it.
    pub value: Option<bool>,
    /// What that means.
    pub meaning: &'static str,
}

impl OptionRow<'_> {
    /// The state in a table cell.
    pub fn state(&self) -> &'static str {
        match self.value {
            None => "absent",
            Some(false) => "no",
            Some(true) => "yes",
        }
    }
}

/// Every option that the specification defines, then what else the key lists.
pub fn rows(options: &Options) -> Vec<OptionRow<'_>> {
    let known = MEANINGS.iter().map(|(id, words)| {
        let value = options.get(id);
        OptionRow { id, value, meaning: meaning(words, value) }
    });
    let others =
        options.iter().filter(|(id, _)| !Options::KNOWN.contains(id)).map(|(id, value)| {
            OptionRow { id, value: Some(value), meaning: "not known to this version of fidokey" }
        });
    known.chain(others).collect()
}

/// What an option says where it is absent, false and true. Absent means not supported, unless the
/// specification gives a default.
type Meanings = (&'static str, [&'static str; 3]);

/// What stands for the same as the word before it.
const SAME: &str = "";

const MEANINGS: [Meanings; 21] = [
    ("plat", ["a key of its own, not built into a device", SAME, "built into a device"]),
    (
        "rk",
        [
            "cannot hold resident credentials (passkeys)",
            SAME,
            "can hold resident credentials (passkeys)",
        ],
    ),
    ("clientPin", ["cannot have a PIN", "can have a PIN, and none is set", "has a PIN"]),
    ("up", ["can ask for a touch", "cannot ask for a touch", "can ask for a touch"]),
    (
        "uv",
        [
            "cannot verify people by itself",
            "can verify people by itself, and that is not set up",
            "verifies people by itself, such as by fingerprint",
        ],
    ),
    (
        "uvToken",
        [
            "gives no token for its own verification, by the preview of FIDO 2.1",
            "can give a token for its own verification (preview of FIDO 2.1), not set up",
            "gives a token for its own verification (preview of FIDO 2.1)",
        ],
    ),
    (
        "pinUvAuthToken",
        [
            "proofs of the PIN are not limited to what they are for",
            SAME,
            "proofs of the PIN or fingerprint are limited to what they are for",
        ],
    ),
    (
        "noMcGaPermissionsWithClientPin",
        [
            "the PIN may verify people when credentials are made or used",
            SAME,
            "the PIN may not verify people when credentials are made or used",
        ],
    ),
    (
        "largeBlobs",
        ["cannot keep large blobs for services", SAME, "can keep large blobs for services"],
    ),
    (
        "ep",
        [
            "has no enterprise attestation",
            "has enterprise attestation, which is switched off",
            "has enterprise attestation, which is switched on",
        ],
    ),
    (
        "bioEnroll",
        [
            "cannot enrol fingerprints",
            "can enrol fingerprints, and none is enrolled",
            "has fingerprints enrolled",
        ],
    ),
    (
        "userVerificationMgmtPreview",
        [
            "cannot enrol fingerprints by the preview of FIDO 2.1",
            "can enrol fingerprints (preview of FIDO 2.1), and none is enrolled",
            "has fingerprints enrolled (preview of FIDO 2.1)",
        ],
    ),
    (
        "uvBioEnroll",
        [
            "a fingerprint does not permit managing fingerprints",
            SAME,
            "a fingerprint permits managing fingerprints",
        ],
    ),
    ("authnrCfg", ["cannot be configured", SAME, "can be configured"]),
    (
        "uvAcfg",
        [
            "a fingerprint does not permit configuring the key",
            SAME,
            "a fingerprint permits configuring the key",
        ],
    ),
    (
        "credMgmt",
        ["cannot list and delete its credentials", SAME, "can list and delete its credentials"],
    ),
    (
        "perCredMgmtRO",
        [
            "gives no lasting proof of the PIN for listing credentials",
            SAME,
            "gives a lasting proof of the PIN for listing credentials",
        ],
    ),
    (
        "credentialMgmtPreview",
        [
            "cannot list and delete its credentials by the preview of FIDO 2.1",
            SAME,
            "can list and delete its credentials (preview of FIDO 2.1)",
        ],
    ),
    (
        "setMinPINLength",
        ["cannot be told to want longer PINs", SAME, "can be told to want longer PINs"],
    ),
    (
        "makeCredUvNotRqd",
        [
            "wants people verified for every registration, once a PIN or fingerprint is set up",
            SAME,
            "registers without verifying people, unless the credential is resident",
        ],
    ),
    (
        "alwaysUv",
        [
            "cannot be told to verify people every time",
            "can be told to verify people every time, and was not",
            "verifies people every time",
        ],
    ),
];

fn meaning([absent, no, yes]: &[&'static str; 3], value: Option<bool>) -> &'static str {
    match value {
        Some(true) => yes,
        Some(false) if *no != SAME => no,
        Some(false) | None => absent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_of_the_specification_has_words_in_every_state() {
        for (id, (described, words)) in Options::KNOWN.iter().zip(&MEANINGS) {
            assert_eq!(id, described, "in the order of the specification");
            for value in [None, Some(false), Some(true)] {
                assert!(!meaning(words, value).is_empty(), "{id}");
            }
        }
        assert_eq!(Options::KNOWN.len(), MEANINGS.len());
    }

    #[test]
    fn absent_false_and_true_are_told_apart() {
        let (_, client_pin) = MEANINGS.iter().find(|(id, _)| *id == "clientPin").unwrap();
        let words = [None, Some(false), Some(true)].map(|value| meaning(client_pin, value));
        assert_eq!(words, ["cannot have a PIN", "can have a PIN, and none is set", "has a PIN"]);
        let options = Options::new([("x-own".to_owned(), true), ("rk".to_owned(), false)]);
        let rows = rows(&options);
        let own = rows.last().unwrap();
        assert_eq!((own.id, own.state()), ("x-own", "yes"));
        let states: Vec<_> = rows.iter().map(|row| (row.id, row.state())).collect();
        assert!(states.contains(&("rk", "no")) && states.contains(&("uv", "absent")));
    }
}
