//! Names in certificates, for people (RFC 4514).
//!
//! x509-cert could print them too, but with a table of every attribute type that it knows: a third of all
//! relocations of the program, which each start pays for.

use crate::wire::text::hex;
use der::asn1::ObjectIdentifier;
use der::{Any, Encode, Tag, Tagged};
use std::fmt::Write;
use x509_cert::name::Name;

/// Attribute types that have a short name: those of RFC 4514 section 3, and two that are often seen.
const SHORT_NAMES: [(ObjectIdentifier, &str); 11] = [
    (ObjectIdentifier::new_unwrap("2.5.4.3"), "CN"),
    (ObjectIdentifier::new_unwrap("2.5.4.5"), "SERIALNUMBER"),
    (ObjectIdentifier::new_unwrap("2.5.4.6"), "C"),
    (ObjectIdentifier::new_unwrap("2.5.4.7"), "L"),
    (ObjectIdentifier::new_unwrap("2.5.4.8"), "ST"),
    (ObjectIdentifier::new_unwrap("2.5.4.9"), "STREET"),
    (ObjectIdentifier::new_unwrap("2.5.4.10"), "O"),
    (ObjectIdentifier::new_unwrap("2.5.4.11"), "OU"),
    (ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.1"), "UID"),
    (ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.25"), "DC"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.1"), "EMAIL"),
];

/// Writes a name as RFC 4514 section 2 says, its last element first.
///
/// It may hold whatever who made the certificate put there: it is escaped before a person reads it.
pub(in crate::webauthn) fn distinguished_name(name: &Name) -> String {
    let mut elements: Vec<String> = name
        .iter_rdn()
        .map(|element| {
            let attributes = element.iter().map(|each| attribute(each.oid, &each.value));
            attributes.collect::<Vec<_>>().join("+")
        })
        .collect();
    elements.reverse();
    elements.join(",")
}

fn attribute(oid: ObjectIdentifier, value: &Any) -> String {
    let short_name = SHORT_NAMES.iter().find(|(known, _)| *known == oid).map(|(_, name)| *name);
    match (short_name, text(value)) {
        (Some(name), Some(text)) => format!("{name}={}", escaped(text)),
        // A type without a short name, or a value that is no text: in DER.
        _ => format!("{oid}=#{}", hex(&value.to_der().unwrap_or_default())),
    }
}

fn text(value: &Any) -> Option<&str> {
    match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::TeletexString => {
            std::str::from_utf8(value.value()).ok()
        }
        _ => None,
    }
}

/// RFC 4514 section 2.4.
fn escaped(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut characters = text.chars().enumerate().peekable();
    while let Some((position, character)) = characters.next() {
        let (first, last) = (position == 0, characters.peek().is_none());
        match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => written.extend(['\\', character]),
            '#' if first => written.push_str("\\#"),
            ' ' if first || last => written.push_str("\\ "),
            control if control.is_ascii_control() => {
                // Writing into a string cannot fail.
                let _ = write!(written, "\\{:02x}", u32::from(control));
            }
            other => written.push(other),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    #[test]
    fn a_name_is_written_as_the_library_writes_it() {
        for written in [
            "CN=Root",
            "CN=GlobalSign,O=GlobalSign,OU=GlobalSign Root CA - R3",
            "C=AA,OU=Authenticator Attestation,O=W3C,CN=WebAuthn test vectors",
            "CN=Key\\, with \\\"quotes\\\" \\+ \\<more\\>\\;\\\\,O=\\#1",
            "CN=\\ both ends\\ ",
            "CN=line\\0abreak",
            "CN=Zoë+OU=Zwei,DC=example,DC=com",
            "L=Leeds,ST=Yorkshire,STREET=1 High Street,UID=7",
            "SERIALNUMBER=00ff,EMAIL=a@example.com",
            "1.2.3.4=#0c0178",
        ] {
            let name = Name::from_str(written).expect(written);
            assert_eq!(distinguished_name(&name), name.to_string());
        }
        assert_eq!(distinguished_name(&Name::default()), "");
    }
}
