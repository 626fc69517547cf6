//! Attestation statements and objects (WebAuthn Level 3 sections 6.5 and 8), right or wrong.

use super::ForgeError;
use super::certificate::{CertificatePlan, Maker};
use super::client_data::signed;
use super::key::{ForgedKey, sign_p256};
use crate::ctap::Random;
use crate::webauthn::client_data::hash;
use crate::wire::cbor::{Encoded, MapBuilder};
use crate::wire::cose::Algorithm;

/// Who made a signature, over what, and what became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignatureFault {
    /// The right key, over the right bytes.
    #[default]
    None,
    /// One bit of the last byte is the other one.
    BitChanged,
    /// Made over other client data.
    OtherBytes,
    /// Made with another key.
    OtherKey,
    /// No bytes at all.
    Empty,
}

impl SignatureFault {
    /// Signs with what `sign` does for the right key and `other` for another one.
    pub fn apply(
        self,
        message: &[u8],
        sign: impl FnOnce(&[u8]) -> Vec<u8>,
        other: impl FnOnce(&[u8]) -> Vec<u8>,
    ) -> Vec<u8> {
        match self {
            Self::None => sign(message),
            Self::BitChanged => {
                let mut signature = sign(message);
                if let Some(last) = signature.last_mut() {
                    *last ^= 1;
                }
                signature
            }
            Self::OtherBytes => {
                let mut message = message.to_vec();
                if let Some(last) = message.last_mut() {
                    *last ^= 1;
                }
                sign(&message)
            }
            Self::OtherKey => other(message),
            Self::Empty => Vec::new(),
        }
    }
}

/// What attests the credential.
#[derive(Clone, Debug)]
pub enum Statement {
    /// Nothing (section 8.7).
    None,
    /// Nothing, but a statement that is not empty.
    NoneWithMembers,
    /// Nothing, under the name of a format that does not exist.
    UnknownFormat,
    /// The credential's own key (section 8.2, self attestation), said to be of this algorithm.
    PackedSelf(Algorithm),
    /// A certificate (section 8.2).
    PackedCertificate(CertificatePlan),
    /// A certificate, as U2F keys do it (section 8.6), so many times.
    FidoU2f(CertificatePlan, usize),
}

/// What becomes of the bytes of an attestation object after it was encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ObjectFault {
    /// Nothing.
    #[default]
    None,
    /// The member `fmt` is there twice.
    DuplicateKey,
    /// The map has no length of its own.
    IndefiniteLength,
    /// A byte follows.
    Trailing,
    /// The last byte is missing.
    Truncated,
}

/// An attestation object to be written.
#[derive(Clone, Debug)]
pub struct AttestationPlan {
    /// What attests the credential.
    pub statement: Statement,
    /// What is wrong with the statement's signature.
    pub signature: SignatureFault,
    /// What is wrong with the object's encoding.
    pub fault: ObjectFault,
}

impl AttestationPlan {
    /// An honest object with this statement.
    pub fn honest(statement: Statement) -> Self {
        Self { statement, signature: SignatureFault::None, fault: ObjectFault::None }
    }
}

/// What an attestation object is about.
pub(super) struct Subject<'a> {
    pub(super) key: &'a ForgedKey,
    pub(super) rp_id_hash: [u8; 32],
    pub(super) credential_id: &'a [u8],
    pub(super) authenticator_data: &'a [u8],
    pub(super) client_data: &'a [u8],
}

impl AttestationPlan {
    /// The bytes.
    pub(super) fn bytes(
        &self,
        subject: &Subject<'_>,
        maker: &Maker,
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, ForgeError> {
        let (format, statement) = self.statement(subject, maker, random)?;
        Ok(encode(self.fault, format, &statement, subject.authenticator_data))
    }

    fn statement(
        &self,
        subject: &Subject<'_>,
        maker: &Maker,
        random: &mut dyn Random,
    ) -> Result<(&'static str, Encoded), ForgeError> {
        let message = signed(subject.authenticator_data, subject.client_data);
        let empty = MapBuilder::new().build();
        Ok(match &self.statement {
            Statement::None => ("none", empty),
            Statement::NoneWithMembers => {
                ("none", MapBuilder::new().text_member("alg", Encoded::integer(-7)).build())
            }
            Statement::UnknownFormat => ("fidokey-audit", empty),
            Statement::PackedSelf(algorithm) => {
                let other = ForgedKey::p256(random)?;
                let sign = |message: &[u8]| subject.key.sign(message);
                let other = |message: &[u8]| sign_p256(&other, message);
                let signature = self.signature.apply(&message, sign, other);
                let statement = MapBuilder::new()
                    .text_member("alg", Encoded::integer(algorithm.0))
                    .text_member("sig", Encoded::bytes(&signature));
                ("packed", statement.build())
            }
            Statement::PackedCertificate(plan) => {
                let (certificate, signature) = self.certified(plan, maker, &message, random)?;
                let statement = MapBuilder::new()
                    .text_member("alg", Encoded::integer(Algorithm::ES256.0))
                    .text_member("sig", Encoded::bytes(&signature))
                    .text_member("x5c", Encoded::array([Encoded::bytes(&certificate)]));
                ("packed", statement.build())
            }
            Statement::FidoU2f(plan, count) => {
                let message = u2f_message(subject);
                let (certificate, signature) = self.certified(plan, maker, &message, random)?;
                let certificates = vec![Encoded::bytes(&certificate); *count];
                let statement = MapBuilder::new()
                    .text_member("sig", Encoded::bytes(&signature))
                    .text_member("x5c", Encoded::array(certificates));
                ("fido-u2f", statement.build())
            }
        })
    }

    /// An attestation certificate, and the signature that its key makes.
    fn certified(
        &self,
        plan: &CertificatePlan,
        maker: &Maker,
        message: &[u8],
        random: &mut dyn Random,
    ) -> Result<(Vec<u8>, Vec<u8>), ForgeError> {
        let (key, other) = (ForgedKey::p256(random)?, ForgedKey::p256(random)?);
        let certificate = maker.issue(plan, key.verifying_key(), random)?;
        let sign = |message: &[u8]| sign_p256(&key, message);
        let other = |message: &[u8]| sign_p256(&other, message);
        Ok((certificate, self.signature.apply(message, sign, other)))
    }
}

/// What a U2F key signs (section 8.6).
fn u2f_message(subject: &Subject<'_>) -> Vec<u8> {
    let (y, x, _) = subject.key.point();
    let hash = hash(subject.client_data);
    let y = y.unwrap_or_default();
    [&[0], &subject.rp_id_hash[..], &hash, subject.credential_id, &[4], &x, &y].concat()
}

/// Encodes the map in the order that WebAuthn prescribes, and does to it what is asked for.
fn encode(fault: ObjectFault, format: &str, statement: &Encoded, data: &[u8]) -> Vec<u8> {
    const MAP: u8 = 0xa0;
    const INDEFINITE_MAP: u8 = 0xbf;
    const BREAK: u8 = 0xff;
    let name = |name: &str| Encoded::text(name).into_bytes();
    let format = [name("fmt"), name(format)].concat();
    let members = [
        format.clone(),
        name("attStmt"),
        statement.as_bytes().to_vec(),
        name("authData"),
        Encoded::bytes(data).into_bytes(),
    ]
    .concat();
    match fault {
        ObjectFault::None => [vec![MAP | 3], members].concat(),
        ObjectFault::DuplicateKey => [vec![MAP | 4], format, members].concat(),
        ObjectFault::IndefiniteLength => [vec![INDEFINITE_MAP], members, vec![BREAK]].concat(),
        ObjectFault::Trailing => [vec![MAP | 3], members, vec![0]].concat(),
        ObjectFault::Truncated => {
            let mut bytes = [vec![MAP | 3], members].concat();
            bytes.pop();
            bytes
        }
    }
}
