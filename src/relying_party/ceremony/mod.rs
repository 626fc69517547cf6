//! The server's side of a ceremony (WebAuthn Level 3 sections 7.1 and 7.2): options with a fresh
//! challenge, what is remembered until the response comes, and the verdict on it.
//!
//! Pure: no clock, no randomness of its own, no HTTP. Whoever keeps an offer gives it back once and
//! drops it, so that a challenge is good for one response. The verdict is that of
//! [`webauthn::verify`](crate::webauthn::verify), and the checks that only a server can make.

mod assertion;
mod judgement;
mod registration;
mod terms;

pub use assertion::{AssertionOffer, AssertionTerms, Kept};
pub use judgement::Judgement;
pub use registration::{Attested, RegistrationOffer, RegistrationTerms};
pub use terms::{Challenge, TIMEOUT};

#[cfg(test)]
mod tests;
