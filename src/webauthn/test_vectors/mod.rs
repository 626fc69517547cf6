//! The test vectors of WebAuthn Level 3 section 16, read from `level-3.txt`, and those of algorithms
//! that it has none for, made by OpenSSL, read from `made.txt`.

use crate::wire::attestation_object::AttestationObject;
use crate::wire::authenticator_data::{AttestedCredentialData, AuthenticatorData};
use std::collections::HashMap;

const LEVEL_3: &str = include_str!("level-3.txt");
const MADE: &str = include_str!("made.txt");

/// One credential of section 16: its registration and one assertion.
pub(super) struct Vector {
    pub(super) name: String,
    members: HashMap<String, Vec<u8>>,
}

impl Vector {
    pub(super) fn get(&self, member: &str) -> &[u8] {
        &self.members[member]
    }

    /// The attestation object, read.
    pub(super) fn object(&self) -> AttestationObject {
        AttestationObject::parse(self.get("attestation_object")).unwrap()
    }

    /// The credential that the registration made.
    pub(super) fn credential(&self) -> AttestedCredentialData {
        let data = self.object().authenticator_data;
        AuthenticatorData::parse(&data).unwrap().attested_credential.unwrap()
    }
}

/// Every vector.
pub(super) fn all() -> Vec<Vector> {
    [LEVEL_3, MADE].into_iter().flat_map(read).collect()
}

/// Every vector in a file.
fn read(file: &str) -> Vec<Vector> {
    let text: String =
        file.lines().filter(|line| !line.starts_with('#')).fold(String::new(), |text, line| {
            match line.strip_prefix(' ') {
                Some(digits) => text + digits,
                None => text + "\n" + line + " ",
            }
        });
    text.split("\n[")
        .skip(1)
        .map(|section| {
            let mut lines = section.lines();
            let name = lines.next().unwrap().trim_end().trim_end_matches(']').to_owned();
            let members = lines
                .filter_map(|line| line.split_once(' '))
                .filter(|(member, _)| !member.is_empty())
                .map(|(member, digits)| (member.to_owned(), hex(digits)))
                .collect();
            Vector { name, members }
        })
        .collect()
}

/// The vector of this name.
pub(super) fn named(name: &str) -> Vector {
    all().into_iter().find(|vector| vector.name == name).unwrap()
}

/// Decodes hexadecimal; `~` stands for the member `extraData` up to its random end.
pub(super) fn hex(text: &str) -> Vec<u8> {
    const EXTRA: &[u8] = b",\"extraData\":\"clientDataJSON may be extended with additional fields \
        in the future, such as this: ";
    let digits = |part: &str| -> Vec<u8> {
        assert_eq!(part.len() % 2, 0, "an odd number of digits");
        part.as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    };
    text.split('~').map(digits).collect::<Vec<_>>().join(EXTRA)
}
