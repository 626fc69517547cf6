//! Public keys as OpenSSH writes them (OpenSSH's PROTOCOL.u2f): what it calls security keys are
//! credentials whose RP ID is the "application", `ssh:` unless the person chose another one.

use super::{Key, PublicKey};
use crate::webauthn::base64url::encode_standard;

impl PublicKey {
    /// Writes the key as one line for `authorized_keys`, without a comment.
    ///
    /// `None` for keys that OpenSSH has no form for: all but ES256 and EdDSA.
    pub fn to_openssh(&self, application: &str) -> Option<String> {
        let (kind, fields) = match &self.key {
            Key::P256(key) => {
                let point = key.to_sec1_point(false);
                let fields = [string(b"nistp256")?, string(point.as_bytes())?];
                ("sk-ecdsa-sha2-nistp256@openssh.com", fields.concat())
            }
            Key::Ed25519(key) => ("sk-ssh-ed25519@openssh.com", string(key.as_bytes())?),
            _ => return None,
        };
        let blob = [string(kind.as_bytes())?, fields, string(application.as_bytes())?].concat();
        Some(format!("{kind} {}", encode_standard(&blob)))
    }
}

/// A `string` of RFC 4251 section 5: its length in four bytes, and itself.
fn string(bytes: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(bytes.len()).ok()?;
    Some([&length.to_be_bytes(), bytes].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checked with `ssh-keygen -l -f` of OpenSSH 9: "ECDSA-SK" and "ED25519-SK".
    #[test]
    fn lines_are_as_openssh_writes_them() {
        // The generators of the two groups are points like any other.
        let p256 = "04 6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296
            4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
        let digits: Vec<u8> = p256
            .chars()
            .filter(|c| !c.is_whitespace())
            .map(|c| u8::try_from(c.to_digit(16).unwrap()).unwrap())
            .collect();
        let point: Vec<u8> = digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
        let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).unwrap();
        let key = PublicKey { algorithm: crate::wire::cose::Algorithm::ES256, key: Key::P256(key) };
        assert_eq!(
            key.to_openssh("ssh:").unwrap(),
            "sk-ecdsa-sha2-nistp256@openssh.com AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb20\
             AAAAIbmlzdHAyNTYAAABBBGsX0fLhLEJH+Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT+NC4v4af5uO5+tKfA+eFi\
             vOM1drMV7Oy7ZAaDe/UfUAAAAEc3NoOg=="
        );
        let mut base = [0x66; 32];
        base[0] = 0x58;
        let key = ed25519_dalek::VerifyingKey::from_bytes(&base).unwrap();
        let key =
            PublicKey { algorithm: crate::wire::cose::Algorithm::EDDSA, key: Key::Ed25519(key) };
        assert_eq!(
            key.to_openssh("ssh:work").unwrap(),
            "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIFhmZmZmZmZmZm\
             ZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmAAAACHNzaDp3b3Jr"
        );
    }
}
