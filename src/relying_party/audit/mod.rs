//! Does a relying party reject what it must?
//!
//! Each [case](case::Case) is one lie that the [forging authenticator](super::forge) tells a
//! [remote relying party](super::remote), in a ceremony that is honest otherwise. Before it, an
//! honest ceremony of the same kind must be accepted, and after it another one (of the same
//! credential in an assertion; in a registration it is the one before the next lie), so that a
//! server that refuses everything, or is down, is not called good.
//!
//! | module | what it does |
//! |---|---|
//! | [`case`] | what a case is |
//! | `cases` | all of them |
//! | `origins` | origins that look like another one |
//! | `stage` | plays honest and dishonest ceremonies |
//! | [`report`] | what came out |

pub mod case;
mod cases;
mod origins;
mod play;
pub mod report;
mod stage;

pub use case::{Case, Ceremony, Severity};
pub use cases::all;
pub use report::{AuditReport, CaseResult, Control, Verdict};

use super::forge::ForgeError;
use super::forge::certificate::Maker;
use super::remote::{RelyingPartyUrl, RemoteError, SessionSettings};
use crate::ctap::Random;
use crate::transport::Clock;
use crate::webauthn::origin::Origin;
use case::Attested;
use report::Answer;
use stage::{Failure, Stage};
use std::time::{Duration, SystemTime};
use thiserror::Error;

/// How long an audit may take. Whatever has not been tried then is said to be so.
pub const LONGEST: Duration = Duration::from_secs(1200);

/// After so many cases in a row without an answer, nobody is there any more.
const SILENT_CASES: usize = 3;

/// Why a case was not tried that comes after the person's wish to stop.
const STOPPED: &str = "interrupted";

/// An audit to be made.
pub struct Audit<'a> {
    /// Whom.
    pub url: &'a RelyingPartyUrl,
    /// The origin that the relying party expects.
    pub origin: &'a Origin,
    /// Deadlines and trust for every request.
    pub session: &'a SessionSettings,
    /// Whether the relying party is said to accept only keys whose maker it knows. Honest keys then
    /// show theirs.
    pub attestation_enforced: bool,
    /// Who makes the honest keys.
    pub maker: &'a Maker,
    /// What is tried.
    pub cases: &'a [&'static Case],
    /// Monotonic time.
    pub clock: &'a dyn Clock,
    /// The time of day, for certificates.
    pub now: SystemTime,
}

/// Why there is nothing to report.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum AuditError {
    /// The relying party did not even answer an honest ceremony.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The forging authenticator failed.
    #[error(transparent)]
    Forge(#[from] ForgeError),
}

/// How far an audit has come.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The case that is tried now, counted from 1.
    pub number: usize,
    /// There are so many.
    pub total: usize,
    /// The case.
    pub case: &'static Case,
}

impl Audit<'_> {
    /// Makes the audit; `tell` is called before each case.
    ///
    /// # Errors
    ///
    /// [`AuditError`] when an honest ceremony gets no answer at the start, or somebody asks to stop
    /// before it has, or when nothing can be forged. A relying party that refuses an honest ceremony
    /// is a result, not an error; so is an audit that somebody stops later.
    pub fn run(
        &self,
        random: &mut dyn Random,
        tell: &mut dyn FnMut(Step),
    ) -> Result<AuditReport, AuditError> {
        let begun = self.clock.now();
        let mut mark = [0; 4];
        random.fill(&mut mark).map_err(ForgeError::from)?;
        let mut stage = Stage::new(self, self.maker, random, u32::from_be_bytes(mark));
        // Whoever has no options to give is no relying party that could be audited.
        let mut visitor = stage.visitor();
        stage.creation_options(&mut visitor, Attested::None, false)?;
        let opening = stage.whole_ceremony().map(|_| ());
        let opening = match opening {
            Err(Failure::Refused(answer)) => Control::Refused(answer),
            Err(Failure::NoAnswer(error)) => return Err(error.into()),
            Err(Failure::Forge(error)) => return Err(error.into()),
            Ok(()) => Control::Accepted,
        };
        let mut report = AuditReport::new(self, opening);
        let mut silent = 0;
        for (position, case) in self.cases.iter().copied().enumerate() {
            tell(Step { number: position.saturating_add(1), total: self.cases.len(), case });
            let not_tried = |reason: &str| Verdict::NotTried { reason: reason.to_owned() };
            report.interrupted |= self.session.interrupt.is_requested();
            let verdict = if report.interrupted {
                not_tried(STOPPED)
            } else if !report.opening.is_accepted() {
                not_tried("an honest ceremony was refused")
            } else if silent >= SILENT_CASES {
                not_tried("the server gives no answers any more")
            } else if self.clock.now().saturating_sub(begun) > LONGEST {
                not_tried("the audit took too long")
            } else {
                let before = stage.honest;
                match stage.play(case) {
                    Ok(verdict) => {
                        // Whoever accepts an honest ceremony is there, whatever comes of the lie.
                        let is_silent = matches!(verdict, Verdict::Inconclusive { .. })
                            && stage.honest == before;
                        silent = if is_silent { silent.saturating_add(1) } else { 0 };
                        verdict
                    }
                    Err(AuditError::Remote(RemoteError::Interrupted)) => {
                        report.interrupted = true;
                        not_tried(STOPPED)
                    }
                    Err(error) => return Err(error),
                }
            };
            report.cases.push(CaseResult { case, verdict });
        }
        if report.opening.is_accepted() && !report.interrupted {
            match stage.whole_ceremony().map(|_| ()) {
                Ok(()) => report.closing = Some(Control::Accepted),
                Err(Failure::Refused(answer)) => report.closing = Some(Control::Refused(answer)),
                Err(Failure::NoAnswer(RemoteError::Interrupted)) => report.interrupted = true,
                Err(Failure::NoAnswer(error)) => {
                    report.closing = Some(Control::NoAnswer(Answer::missing(&error)));
                }
                Err(Failure::Forge(error)) => return Err(error.into()),
            }
        }
        Ok(report)
    }
}
