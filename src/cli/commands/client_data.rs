//! The flags by which `register` and `assert` say what is signed.

use super::input_files::{read_input, source_name};
use crate::cli::app::App;
use crate::cli::encoded_value::EncodedValue;
use crate::cli::error::CliError;
use crate::cli::error_words;
use crate::cli::files::{base64_flag, hash_flag};
use crate::client::{Caller, ClientDataSource};
use crate::ctap::RandomError;
use crate::output::text::escape;
use crate::webauthn::origin::{DomainError, Origin};
use crate::webauthn::related_origins::RelatedOrigins;
use crate::webauthn::rp_id::{RpId, RpIdError};
use clap::Args;
use std::path::PathBuf;

/// Bytes in a random user ID and in a random challenge (WebAuthn Level 3 section 13.4.3 wants at
/// least 16).
const RANDOM_BYTES: usize = 32;

/// The client data: built from an origin and a challenge, or known by its hash alone.
#[derive(Debug, Args)]
pub struct ClientDataArgs {
    /// The origin in the client data (`https://` and the relying party's ID if absent).
    #[arg(long, value_name = "ORIGIN", conflicts_with = "client_data_hash")]
    pub origin: Option<String>,
    /// The challenge in base64url (random if absent).
    #[arg(long, value_name = "BASE64URL", allow_hyphen_values = true, value_parser = EncodedValue, conflicts_with_all = ["client_data_hash", "options"])]
    pub challenge: Option<String>,
    /// Say in the client data that the page is in a frame of another origin.
    #[arg(long, conflicts_with = "client_data_hash")]
    pub cross_origin: bool,
    /// The origin of the page around that frame.
    #[arg(long, value_name = "ORIGIN", requires = "cross_origin")]
    pub top_origin: Option<String>,
    /// The RP ID's list of other origins that may ask for it: the JSON at
    /// https://RP-ID/.well-known/webauthn; `-` for standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "client_data_hash")]
    pub related_origins: Option<PathBuf>,
    /// Use this SHA-256 of client data that was built elsewhere, in base64url or hexadecimal.
    #[arg(long, value_name = "HASH", allow_hyphen_values = true, value_parser = EncodedValue, conflicts_with = "options")]
    pub client_data_hash: Option<String>,
}

impl ClientDataArgs {
    /// The relying party that `--rp` names, and the client data for it.
    ///
    /// # Errors
    ///
    /// When a flag cannot be read, or two do not fit each other.
    pub(super) fn for_relying_party(
        &self,
        app: &mut App<'_>,
        rp: &str,
    ) -> Result<(RpId, ClientDataSource), CliError> {
        if let Some(text) = &self.client_data_hash {
            let rp_id = RpId::parse_for_client_data_hash(rp).map_err(|error| {
                wrong("--rp", &error).hint("Name the relying party, such as `--rp example.com`.")
            })?;
            let hash = hash_flag("--client-data-hash", text)?;
            return Ok((rp_id, ClientDataSource::Hash(hash)));
        }
        let rp_id =
            RpId::parse(rp).map_err(|error| wrong("--rp", &error).hint(rp_id_form(rp, &error)))?;
        let caller = self.caller(app, "--rp", Some(rp))?;
        caller.check(&rp_id).map_err(|error| {
            wrong("--rp", &error).hint("Change `--rp` or `--origin`, so that they fit each other.")
        })?;
        let challenge = match self.challenge.as_deref() {
            // Most likely a variable of the shell that is not set.
            Some("") => {
                return Err(CliError::usage("`--challenge` is empty. Nothing was sent.")
                    .hint("Without `--challenge` a random one is made."));
            }
            Some(text) => base64_flag("--challenge", text)?,
            None => random(app)?,
        };
        Ok((rp_id, ClientDataSource::Build { caller, challenge }))
    }

    /// The page that asks: at `--origin`, or at `https://` and the RP ID, which the options' `member` is.
    ///
    /// # Errors
    ///
    /// When a flag cannot be read, or there is no origin to be had.
    pub(super) fn caller(
        &self,
        app: &mut App<'_>,
        member: &str,
        rp_id: Option<&str>,
    ) -> Result<Caller, CliError> {
        let origin = match &self.origin {
            Some(text) => Some(origin_flag("--origin", text)?),
            None => {
                let parsed = rp_id.map(RpId::parse).transpose();
                let parsed = parsed.map_err(|error| {
                    error_words::rp_id(&error, &error_words::named(member, rp_id))
                })?;
                parsed.and_then(|rp_id| rp_id.default_origin())
            }
        };
        let origin = origin.ok_or_else(|| {
            CliError::usage("The options name no RP ID, so `--origin` is needed. Nothing was sent.")
                .hint(ORIGIN_FORM)
        })?;
        let top_origin = self.top_origin.as_deref().map(|text| origin_flag("--top-origin", text));
        let related_origins = match &self.related_origins {
            Some(path) => {
                let list = RelatedOrigins::parse(&read_input(app, path)?).map_err(|error| {
                    let name = source_name(path);
                    CliError::usage(format!(
                        "{name} is no list of related origins. Nothing was sent."
                    ))
                    .cause(escape(&error.to_string()))
                    .hint("It is JSON such as `{\"origins\": [\"https://example.de\"]}`.")
                })?;
                Some(list)
            }
            None => None,
        };
        Ok(Caller {
            origin,
            cross_origin: self.cross_origin,
            top_origin: top_origin.transpose()?,
            related_origins,
        })
    }
}

/// What helps with an RP ID that is no domain as RP IDs are written.
pub(super) fn rp_id_form(rp: &str, error: &RpIdError) -> String {
    if let Some(host) = host_of(rp) {
        return format!("Give `--rp {host}`: an RP ID is a host's name alone.");
    }
    match error {
        RpIdError::UpperCase { lower } => format!("Write `--rp {lower}`, as services do."),
        RpIdError::NotADomain(DomainError::NotAscii) => {
            "Write it as it stands in a browser's requests, in ASCII: its foreign parts begin with \
             `xn--`."
                .to_owned()
        }
        RpIdError::NotADomain(DomainError::Empty) => {
            "Name the relying party, such as `--rp example.com`.".to_owned()
        }
        _ => "An RP ID that is no domain needs `--client-data-hash`.".to_owned(),
    }
}

const ORIGIN_FORM: &str = "An origin is written like `https://login.example.com`.";

fn wrong(flag: &str, error: &dyn std::error::Error) -> CliError {
    CliError::usage(format!("`{flag}` cannot be used. Nothing was sent.")).cause(error.to_string())
}

/// The RP ID in an address, such as `https://example.com/login`.
fn host_of(address: &str) -> Option<RpId> {
    let (_, after) = address.split_once("://")?;
    let host = after.split(['/', ':', '?', '#']).next()?;
    RpId::parse(&host.to_ascii_lowercase()).ok()
}

fn origin_flag(flag: &str, text: &str) -> Result<Origin, CliError> {
    Origin::parse(text).map_err(|error| wrong(flag, &error).hint(ORIGIN_FORM))
}

/// Bytes that nobody can guess, for a user ID or a challenge.
///
/// # Errors
///
/// When there is no randomness.
pub(super) fn random(app: &mut App<'_>) -> Result<Vec<u8>, CliError> {
    let mut bytes = vec![0; RANDOM_BYTES];
    app.random.fill(&mut bytes).map_err(|RandomError(reason)| error_words::random(&reason))?;
    Ok(bytes)
}
