use super::*;
use crate::webauthn::test_vectors::{all, hex, named};
use crate::wire::cose::KeyMaterial;
use base64::Engine;

fn pem(label: &str, der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn ec2(algorithm: i64, curve: i64, x: &[u8], y: &[u8]) -> CoseKey {
    let material = KeyMaterial::Ec2 { curve, x: x.to_vec(), y: y.to_vec() };
    CoseKey { algorithm: Algorithm(algorithm), material, raw: vec![] }
}

fn okp(curve: i64, x: &[u8]) -> CoseKey {
    let material = KeyMaterial::Okp { curve, x: x.to_vec() };
    CoseKey { algorithm: Algorithm::EDDSA, material, raw: vec![] }
}

fn rsa(n: &[u8], e: &[u8]) -> Result<PublicKey, PublicKeyError> {
    let material = KeyMaterial::Rsa { n: n.to_vec(), e: e.to_vec() };
    PublicKey::from_cose(&CoseKey { algorithm: Algorithm::RS256, material, raw: vec![] })
}

#[test]
fn keys_are_written_and_read_as_openssl_does() {
    for vector in all() {
        let cose = vector.credential().public_key;
        let spki = vector.get("public_key_spki");
        let key = PublicKey::from_cose(&cose).unwrap();
        assert_eq!(key.to_spki_der().as_deref(), Some(spki), "{}", vector.name);
        assert_eq!(key.algorithm(), cose.algorithm);
        // SubjectPublicKeyInfo says the type of a key and not its algorithm.
        let usual = match cose.algorithm {
            ESP384 => Algorithm::ES384,
            ESP512 => Algorithm::ES512,
            Algorithm::PS256 => Algorithm::RS256,
            algorithm => algorithm,
        };
        let of_type = PublicKey { algorithm: usual, ..key.clone() };
        let text = pem("PUBLIC KEY", spki);
        let windows = format!("\r\n{}", text.replace('\n', "\r\n"));
        for bytes in [spki, text.as_bytes(), windows.as_bytes()] {
            assert_eq!(PublicKey::from_file_bytes(bytes), Ok(of_type.clone()), "{}", vector.name);
        }
        assert_eq!(PublicKey::from_spki_der_for(spki, cose.algorithm), Ok(key.clone()));
        assert_eq!(PublicKey::from_file_bytes(&cose.raw), Ok(key), "{}", vector.name);
    }
}

#[test]
fn a_file_that_is_no_public_key_is_refused() {
    let refused = |bytes: &[u8]| PublicKey::from_file_bytes(bytes).unwrap_err();
    let spki = named("none.ES256").get("public_key_spki").to_vec();
    assert_eq!(refused(b""), PublicKeyError::Unrecognised);
    assert_eq!(refused(b"ssh-ed25519 AAAA"), PublicKeyError::Unrecognised);
    assert_eq!(refused(pem("PRIVATE KEY", &spki).as_bytes()), PublicKeyError::Pem);
    assert_eq!(refused(b"-----BEGIN PUBLIC KEY-----\n\xff"), PublicKeyError::Pem);
    assert_eq!(refused(&[&*spki, &[0]].concat()), PublicKeyError::Spki);
    assert!(matches!(refused(&[0xa0]), PublicKeyError::Cose(_)));
    for end in 0..spki.len() {
        assert!(PublicKey::from_file_bytes(&spki[..end]).is_err());
    }
    let cose = named("packed.RS256").credential().public_key.raw;
    for end in 0..cose.len() {
        assert!(PublicKey::from_cose_bytes(&cose[..end]).is_err());
    }
}

#[test]
fn algorithm_and_curve_must_fit() {
    let KeyMaterial::Ec2 { x, y, .. } = named("none.ES256").credential().public_key.material else {
        panic!("not an EC2 key");
    };
    let fits = |algorithm, curve| PublicKey::from_cose(&ec2(algorithm, curve, &x, &y));
    assert!(fits(-7, 1).is_ok());
    // ESP256, the fully specified form of ES256.
    assert!(fits(-9, 1).is_ok());
    for (algorithm, curve) in [
        (-7, 2),
        (-7, 8),
        (-35, 1),
        (-8, 1),
        (-257, 1),
        (-51, 1),
        (-36, 1),
        (-36, 3),
        (-37, 1),
        (-47, 1),
        (-48, 1),
        (-52, 1),
    ] {
        let error = fits(algorithm, curve).unwrap_err();
        let curve_alone = (algorithm, curve) == (-36, 3);
        let fits = matches!(error, PublicKeyError::DoesNotFit { .. });
        assert_eq!(fits, !curve_alone, "{algorithm} {curve}");
    }
    // RS1 is for certificates of TPMs alone.
    for algorithm in [-65535, -53, -25, 0, i64::MIN] {
        let error = PublicKeyError::Unsupported(Algorithm(algorithm));
        assert_eq!(fits(algorithm, 1), Err(error));
    }
}

#[test]
fn a_certificates_key_must_be_one_for_the_algorithm() {
    let read = |name: &str, algorithm: i64| {
        let vector = named(name);
        PublicKey::from_spki_der_for(vector.get("public_key_spki"), Algorithm(algorithm))
    };
    assert_eq!(read("none.ES256", -7).unwrap().algorithm(), Algorithm::ES256);
    assert_eq!(read("none.ES256", -9).unwrap().algorithm(), ESP256);
    // Certain to be wrong: the key is one for another algorithm.
    for (name, algorithm) in [
        ("none.ES256", -35),
        ("none.ES256", -37),
        ("none.ES256", 0),
        ("packed.EdDSA", -7),
        ("packed.RS256", -7),
        ("packed.ES512", -7),
    ] {
        let error = read(name, algorithm).unwrap_err();
        assert!(matches!(error, PublicKeyError::DoesNotFit { .. }), "{name} {algorithm}");
    }
    // Unknown: the key may be one for an algorithm that cannot be verified here.
    for (name, algorithm) in [("packed.RS256", -38), ("packed.RS256", -65535)] {
        assert!(read(name, algorithm).unwrap_err().is_unsupported(), "{name} {algorithm}");
    }
}

#[test]
fn points_must_be_on_their_curve() {
    let KeyMaterial::Ec2 { x, mut y, .. } = named("none.ES256").credential().public_key.material
    else {
        panic!("not an EC2 key");
    };
    let refused = Err(PublicKeyError::NotOnCurve { curve: "P-256" });
    // Lengths other than the field's are refused, even with zeros in front.
    let longer = [&[0], x.as_slice()].concat();
    assert_eq!(PublicKey::from_cose(&ec2(-7, 1, &longer, &y)), refused);
    assert_eq!(PublicKey::from_cose(&ec2(-7, 1, &x[1..], &y)), refused);
    assert_eq!(PublicKey::from_cose(&ec2(-7, 1, &[], &[])), refused);
    assert_eq!(PublicKey::from_cose(&ec2(-7, 1, &[0; 32], &[0; 32])), refused);
    assert_eq!(PublicKey::from_cose(&ec2(-7, 1, &[0xff; 32], &y)), refused);
    y[31] ^= 1;
    assert_eq!(PublicKey::from_cose(&ec2(-7, 1, &x, &y)), refused);
    let refused = Err(PublicKeyError::NotOnCurve { curve: "P-384" });
    assert_eq!(PublicKey::from_cose(&ec2(-35, 2, &x, &y)), refused);

    let refused = Err(PublicKeyError::NotOnCurve { curve: "Ed25519" });
    let mut identity = [0; 32];
    identity[0] = 1;
    // The identity, a point of order four, bytes that are no point, wrong lengths.
    for x in [&identity[..], &[0; 32], &[2; 32], &[], &[1; 31], &[1; 33]] {
        assert_eq!(PublicKey::from_cose(&okp(6, x)), refused, "{x:?}");
    }
    // X25519 and Ed448.
    for curve in [4, 7] {
        let error = PublicKey::from_cose(&okp(curve, &identity)).unwrap_err();
        assert!(matches!(error, PublicKeyError::DoesNotFit { .. }));
    }
}

#[test]
fn keys_of_ml_dsa_have_their_length() {
    for (name, algorithm) in [("44", -48), ("65", -49), ("87", -50)] {
        let key = named(&format!("none.ML-DSA-{name}")).credential().public_key;
        let KeyMaterial::Akp { public } = key.material else { panic!("not an AKP key") };
        let with = |algorithm: i64, public: &[u8]| {
            let material = KeyMaterial::Akp { public: public.to_vec() };
            let algorithm = Algorithm(algorithm);
            PublicKey::from_cose(&CoseKey { algorithm, material, raw: vec![] })
        };
        assert!(with(algorithm, &public).is_ok());
        for wrong in [&public[1..], &[&public[..], &[0]].concat(), &[]] {
            let error = with(algorithm, wrong).unwrap_err();
            assert!(matches!(error, PublicKeyError::Length { .. }), "{error}");
        }
        assert!(with(-7, &public).is_err());
    }
}

/// RS1 is verified for the certificate of a TPM alone.
#[test]
fn a_tpm_may_sign_with_sha_1() {
    let spki = named("packed.RS256").get("public_key_spki").to_vec();
    let key = PublicKey::from_tpm_spki_der(&spki, Algorithm::RS1).unwrap();
    assert_eq!(key.algorithm(), Algorithm::RS1);
    let spki = named("none.ES256").get("public_key_spki").to_vec();
    let error = PublicKey::from_tpm_spki_der(&spki, Algorithm::RS1).unwrap_err();
    assert_eq!(error.to_string(), "RS1 needs an RSA key");
    assert!(PublicKey::from_tpm_spki_der(&spki, Algorithm::ES256).is_ok());
}

#[test]
fn rsa_keys_have_limits() {
    let KeyMaterial::Rsa { n, e } = named("packed.RS256").credential().public_key.material else {
        panic!("not an RSA key");
    };
    assert!(rsa(&n, &e).is_ok());
    assert!(rsa(&[&[0], n.as_slice()].concat(), &[0, 1, 0, 1]).is_ok());
    assert!(rsa(&n, &[3]).is_ok());
    let mut even = n.clone();
    *even.last_mut().unwrap() &= 0xfe;
    let mut large = vec![0xff; 1024];
    assert!(rsa(&large, &e).is_ok());
    large.push(0xff);
    let short = [&[0x7f], vec![0xff; 255].as_slice()].concat();
    for (n, e) in [
        (&even[..], &e[..]),
        (&large, &e),
        (&short, &e),
        (&[], &e),
        (&n, &[]),
        (&n, &[0]),
        (&n, &[1]),
        (&n, &[0, 0, 1]),
        (&n, &[2]),
        (&n, &[1, 0, 0]),
        (&n, &[2, 0, 0, 0, 1]),
        (&n, &[1; 9]),
    ] {
        assert_eq!(rsa(n, e), Err(PublicKeyError::Rsa), "{} {e:?}", n.len());
    }
    assert!(rsa(&[vec![0xff; 255].as_slice(), &[0xff]].concat(), &e).is_ok());
}

#[test]
fn malformed_and_wrong_signatures_are_told_apart() {
    for vector in all() {
        let key = PublicKey::from_cose(&vector.credential().public_key).unwrap();
        let hash = crate::webauthn::client_data::hash(vector.get("get_client_data"));
        let signed = [vector.get("authenticator_data"), &hash].concat();
        let signature = vector.get("signature");
        assert_eq!(key.verify(&signed, signature), Ok(()));
        assert_eq!(key.verify(&hash, signature), Err(SignatureError::Wrong));
        assert!(key.verify(&signed, &[signature, &[0]].concat()).is_err());
        assert!(key.verify(&signed, &[]).is_err());
    }
    let key = named("none.ES256").credential().public_key;
    let key = PublicKey::from_cose(&key).unwrap();
    // Zeros as r and s; BER instead of DER; the form of IEEE P1363.
    for signature in ["3006020100020100", "308006020101020101", &"11".repeat(64)] {
        assert_eq!(key.verify(b"", &hex(signature)), Err(SignatureError::Malformed));
    }
}

/// The second form of an Ed25519 signature, with the group's order added to s (RFC 8032 section
/// 5.1.7 forbids it).
#[test]
fn an_ed25519_signature_has_one_form() {
    let vector = named("packed.EdDSA");
    let key = PublicKey::from_cose(&vector.credential().public_key).unwrap();
    let hash = crate::webauthn::client_data::hash(vector.get("get_client_data"));
    let signed = [vector.get("authenticator_data"), &hash].concat();
    let mut signature = vector.get("signature").to_vec();
    let order = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut carry = 0;
    for (byte, add) in signature[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = u8::try_from(sum & 0xff).unwrap();
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    assert!(key.verify(&signed, &signature).is_err());
}
