//! The flags by which both commands say what a relying party expects, and what is made of those
//! that were not given.

use super::asked::Asked;
use crate::cli::app::App;
use crate::cli::commands::client_data::rp_id_form;
use crate::cli::commands::flag_values::VerificationChoice;
use crate::cli::encoded_value::EncodedValue;
use crate::cli::error::CliError;
use crate::cli::error_words;
use crate::cli::files::{base64_flag, hash_flag};
use crate::output::text::escape;
use crate::output::verification::RpIdSource;
use crate::webauthn::base64url::Base64Url;
use crate::webauthn::origin::Origin;
use crate::webauthn::rp_id::{RpId, RpIdError};
use crate::webauthn::verify::{BackupPolicy, ClientData, Expected};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Bytes that a challenge should have (WebAuthn Level 3 section 13.4.3).
const CHALLENGE: usize = 16;

/// What the relying party expects.
#[derive(Debug, Args)]
pub(super) struct ExpectationArgs {
    /// What was asked for: the options that the server sent, in JSON; `-` for standard input. Challenge,
    /// relying party, credentials, user verification, extensions and algorithms are taken from there.
    #[arg(long, value_name = "FILE")]
    pub options: Option<PathBuf>,
    /// The relying party's ID (that of the saved registration, or of --origin, if absent).
    #[arg(long = "rp", value_name = "ID", conflicts_with = "options")]
    pub rp: Option<String>,
    /// The challenge that was sent, in base64url.
    #[arg(long, value_name = "BASE64URL", allow_hyphen_values = true, value_parser = EncodedValue, conflicts_with = "options")]
    pub challenge: Option<String>,
    /// An origin that may ask, such as `https://login.example.com` (can be repeated).
    #[arg(long = "origin", value_name = "ORIGIN")]
    pub origins: Vec<String>,
    /// The ceremony may run in a frame inside a page of another origin.
    #[arg(long)]
    pub cross_origin: bool,
    /// An origin whose pages may hold that frame (can be repeated).
    #[arg(long = "top-origin", value_name = "ORIGIN", requires = "cross_origin")]
    pub top_origins: Vec<String>,
    /// Whether the person had to be verified by PIN or fingerprint.
    #[arg(long, value_name = "WHEN", default_value = "preferred", conflicts_with = "options")]
    pub user_verification: VerificationChoice,
    /// Nobody had to touch the key, as in a conditional registration.
    #[arg(long)]
    pub no_user_presence: bool,
    /// An extension that was asked for, by WebAuthn's or the key's name (can be repeated).
    #[arg(long = "extension", value_name = "NAME", conflicts_with = "options")]
    pub extensions: Vec<String>,
    /// What the flags on backups must say.
    #[arg(long, value_name = "POLICY", default_value = "any")]
    pub backup: BackupChoice,
    /// The SHA-256 of the client data, where the response does not hold it, in base64url or
    /// hexadecimal.
    #[arg(long, value_name = "HASH", allow_hyphen_values = true, value_parser = EncodedValue, conflicts_with_all = ["challenge", "origins", "cross_origin", "options"])]
    pub client_data_hash: Option<String>,
}

/// What the flags on backups must say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum BackupChoice {
    /// Anything that is consistent.
    Any,
    /// The credential cannot leave its key.
    DeviceBound,
    /// The credential may be backed up.
    Eligible,
    /// The credential is backed up.
    BackedUp,
}

/// What is expected, and where the relying party's ID came from.
pub(super) struct Expectation {
    pub(super) expected: Expected,
    pub(super) rp_id_source: RpIdSource,
}

/// Says that the registration belongs to another relying party than the one that is expected.
fn at_another(other: &str, names: &str, text: &str) -> CliError {
    let (other, text) = (escape(other), escape(text));
    CliError::usage(format!(
        "The registration is one at {other}, and {names} {text}. Nothing was verified."
    ))
}

fn wrong(flag: &str, error: &dyn std::error::Error) -> CliError {
    CliError::usage(format!("`{flag}` cannot be used. Nothing was verified."))
        .cause(error.to_string())
}

/// Reads an origin. Programs without a browser have others than web pages, such as
/// `android:apk-key-hash:…`; these are taken as they are.
fn origin(flag: &str, text: &str) -> Result<String, CliError> {
    match Origin::parse(text) {
        Ok(origin) => Ok(origin.to_string()),
        Err(_) if ["android:", "ios:"].iter().any(|scheme| text.starts_with(scheme)) => {
            Ok(text.to_owned())
        }
        Err(error) => {
            Err(wrong(flag, &error).hint("An origin is written like `https://login.example.com`."))
        }
    }
}

impl ExpectationArgs {
    /// Puts together what is expected of a response. `asked` is what the options say; `of_registration` is
    /// the relying party of the registration, where that is known; `rp_id_hash` is what the response has.
    pub(super) fn expectation(
        &self,
        app: &mut App<'_>,
        asked: Option<&Asked>,
        of_registration: Option<&str>,
        rp_id_hash: Option<[u8; 32]>,
    ) -> Result<Expectation, CliError> {
        let origins: Result<Vec<String>, CliError> =
            self.origins.iter().map(|text| origin("--origin", text)).collect();
        let origins = origins?;
        let of_options = asked.map(|asked| (asked.rp_id.0, asked.rp_id.1.as_deref()));
        let of_options = of_options.and_then(|(member, text)| Some((member, text?)));
        let (rp_id, rp_id_source) = match (&self.rp, of_options, of_registration) {
            (_, Some((member, text)), of_registration) => {
                let named = error_words::named(member, Some(text));
                let rp_id =
                    RpId::parse(text).map_err(|error| error_words::rp_id(&error, &named))?;
                if let Some(other) = of_registration.filter(|other| *other != text) {
                    return Err(at_another(other, "the options name", text)
                        .hint("Give the registration that belongs to these options."));
                }
                (rp_id.to_string(), RpIdSource::Options)
            }
            (Some(text), None, of_registration) => {
                let rp_id = RpId::parse_for_client_data_hash(text);
                let rp_id = rp_id.map_err(|error| {
                    wrong("--rp", &error)
                        .hint("Name the relying party, such as `--rp example.com`.")
                })?;
                if let Err(error @ RpIdError::UpperCase { .. }) = RpId::parse(text) {
                    return Err(wrong("--rp", &error).hint(rp_id_form(text, &error)));
                }
                if let Some(other) = of_registration.filter(|other| *other != text) {
                    return Err(at_another(other, "`--rp` names", text).hint(
                        "Leave `--rp` out, or give the registration at that relying party.",
                    ));
                }
                (rp_id.to_string(), RpIdSource::Flag)
            }
            (None, None, Some(of_registration)) => {
                (of_registration.to_owned(), RpIdSource::Registration)
            }
            (None, None, None) => match self.of_origins(&origins, rp_id_hash) {
                Some(rp_id) => (rp_id, RpIdSource::Origin),
                None => {
                    return Err(CliError::usage(
                        "The relying party's ID is not known. Nothing was verified.",
                    )
                    .hint("Name it with `--rp`, such as `--rp example.com`."));
                }
            },
        };
        let mut expected = Expected::new(rp_id);
        expected.challenge = match asked {
            Some(asked) => Some(asked.challenge.clone()),
            None => self.challenge(app)?,
        };
        expected.origins = origins;
        expected.cross_origin = self.cross_origin;
        let top: Result<Vec<String>, CliError> =
            self.top_origins.iter().map(|text| origin("--top-origin", text)).collect();
        expected.top_origins = top?;
        expected.user_presence = !self.no_user_presence;
        let required = self.user_verification == VerificationChoice::Required;
        expected.user_verification = asked.map_or(required, |asked| asked.user_verification);
        let stated = (!self.extensions.is_empty()).then(|| self.extensions.clone());
        expected.extensions = asked.map(|asked| asked.extensions.clone()).or(stated);
        expected.backup = match self.backup {
            BackupChoice::Any => None,
            BackupChoice::DeviceBound => Some(BackupPolicy::DeviceBound),
            BackupChoice::Eligible => Some(BackupPolicy::Eligible),
            BackupChoice::BackedUp => Some(BackupPolicy::BackedUp),
        };
        Ok(Expectation { expected, rp_id_source })
    }

    /// An RP ID for which an expected origin may ask: the one whose hash is in the response, or else
    /// the first origin's host.
    fn of_origins(&self, origins: &[String], rp_id_hash: Option<[u8; 32]>) -> Option<String> {
        let origins: Vec<Origin> =
            origins.iter().filter_map(|text| Origin::parse(text).ok()).collect();
        let may_ask = origins.iter().flat_map(|origin| {
            let host = origin.host();
            let above = host.match_indices('.').filter_map(|(at, _)| host.get(at..)?.get(1..));
            let names: Vec<&str> = [host].into_iter().chain(above).collect();
            names.into_iter().filter_map(|name| {
                RpId::parse(name).ok().filter(|rp_id| rp_id.check_origin(origin).is_ok())
            })
        });
        let candidates: Vec<RpId> = may_ask.collect();
        let meant = candidates.iter().find(|rp_id| Some(rp_id.hash()) == rp_id_hash);
        meant.or_else(|| candidates.first()).map(ToString::to_string)
    }

    fn challenge(&self, app: &mut App<'_>) -> Result<Option<Vec<u8>>, CliError> {
        let Some(text) = &self.challenge else { return Ok(None) };
        if text.is_empty() {
            // Most likely a variable of the shell that is not set.
            return Err(CliError::usage("`--challenge` is empty. Nothing was verified.")
                .hint("Without `--challenge` the challenge is not checked."));
        }
        let challenge = base64_flag("--challenge", text)?;
        if challenge.len() < CHALLENGE {
            let length = challenge.len();
            app.ui.warning(&format!(
                "The challenge has {length} bytes; one of fewer than {CHALLENGE} can be guessed."
            ));
        }
        Ok(Some(challenge))
    }

    /// The client data of a response, or its hash where the response does not hold it.
    pub(super) fn client_data<'a>(
        &self,
        held: Option<&'a Base64Url>,
    ) -> Result<ClientData<'a>, CliError> {
        match (held, &self.client_data_hash) {
            (Some(held), None) => Ok(ClientData::Json(held.as_bytes())),
            (None, Some(text)) => Ok(ClientData::Hash(hash_flag("--client-data-hash", text)?)),
            (Some(_), Some(_)) => Err(CliError::usage(
                "`--client-data-hash` is for a response without client data, and this one has it. \
                 Nothing was verified.",
            )
            .hint("Leave `--client-data-hash` out.")),
            (None, None) => {
                Err(CliError::usage("The response holds no client data. Nothing was verified.")
                    .hint("Give its SHA-256 with `--client-data-hash`."))
            }
        }
    }
}
