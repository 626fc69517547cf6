//! The `tpm` format (WebAuthn Level 3 section 8.3): the TPM certifies that the credential's key is one
//! that it holds, with an attestation key of its own.

mod structures;

use super::certificate::Leaf;
use super::rules::{
    KEY, NONCE, STATEMENT, aaguid_check, algorithm_check, certificate_check, no_certificate,
    signature_check,
};
use super::{
    AttestationKind, CertificateError, Examined, Subject, algorithm, bytes, certificates, signature,
};
use crate::webauthn::base64url;
use crate::webauthn::check::{Check, Rule};
use crate::wire::cbor::CborError;
use crate::wire::cose::{Algorithm, KeyMaterial};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};
use structures::{CertifyInfo, Parameters, PublicArea};

/// The version of TPMs that WebAuthn knows.
const VERSION: &str = "2.0";

const CERTIFY: Rule =
    Rule::new("tpm_certify_info", "certInfo is a TPM's certification of the key in pubArea", "7.1");

pub(super) fn examine(subject: &Subject<'_>) -> Result<Examined, CborError> {
    let statement = &subject.statement;
    let version = statement.get_text("ver").ok_or(CborError::Missing("ver"))?.text()?;
    let algorithm = algorithm(statement)?;
    let signature = signature(statement)?;
    let (cert_info, pub_area) = (bytes(statement, "certInfo")?, bytes(statement, "pubArea")?);
    let chain = certificates(statement)?.ok_or(CborError::Missing("x5c"))?;
    let leaf = chain.first().ok_or(CertificateError::Missing).and_then(|der| Leaf::parse(der));
    let leaf = match leaf {
        Ok(leaf) => leaf,
        Err(error) => return Ok(no_certificate(&error)),
    };
    let key = leaf.tpm_public_key(algorithm);
    let area = PublicArea::read(pub_area);
    let info = CertifyInfo::read(cert_info);
    let checks = vec![
        STATEMENT.judge(
            version == VERSION,
            || format!("ver {VERSION:?}"),
            || format!("ver {version:?}"),
        ),
        algorithm_check(key.as_ref(), algorithm),
        public_key(area.as_ref(), subject),
        certified(info.as_ref(), area.as_ref(), pub_area),
        nonce(info.as_ref(), algorithm, subject),
        signature_check(key.as_ref(), cert_info, signature),
        certificate_check(leaf.tpm_shortcoming()),
        aaguid_check(&leaf, subject),
    ];
    Ok((AttestationKind::Certificate(Box::new(leaf.facts(&chain))), checks))
}

/// Whether pubArea describes the credential's key.
fn public_key(area: Option<&PublicArea<'_>>, subject: &Subject<'_>) -> Check {
    let Some(area) = area else {
        return KEY.failed("a pubArea of an RSA or an elliptic-curve key", "another one");
    };
    // A TPM may leave leading zeros out, and COSE may have them.
    let same = |one: &[u8], other: &[u8]| trimmed(one) == trimmed(other);
    let holds = match (&area.parameters, &subject.credential.public_key.material) {
        (Parameters::Rsa { modulus, exponent }, KeyMaterial::Rsa { n, e }) => {
            same(modulus, n) && same(&exponent.to_be_bytes(), e)
        }
        (Parameters::Ecc { curve, x, y }, KeyMaterial::Ec2 { curve: cose_curve, x: cx, y: cy }) => {
            *curve == *cose_curve && same(x, cx) && same(y, cy)
        }
        _ => false,
    };
    KEY.judge(
        holds,
        || "the credential's public key in pubArea".into(),
        || if holds { "the credential's public key" } else { "another key in pubArea" }.into(),
    )
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// Whether certInfo is what a TPM says when it certifies a key, and names the one in pubArea.
fn certified(
    info: Option<&CertifyInfo<'_>>,
    area: Option<&PublicArea<'_>>,
    pub_area: &[u8],
) -> Check {
    let Some(info) = info else {
        return CERTIFY.failed("a TPMS_ATTEST", "something that cannot be read");
    };
    if info.magic != structures::GENERATED_VALUE {
        return CERTIFY.failed("the magic number of a TPM", format!("{:#010x}", info.magic));
    }
    let Some(name) = info.name else {
        return CERTIFY.failed("the type TPM_ST_ATTEST_CERTIFY", format!("{:#06x}", info.kind));
    };
    let Some(area) = area else {
        return CERTIFY.not_checked("pubArea cannot be read");
    };
    let digest = match area.name_algorithm {
        structures::SHA1 => Sha1::digest(pub_area).to_vec(),
        structures::SHA256 => Sha256::digest(pub_area).to_vec(),
        structures::SHA384 => Sha384::digest(pub_area).to_vec(),
        structures::SHA512 => Sha512::digest(pub_area).to_vec(),
        other => {
            return CERTIFY
                .not_checked(format!("this program does not know TPMs' hash {other:#06x}"));
        }
    };
    let expected = [&area.name_algorithm.to_be_bytes()[..], &digest].concat();
    CERTIFY.judge(
        name == expected,
        || format!("the name {}", base64url::encode(&expected)),
        || format!("the name {}", base64url::encode(name.get(..66).unwrap_or(name))),
    )
}

/// Whether extraData is the hash of this ceremony, by the statement's algorithm.
fn nonce(info: Option<&CertifyInfo<'_>>, algorithm: Algorithm, subject: &Subject<'_>) -> Check {
    let Some(info) = info else {
        return NONCE.not_checked("certInfo cannot be read");
    };
    let signed = &subject.ceremony.signed;
    let expected = match algorithm.0 {
        -65535 => Sha1::digest(signed).to_vec(),
        -7 | -9 | -37 | -47 | -257 => Sha256::digest(signed).to_vec(),
        -35 | -51 | -38 | -258 => Sha384::digest(signed).to_vec(),
        -36 | -52 | -39 | -259 => Sha512::digest(signed).to_vec(),
        _ => return NONCE.not_checked(format!("the hash of {algorithm} is not known")),
    };
    let shown = |bytes: &[u8]| base64url::encode(bytes.get(..64).unwrap_or(bytes));
    NONCE.judge(info.extra_data == expected, || shown(&expected), || shown(info.extra_data))
}
