//! What a case of an audit is.

use super::stage::Scene;
use crate::relying_party::forge::ForgeError;
use crate::relying_party::forge::assertion::AssertionPlan;
use crate::relying_party::forge::registration::RegistrationPlan;
use serde::Serialize;

/// The ceremony in which the lie is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ceremony {
    /// A registration (section 7.1).
    Registration,
    /// An assertion (section 7.2).
    Assertion,
}

/// How much a relying party owes to reject it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The specification's procedure fails the ceremony.
    Must,
    /// The specification recommends it, or forbids what was sent without telling relying parties to
    /// look.
    Should,
}

impl Severity {
    /// As it stands in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::Should => "should",
        }
    }
}

/// Which attestation an honest registration has, and whether it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attested {
    /// Not at all, and not asked for; by a certificate where the relying party accepts nothing else.
    None,
    /// By the credential's own key.
    Itself,
    /// By a certificate.
    Certificate,
    /// By a certificate, as U2F keys do.
    U2f,
}

/// Whether a lie could be told to this relying party.
pub(super) enum Told {
    /// It was.
    Yes,
    /// It could not, and why.
    NotApplicable(&'static str),
}

/// How the lie is told.
pub(super) enum Lie {
    /// One change to what an honest client and key would send in a registration.
    Registration {
        attested: Attested,
        tell: fn(&mut RegistrationPlan, &mut Scene<'_>) -> Result<Told, ForgeError>,
    },
    /// The same where the relying party was asked to require user verification.
    VerifiedRegistration(fn(&mut RegistrationPlan)),
    /// The challenge is one that was given to another session.
    RegistrationOfOtherSession,
    /// A second credential answers a challenge that was answered already.
    RegistrationAgain,
    /// Another account registers the same credential.
    RegistrationOfKnownCredential,
    /// A key of a maker whom nobody knows.
    UnknownMaker,
    /// One change to what an honest client and key would send in an assertion.
    Assertion(fn(&mut AssertionPlan<'_>, &mut Scene<'_>) -> Result<Told, ForgeError>),
    /// The same where the relying party was asked to require user verification.
    VerifiedAssertion(fn(&mut AssertionPlan<'_>)),
    /// The challenge is one that was given to another session.
    AssertionOfOtherSession,
    /// The same response a second time, from a key without a counter.
    AssertionAgain,
    /// A credential that was never registered.
    UnknownCredential,
    /// A credential of another account.
    CredentialOfOtherAccount,
    /// The user handle of another account.
    HandleOfOtherAccount,
}

/// One lie that a relying party is told.
pub struct Case {
    /// The case's name; it stays the same between versions.
    pub id: &'static str,
    /// The ceremony in which the lie is told.
    pub ceremony: Ceremony,
    /// How much a relying party owes to reject it.
    pub severity: Severity,
    /// The section of WebAuthn Level 3 that says so.
    pub section: &'static str,
    /// The lie, as a sentence without its end: `the challenge is another one`.
    pub lie: &'static str,
    pub(super) how: Lie,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Case").field(&self.id).finish()
    }
}
