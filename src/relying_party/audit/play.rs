//! How each kind of lie is told, between two honest ceremonies.

use super::AuditError;
use super::case::{Attested, Case, Lie, Told};
use super::report::{Answer, Verdict};
use super::stage::{
    FIRST_COUNT, Failure, Held, Member, NEXT_COUNT, Scene, Stage, Visitor, asks_for_attestation,
    offered,
};
use crate::relying_party::forge::ForgeError;
use crate::relying_party::forge::assertion::AssertionPlan;
use crate::relying_party::forge::certificate::Maker;
use crate::relying_party::forge::registration::RegistrationPlan;
use crate::relying_party::remote::RemoteError;
use crate::webauthn::json::options::UserVerificationRequirement;

/// How a case ends before its lie was told.
enum End {
    /// With this verdict.
    Verdict(Verdict),
    /// The whole audit ends.
    Error(AuditError),
}

impl From<ForgeError> for End {
    fn from(error: ForgeError) -> Self {
        Self::Error(error.into())
    }
}

impl From<RemoteError> for End {
    /// Options that are not given are no answer to a lie.
    fn from(error: RemoteError) -> Self {
        match Answer::of(&error) {
            Some(answer) => refused("options were refused", &answer),
            None => no_answer(error),
        }
    }
}

/// What became of a lie.
type Outcome = Result<Verdict, End>;

/// The user verification that a case needs the relying party to require.
const UNVERIFIED: &str = "the server does not require user verification, even when asked to";

fn no_answer(error: RemoteError) -> End {
    match error {
        RemoteError::Interrupted => End::Error(error.into()),
        error => End::Verdict(Verdict::Inconclusive { reason: Answer::missing(&error) }),
    }
}

fn refused(what: &str, answer: &Answer) -> End {
    let reason = match &answer.message {
        Some(message) => format!("{what}: {message}"),
        None => format!("{what}: HTTP {}", answer.http_status),
    };
    End::Verdict(Verdict::Inconclusive { reason })
}

fn not_applicable(reason: &str) -> End {
    End::Verdict(Verdict::NotApplicable { reason: reason.to_owned() })
}

/// An honest ceremony that had to be accepted.
fn control<T>(result: Result<T, Failure>, which: &str) -> Result<T, End> {
    result.map_err(|failure| match failure {
        Failure::Refused(answer) => refused(which, &answer),
        Failure::NoAnswer(error) => no_answer(error),
        Failure::Forge(error) => error.into(),
    })
}

/// What was said to a lie.
fn judged<T>(result: Result<T, Failure>) -> Outcome {
    match result {
        Ok(_) => Ok(Verdict::Accepted { answer: None }),
        Err(Failure::Refused(answer)) => Ok(Verdict::Rejected { answer }),
        Err(Failure::NoAnswer(error)) => Err(no_answer(error)),
        Err(Failure::Forge(error)) => Err(error.into()),
    }
}

const BEFORE: &str = "the honest ceremony before it was refused";
const AFTER: &str = "the honest ceremony after it was refused";

impl Stage<'_> {
    /// Plays a case.
    pub(super) fn play(&mut self, case: &Case) -> Result<Verdict, AuditError> {
        let outcome = match &case.how {
            Lie::Registration { attested, tell } => self.lie_at_registration(*attested, *tell),
            Lie::VerifiedRegistration(tell) => self.lie_at_verified_registration(*tell),
            Lie::RegistrationOfOtherSession => self.registration_of_other_session(),
            Lie::RegistrationAgain => self.registration_again(),
            Lie::RegistrationOfKnownCredential => self.registration_of_known_credential(),
            Lie::UnknownMaker => self.unknown_maker(),
            Lie::Assertion(tell) => self.lie_at_assertion(*tell),
            Lie::VerifiedAssertion(tell) => self.lie_at_verified_assertion(*tell),
            Lie::AssertionOfOtherSession => self.assertion_of_other_session(),
            Lie::AssertionAgain => self.assertion_again(),
            Lie::UnknownCredential => self.unknown_credential(),
            Lie::CredentialOfOtherAccount => self.credential_of_other_account(),
            Lie::HandleOfOtherAccount => self.handle_of_other_account(),
        };
        match outcome {
            Ok(verdict) | Err(End::Verdict(verdict)) => Ok(verdict),
            Err(End::Error(error)) => Err(error),
        }
    }

    fn lie_at_registration(
        &mut self,
        attested: Attested,
        tell: fn(&mut RegistrationPlan, &mut Scene<'_>) -> Result<Told, ForgeError>,
    ) -> Outcome {
        self.honest_registration(attested)?;
        let mut visitor = self.visitor();
        let options = self.creation_options(&mut visitor, attested, false)?;
        let mut plan = self.registration(&options, attested)?;
        let algorithms = offered(&options);
        let told = tell(&mut plan, &mut self.scene(&algorithms))?;
        if let Told::NotApplicable(reason) = told {
            return Err(not_applicable(reason));
        }
        let sent = self.send_registration(&mut visitor, &plan);
        Self::judged_registration(sent, &plan, [visitor])
    }

    /// What was said to a lie in a registration. A relying party that keeps the credential has taken
    /// it, whatever it says: one of these accounts is asked for it.
    fn judged_registration<const N: usize>(
        sent: Result<(), Failure>,
        plan: &RegistrationPlan,
        accounts: [Visitor; N],
    ) -> Outcome {
        let verdict = judged(sent)?;
        let Verdict::Rejected { answer } = verdict else { return Ok(verdict) };
        let ids = [Some(plan.credential_id()), plan.id.as_deref(), plan.raw_id.as_deref()];
        for mut visitor in accounts {
            match Self::request_options(&mut visitor, false) {
                Ok(options) => {
                    let allowed = &options.allow_credentials;
                    if allowed.iter().any(|one| ids.contains(&Some(one.id.as_bytes()))) {
                        return Ok(Verdict::Accepted { answer: Some(answer) });
                    }
                }
                Err(error @ RemoteError::Interrupted) => return Err(no_answer(error)),
                // Without a credential there is nothing to ask for.
                Err(_) => {}
            }
        }
        Ok(Verdict::Rejected { answer })
    }

    /// An honest registration that must be accepted, unless it shows what key it is.
    fn honest_registration(&mut self, attested: Attested) -> Result<(), End> {
        if attested == Attested::None {
            return control(self.member(attested, false), BEFORE).map(|_| ());
        }
        let mut visitor = self.visitor();
        let options = self.creation_options(&mut visitor, attested, false)?;
        if !asks_for_attestation(&options) {
            let reason = "the server does not ask for an attestation, even when asked to";
            return Err(not_applicable(reason));
        }
        let plan = self.registration(&options, attested)?;
        match self.send_registration(&mut visitor, &plan) {
            Err(Failure::Refused(_)) => Err(not_applicable(match attested {
                Attested::Itself => "the server takes no self attestation",
                Attested::U2f => "the server takes no U2F attestation of an unknown maker",
                _ => "the server takes no attestation of an unknown maker",
            })),
            result => control(result, BEFORE),
        }
    }

    fn lie_at_verified_registration(&mut self, tell: fn(&mut RegistrationPlan)) -> Outcome {
        control(self.member(Attested::None, true), BEFORE)?;
        let mut visitor = self.visitor();
        let options = self.creation_options(&mut visitor, Attested::None, true)?;
        let selection = options.authenticator_selection;
        if selection.user_verification() != UserVerificationRequirement::Required {
            return Err(not_applicable(UNVERIFIED));
        }
        let mut plan = self.registration(&options, Attested::None)?;
        tell(&mut plan);
        let sent = self.send_registration(&mut visitor, &plan);
        Self::judged_registration(sent, &plan, [visitor])
    }

    fn registration_of_other_session(&mut self) -> Outcome {
        control(self.member(Attested::None, false), BEFORE)?;
        let (mut own, mut other) = (self.visitor(), self.visitor());
        self.creation_options(&mut own, Attested::None, false)?;
        let options = self.creation_options(&mut other, Attested::None, false)?;
        let plan = self.registration(&options, Attested::None)?;
        let sent = self.send_registration(&mut own, &plan);
        Self::judged_registration(sent, &plan, [own, other])
    }

    fn registration_again(&mut self) -> Outcome {
        let mut visitor = self.visitor();
        let options = self.creation_options(&mut visitor, Attested::None, false)?;
        let first = self.registration(&options, Attested::None)?;
        control(self.send_registration(&mut visitor, &first), BEFORE)?;
        let second = self.registration(&options, Attested::None)?;
        let sent = self.send_registration(&mut visitor, &second);
        Self::judged_registration(sent, &second, [visitor])
    }

    fn registration_of_known_credential(&mut self) -> Outcome {
        let mut first = self.visitor();
        let options = self.creation_options(&mut first, Attested::None, false)?;
        let mut plan = self.registration(&options, Attested::None)?;
        control(self.send_registration(&mut first, &plan), BEFORE)?;
        let mut second = self.visitor();
        let options = self.creation_options(&mut second, Attested::None, false)?;
        plan.client_data.challenge = Some(options.challenge.as_bytes().to_vec());
        let sent = self.send_registration(&mut second, &plan);
        Self::judged_registration(sent, &plan, [second])
    }

    fn unknown_maker(&mut self) -> Outcome {
        if !self.audit.attestation_enforced {
            let reason = "whom it trusts is the relying party's own choice";
            return Err(not_applicable(reason));
        }
        self.honest_registration(Attested::Certificate)?;
        let mut visitor = self.visitor();
        let options = self.creation_options(&mut visitor, Attested::Certificate, false)?;
        if !asks_for_attestation(&options) {
            return Ok(Verdict::Accepted { answer: None });
        }
        let plan = self.registration(&options, Attested::Certificate)?;
        let stranger = Maker::new(self.audit.now, self.random)?;
        let sent = self.send_registration_by(&stranger, &mut visitor, &plan);
        Self::judged_registration(sent, &plan, [visitor])
    }

    fn lie_at_assertion(
        &mut self,
        tell: fn(&mut AssertionPlan<'_>, &mut Scene<'_>) -> Result<Told, ForgeError>,
    ) -> Outcome {
        let mut member = control(self.whole_ceremony(), BEFORE)?;
        let options = Self::request_options(&mut member.visitor, false)?;
        let mut plan = self.assertion(&options, &member.held, NEXT_COUNT);
        let told = tell(&mut plan, &mut self.scene(&[]))?;
        if let Told::NotApplicable(reason) = told {
            return Err(not_applicable(reason));
        }
        let verdict = judged(self.send_assertion(&mut member.visitor, &plan))?;
        self.finish(&mut member, false, verdict)
    }

    fn lie_at_verified_assertion(&mut self, tell: fn(&mut AssertionPlan<'_>)) -> Outcome {
        let mut member = control(self.member(Attested::None, true), BEFORE)?;
        control(self.assert(&mut member, true, FIRST_COUNT), BEFORE)?;
        let options = Self::request_options(&mut member.visitor, true)?;
        if options.user_verification() != UserVerificationRequirement::Required {
            return Err(not_applicable(UNVERIFIED));
        }
        let mut plan = self.assertion(&options, &member.held, NEXT_COUNT);
        tell(&mut plan);
        let verdict = judged(self.send_assertion(&mut member.visitor, &plan))?;
        self.finish(&mut member, true, verdict)
    }

    fn assertion_of_other_session(&mut self) -> Outcome {
        let mut member = control(self.whole_ceremony(), BEFORE)?;
        let mut elsewhere = self.visitor();
        elsewhere.username.clone_from(&member.visitor.username);
        Self::request_options(&mut member.visitor, false)?;
        let options = Self::request_options(&mut elsewhere, false)?;
        let plan = self.assertion(&options, &member.held, NEXT_COUNT);
        let verdict = judged(self.send_assertion(&mut member.visitor, &plan))?;
        self.finish(&mut member, false, verdict)
    }

    fn assertion_again(&mut self) -> Outcome {
        let mut member = control(self.member(Attested::None, false), BEFORE)?;
        let response = control(self.assert(&mut member, false, 0), BEFORE)?;
        let again = member.visitor.session.assert(&response);
        let verdict = judged(again.map_err(Failure::from))?;
        control(self.assert(&mut member, false, 0), AFTER)?;
        Ok(verdict)
    }

    fn unknown_credential(&mut self) -> Outcome {
        let mut member = control(self.whole_ceremony(), BEFORE)?;
        let options = Self::request_options(&mut member.visitor, false)?;
        let key = self.key(member.held.key.algorithm())?;
        let id = member.held.id.iter().map(|byte| !byte).collect();
        let unknown = Held { key, id, user_handle: member.held.user_handle.clone() };
        let plan = self.assertion(&options, &unknown, NEXT_COUNT);
        let verdict = judged(self.send_assertion(&mut member.visitor, &plan))?;
        self.finish(&mut member, false, verdict)
    }

    fn credential_of_other_account(&mut self) -> Outcome {
        let mut member = control(self.whole_ceremony(), BEFORE)?;
        let other = control(self.whole_ceremony(), BEFORE)?;
        let options = Self::request_options(&mut member.visitor, false)?;
        let mut plan = self.assertion(&options, &other.held, NEXT_COUNT);
        // A key whose credential is not resident gives none.
        plan.user_handle = None;
        let verdict = judged(self.send_assertion(&mut member.visitor, &plan))?;
        self.finish(&mut member, false, verdict)
    }

    fn handle_of_other_account(&mut self) -> Outcome {
        let mut member = control(self.whole_ceremony(), BEFORE)?;
        let other = control(self.whole_ceremony(), BEFORE)?;
        let options = Self::request_options(&mut member.visitor, false)?;
        let mut plan = self.assertion(&options, &member.held, NEXT_COUNT);
        plan.user_handle = Some(other.held.user_handle);
        let verdict = judged(self.send_assertion(&mut member.visitor, &plan))?;
        self.finish(&mut member, false, verdict)
    }

    /// The honest assertion after a lie. A relying party that took the lie may have learned a
    /// counter or a flag from it, so that nothing follows from what it says now.
    fn finish(&mut self, member: &mut Member, verified: bool, verdict: Verdict) -> Outcome {
        let after = self.assert_at_last(member, verified);
        match (&verdict, after) {
            (Verdict::Accepted { .. }, Err(Failure::Refused(_))) => Ok(verdict),
            (_, after) => control(after, AFTER).map(|_| verdict),
        }
    }

    fn scene<'s>(&'s mut self, algorithms: &'s [crate::wire::cose::Algorithm]) -> Scene<'s> {
        Scene { origin: self.audit.origin, algorithms, random: self.random, now: self.audit.now }
    }
}
