//! Plays honest ceremonies before a relying party, and hands dishonest ones over to it.

use super::Audit;
use super::case::Attested;
use super::report::Answer;
use crate::ctap::Random;
use crate::relying_party::forge::ForgeError;
use crate::relying_party::forge::assertion::AssertionPlan;
use crate::relying_party::forge::attestation::Statement;
use crate::relying_party::forge::certificate::{CertificatePlan, Maker};
use crate::relying_party::forge::key::{ALGORITHMS, ForgedKey};
use crate::relying_party::forge::registration::{AAGUID, RegistrationPlan};
use crate::relying_party::remote::ceremony::{AssertionWish, RegistrationWish};
use crate::relying_party::remote::{RemoteError, Session};
use crate::webauthn::json::options::{
    AttestationConveyance, CreationOptionsJson, RequestOptionsJson, UserVerificationRequirement,
};
use crate::webauthn::origin::Origin;
use crate::wire::cose::Algorithm;
use serde_json::{Value, json};
use std::time::SystemTime;

/// The counter of the first honest assertion of a credential.
pub(super) const FIRST_COUNT: u32 = 10;
/// The counter of an assertion in which something is a lie.
pub(super) const NEXT_COUNT: u32 = 20;
/// The counter of the honest assertion after it.
const LAST_COUNT: u32 = 30;

/// Why an honest ceremony was not accepted.
pub(super) enum Failure {
    /// The relying party said no.
    Refused(Answer),
    /// It said nothing.
    NoAnswer(RemoteError),
    /// It could not be tried.
    Forge(ForgeError),
}

impl From<RemoteError> for Failure {
    fn from(error: RemoteError) -> Self {
        Answer::of(&error).map_or(Self::NoAnswer(error), Self::Refused)
    }
}

impl From<ForgeError> for Failure {
    fn from(error: ForgeError) -> Self {
        Self::Forge(error)
    }
}

/// What a lie may need to know, and make use of.
pub(super) struct Scene<'a> {
    pub(super) origin: &'a Origin,
    pub(super) algorithms: &'a [Algorithm],
    pub(super) random: &'a mut dyn Random,
    pub(super) now: SystemTime,
}

/// Somebody with a browser of their own, and an account.
pub(super) struct Visitor {
    pub(super) session: Session,
    pub(super) username: String,
}

/// A credential that a relying party has accepted.
pub(super) struct Held {
    pub(super) key: ForgedKey,
    pub(super) id: Vec<u8>,
    pub(super) user_handle: Vec<u8>,
}

/// A visitor whose credential was accepted.
pub(super) struct Member {
    pub(super) visitor: Visitor,
    pub(super) held: Held,
}

/// Where ceremonies are played.
pub(super) struct Stage<'a> {
    pub(super) audit: &'a Audit<'a>,
    pub(super) maker: &'a Maker,
    pub(super) random: &'a mut dyn Random,
    /// How many honest registrations and assertions were accepted.
    pub(super) honest: usize,
    mark: u32,
    visitors: u32,
}

impl<'a> Stage<'a> {
    pub(super) fn new(
        audit: &'a Audit<'a>,
        maker: &'a Maker,
        random: &'a mut dyn Random,
        mark: u32,
    ) -> Self {
        Self { audit, maker, random, honest: 0, mark, visitors: 0 }
    }

    /// Somebody new.
    pub(super) fn visitor(&mut self) -> Visitor {
        self.visitors = self.visitors.saturating_add(1);
        let username = format!("fidokey-audit-{:08x}-{}", self.mark, self.visitors);
        Visitor { session: Session::new(self.audit.url, self.audit.session), username }
    }

    /// Which attestation it is here.
    fn attested(&self, attested: Attested) -> Attested {
        match attested {
            Attested::None if self.audit.attestation_enforced => Attested::Certificate,
            other => other,
        }
    }

    /// Asks for the options of a registration.
    pub(super) fn creation_options(
        &self,
        visitor: &mut Visitor,
        attested: Attested,
        verified: bool,
    ) -> Result<CreationOptionsJson, RemoteError> {
        let verification = if verified { "required" } else { "preferred" };
        let selection = json!({
            "residentKey": "discouraged",
            "requireResidentKey": false,
            "userVerification": verification,
        });
        visitor.session.creation_options(&RegistrationWish {
            username: &visitor.username,
            display_name: &visitor.username,
            authenticator_selection: Some(selection),
            attestation: Some(match self.attested(attested) {
                Attested::None => "none",
                _ => "direct",
            }),
        })
    }

    /// Asks for the options of an assertion.
    pub(super) fn request_options(
        visitor: &mut Visitor,
        verified: bool,
    ) -> Result<RequestOptionsJson, RemoteError> {
        let required = verified.then_some(UserVerificationRequirement::Required);
        let user_verification = required.or(Some(UserVerificationRequirement::Preferred));
        visitor
            .session
            .request_options(&AssertionWish { username: &visitor.username, user_verification })
    }

    /// What an honest client and key answer to these options.
    pub(super) fn registration(
        &mut self,
        options: &CreationOptionsJson,
        attested: Attested,
    ) -> Result<RegistrationPlan, ForgeError> {
        let attested = self.attested(attested);
        let offered = offered(options);
        // U2F keys have no other algorithm (section 8.6).
        let usual = ALGORITHMS.iter().copied().find(|one| offered.contains(one));
        let algorithm = match attested {
            Attested::U2f => Algorithm::ES256,
            _ => usual.unwrap_or(Algorithm::ES256),
        };
        let key = self.key(algorithm)?;
        let certificate = |aaguid| CertificatePlan::honest(aaguid, self.audit.now);
        let statement = match attested {
            Attested::None => Statement::None,
            Attested::Itself => Statement::PackedSelf(algorithm),
            Attested::Certificate => Statement::PackedCertificate(certificate(Some(AAGUID))),
            Attested::U2f => Statement::FidoU2f(certificate(None), 1),
        };
        let origin = self.audit.origin.to_string();
        let rp_id = self.rp_id(options.rp.id.as_deref());
        let party = (options.challenge.as_bytes(), origin.as_str(), rp_id.as_str());
        RegistrationPlan::honest(key, party, statement, self.random)
    }

    /// Sends a registration of a key by the maker who is known here.
    pub(super) fn send_registration(
        &mut self,
        visitor: &mut Visitor,
        plan: &RegistrationPlan,
    ) -> Result<(), Failure> {
        self.send_registration_by(self.maker, visitor, plan)
    }

    /// Sends a registration of a key by this maker.
    pub(super) fn send_registration_by(
        &mut self,
        maker: &Maker,
        visitor: &mut Visitor,
        plan: &RegistrationPlan,
    ) -> Result<(), Failure> {
        let response = plan.forge(maker, self.random)?;
        visitor.session.register(&response)?;
        Ok(())
    }

    /// Registers honestly.
    pub(super) fn member(&mut self, attested: Attested, verified: bool) -> Result<Member, Failure> {
        let mut visitor = self.visitor();
        let options = self.creation_options(&mut visitor, attested, verified)?;
        let plan = self.registration(&options, attested)?;
        self.send_registration(&mut visitor, &plan)?;
        self.honest = self.honest.saturating_add(1);
        let id = plan.credential_id().to_vec();
        let user_handle = options.user.id.as_bytes().to_vec();
        Ok(Member { visitor, held: Held { key: plan.key, id, user_handle } })
    }

    /// What an honest client and key answer to these options.
    pub(super) fn assertion<'k>(
        &self,
        options: &RequestOptionsJson,
        held: &'k Held,
        count: u32,
    ) -> AssertionPlan<'k> {
        let origin = self.audit.origin.to_string();
        let rp_id = self.rp_id(options.rp_id.as_deref());
        let party = (options.challenge.as_bytes(), origin.as_str(), rp_id.as_str());
        let mut plan = AssertionPlan::honest(&held.key, &held.id, party, count);
        plan.user_handle = Some(held.user_handle.clone());
        plan
    }

    /// Sends an assertion, and gives what was sent.
    pub(super) fn send_assertion(
        &mut self,
        visitor: &mut Visitor,
        plan: &AssertionPlan<'_>,
    ) -> Result<Value, Failure> {
        let response = plan.forge(self.random)?;
        visitor.session.assert(&response)?;
        Ok(response)
    }

    /// Asserts honestly, with this counter.
    pub(super) fn assert(
        &mut self,
        member: &mut Member,
        verified: bool,
        count: u32,
    ) -> Result<Value, Failure> {
        let options = Self::request_options(&mut member.visitor, verified)?;
        let plan = self.assertion(&options, &member.held, count);
        let sent = self.send_assertion(&mut member.visitor, &plan)?;
        self.honest = self.honest.saturating_add(1);
        Ok(sent)
    }

    /// Asserts honestly after a lie.
    pub(super) fn assert_at_last(
        &mut self,
        member: &mut Member,
        verified: bool,
    ) -> Result<Value, Failure> {
        self.assert(member, verified, LAST_COUNT)
    }

    /// Registers and asserts honestly.
    pub(super) fn whole_ceremony(&mut self) -> Result<Member, Failure> {
        let mut member = self.member(Attested::None, false)?;
        self.assert(&mut member, false, FIRST_COUNT)?;
        Ok(member)
    }

    /// A key for an algorithm that keys can be made for.
    pub(super) fn key(&mut self, algorithm: Algorithm) -> Result<ForgedKey, ForgeError> {
        match ForgedKey::generate(algorithm, self.random)? {
            Some(key) => Ok(key),
            None => Err(ForgeError::Algorithm(algorithm)),
        }
    }

    /// The RP ID: as the options say, or else the origin's host.
    fn rp_id(&self, stated: Option<&str>) -> String {
        stated.map_or_else(|| self.audit.origin.host().to_owned(), str::to_owned)
    }
}

/// The algorithms that options offer.
pub(super) fn offered(options: &CreationOptionsJson) -> Vec<Algorithm> {
    options.pub_key_cred_params.iter().map(|one| Algorithm(one.alg)).collect()
}

/// Whether the relying party wants to know what key it is.
pub(super) fn asks_for_attestation(options: &CreationOptionsJson) -> bool {
    options.attestation() != AttestationConveyance::None
}
