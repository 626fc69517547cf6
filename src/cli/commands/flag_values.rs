//! Values of flags that several commands have.

use crate::authenticator::UserVerification;
use crate::wire::cose::Algorithm;
use clap::ValueEnum;

/// Whether the person is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum VerificationChoice {
    /// The ceremony fails without it.
    Required,
    /// It is done where the key can.
    Preferred,
    /// It is only done where the key insists.
    Discouraged,
}

impl From<VerificationChoice> for UserVerification {
    fn from(choice: VerificationChoice) -> Self {
        match choice {
            VerificationChoice::Required => Self::Required,
            VerificationChoice::Preferred => Self::Preferred,
            VerificationChoice::Discouraged => Self::Discouraged,
        }
    }
}

pub(super) fn parse_algorithm(text: &str) -> Result<Algorithm, String> {
    Algorithm::from_name_or_number(text).ok_or_else(|| {
        "it is no name such as ES256, EdDSA, ES384 or RS256, and no COSE number such as -7"
            .to_owned()
    })
}
