//! The `android-key` format (WebAuthn Level 3 section 8.4): Android's keystore certifies the
//! credential's own key and describes it in an extension.

use super::certificate::Leaf;
use super::rules::{
    NONCE, STATEMENT, algorithm_check, certified_key_check, no_certificate, signature_check,
};
use super::{
    AttestationKind, CertificateError, Examined, Subject, algorithm, certificates, signature,
};
use crate::webauthn::check::{Check, Rule};
use crate::wire::cbor::CborError;
use der::asn1::{ObjectIdentifier, SetOfVec};
use der::{Any, Decode, Encode, Tag, TagNumber, Tagged};

/// Android's key description.
const KEY_DESCRIPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.1.17");

const ALL_APPLICATIONS: Rule = Rule::new(
    "android_all_applications",
    "the key is not one that every program on the phone may use",
    "7.1",
);
const ORIGIN: Rule =
    Rule::new("android_key_origin", "the key was made in the keystore, for signing", "7.1");

/// Members of an authorization list, by their tags.
const PURPOSE: u32 = 1;
const ALL: u32 = 600;
const KEY_ORIGIN: u32 = 702;
/// KM_PURPOSE_SIGN.
const SIGN: i64 = 2;
/// KM_ORIGIN_GENERATED.
const GENERATED: i64 = 0;

pub(super) fn examine(subject: &Subject<'_>) -> Result<Examined, CborError> {
    let algorithm = algorithm(&subject.statement)?;
    let signature = signature(&subject.statement)?;
    let chain = certificates(&subject.statement)?.ok_or(CborError::Missing("x5c"))?;
    let leaf = chain.first().ok_or(CertificateError::Missing).and_then(|der| Leaf::parse(der));
    let leaf = match leaf {
        Ok(leaf) => leaf,
        Err(error) => return Ok(no_certificate(&error)),
    };
    let key = leaf.public_key(algorithm);
    let mut checks = vec![
        STATEMENT.passed(),
        algorithm_check(key.as_ref(), algorithm),
        signature_check(key.as_ref(), &subject.ceremony.signed, signature),
        certified_key_check(&leaf, subject),
    ];
    checks.extend(description_checks(&leaf, subject));
    Ok((AttestationKind::Certificate(Box::new(leaf.facts(&chain))), checks))
}

/// What a key description says, as far as it is needed.
struct Description {
    challenge: Vec<u8>,
    /// What the software and what the trusted environment vouches for.
    lists: [Vec<Any>; 2],
}

impl Description {
    /// Reads the extension: a SEQUENCE whose fifth member is the challenge, and whose seventh and
    /// eighth are the two authorization lists.
    fn read(value: &[u8]) -> Option<Self> {
        let members = Vec::<Any>::from_der(value).ok()?;
        let challenge = members.get(4).filter(|member| member.tag() == Tag::OctetString)?;
        let list = |at: usize| Vec::<Any>::from_der(&members.get(at)?.to_der().ok()?).ok();
        Some(Self { challenge: challenge.value().to_vec(), lists: [list(6)?, list(7)?] })
    }

    /// The members of this tag in both lists, without their tags.
    fn members(&self, number: u32) -> impl Iterator<Item = &[u8]> {
        let tag = Tag::ContextSpecific { constructed: true, number: TagNumber(number) };
        let members = self.lists.iter().flatten();
        members.filter(move |member| member.tag() == tag).map(Any::value)
    }
}

fn description_checks(leaf: &Leaf, subject: &Subject<'_>) -> Vec<Check> {
    let found = match leaf.extension(KEY_DESCRIPTION) {
        None => return vec![NONCE.failed("a certificate with Android's key description", "none")],
        Some(Err(())) => return vec![NONCE.failed("Android's key description once", "twice")],
        Some(Ok(found)) => found,
    };
    let Some(description) = Description::read(found.value) else {
        return vec![NONCE.failed("Android's key description", "one that cannot be read")];
    };
    let shown = |bytes: &[u8]| match bytes.len() {
        0 => "nothing".to_owned(),
        1..=64 => crate::webauthn::base64url::encode(bytes),
        length => format!("{length} bytes"),
    };
    let hash = subject.ceremony.client_data_hash;
    let all = description.members(ALL).next().is_some();
    vec![
        NONCE.judge(
            description.challenge == hash,
            || shown(hash),
            || shown(&description.challenge),
        ),
        ALL_APPLICATIONS.judge(
            !all,
            || "allApplications absent".into(),
            || if all { "allApplications present" } else { "allApplications absent" }.into(),
        ),
        origin(&description),
    ]
}

/// The union of both lists is looked at, as a relying party does that does not insist on a trusted
/// environment.
fn origin(description: &Description) -> Check {
    let origins: Vec<Option<i64>> =
        description.members(KEY_ORIGIN).map(|value| i64::from_der(value).ok()).collect();
    let purposes: Vec<Option<Vec<i64>>> = description
        .members(PURPOSE)
        .map(|value| SetOfVec::<i64>::from_der(value).ok().map(SetOfVec::into_vec))
        .collect();
    if origins.is_empty() || purposes.is_empty() {
        return ORIGIN.not_checked("the key description does not say where the key came from");
    }
    let generated = origins.iter().all(|origin| *origin == Some(GENERATED));
    let signs = purposes
        .iter()
        .all(|purposes| purposes.as_deref().is_some_and(|purposes| purposes.contains(&SIGN)));
    ORIGIN.judge(
        generated && signs,
        || "origin GENERATED, purpose SIGN".into(),
        || match (generated, signs) {
            (false, _) => "another origin".into(),
            (_, false) => "another purpose".into(),
            _ => "origin GENERATED, purpose SIGN".into(),
        },
    )
}
