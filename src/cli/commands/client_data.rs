//! The flags by which `register` and `assert` say what is signed.

use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::files::{base64_flag, hash_flag};
use crate::client::ClientDataSource;
use crate::webauthn::origin::Origin;
use crate::webauthn::rp_id::RpId;
use clap::Args;

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
    #[arg(long, value_name = "BASE64URL", conflicts_with = "client_data_hash")]
    pub challenge: Option<String>,
    /// Use this SHA-256 of client data that was built elsewhere, in base64url or hexadecimal.
    #[arg(long, value_name = "HASH")]
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
        let wrong = |flag: &str, error: &dyn std::error::Error| {
            CliError::usage(format!("`{flag}` cannot be used. Nothing was sent."))
                .cause(error.to_string())
        };
        if let Some(text) = &self.client_data_hash {
            let rp_id =
                RpId::parse_for_client_data_hash(rp).map_err(|error| wrong("--rp", &error))?;
            let hash = hash_flag("--client-data-hash", text)?;
            return Ok((rp_id, ClientDataSource::Hash(hash)));
        }
        let rp_id = RpId::parse(rp).map_err(|error| {
            wrong("--rp", &error).hint("An RP ID that is no domain needs `--client-data-hash`.")
        })?;
        let origin = match &self.origin {
            Some(text) => Some(Origin::parse(text).map_err(|error| {
                wrong("--origin", &error)
                    .hint("An origin is written like `https://login.example.com`.")
            })?),
            None => rp_id.default_origin(),
        };
        let origin = origin.ok_or_else(|| {
            CliError::usage("This RP ID needs `--origin`. Nothing was sent.")
                .hint("An origin is written like `https://login.example.com`.")
        })?;
        rp_id.check_origin(&origin).map_err(|error| {
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
        Ok((rp_id, ClientDataSource::Build { origin, challenge }))
    }
}

/// Bytes that nobody can guess, for a user ID or a challenge.
///
/// # Errors
///
/// When there is no randomness.
pub(super) fn random(app: &mut App<'_>) -> Result<Vec<u8>, CliError> {
    let mut bytes = vec![0; RANDOM_BYTES];
    app.random.fill(&mut bytes).map_err(|error| {
        CliError::new(Exit::Failed, "random", "There is no randomness to be had.")
            .cause(error.to_string())
    })?;
    Ok(bytes)
}
