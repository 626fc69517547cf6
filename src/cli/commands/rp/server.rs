//! The flags that say which relying party is meant.

use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::files::read;
use crate::output::text::escape;
use crate::output::words;
use crate::relying_party::remote::roots::roots_from_pem;
use crate::relying_party::remote::{RelyingPartyUrl, SessionSettings};
use crate::webauthn::origin::Origin;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// How a relying party elsewhere is reached.
#[derive(Debug, Args)]
pub(super) struct ServerArgs {
    /// The origin of the page that would ask (that of the address if absent).
    #[arg(long, value_name = "ORIGIN")]
    pub origin: Option<String>,
    /// Trust the certificates in this PEM file, and no others, for the server's own.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Wait this long for each answer of the server.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub server_timeout: u64,
}

/// A relying party elsewhere, and how it is reached.
pub(super) struct Server {
    pub(super) url: RelyingPartyUrl,
    pub(super) origin: Origin,
    pub(super) settings: SessionSettings,
}

impl ServerArgs {
    /// Reads the flags.
    ///
    /// # Errors
    ///
    /// When one of them cannot be read.
    pub(super) fn server(&self, app: &App<'_>, url: &str) -> Result<Server, CliError> {
        let address = RelyingPartyUrl::parse(url).map_err(|error| {
            // Without the address itself: there may be a password in it.
            CliError::usage("The address of the server cannot be used. Nothing was sent.")
                .cause(error.to_string())
                .hint("Give the address below which the server has `/attestation/options`.")
        })?;
        let origin = match &self.origin {
            Some(text) => Origin::parse(text).map_err(|error| {
                CliError::usage("`--origin` cannot be used. Nothing was sent.")
                    .cause(error.to_string())
                    .hint("An origin is written like `https://login.example.com`.")
            })?,
            None => address.origin().map_err(|error| {
                CliError::usage(format!("{address} needs `--origin`. Nothing was sent."))
                    .cause(error.to_string())
                    .hint("An origin is written like `https://login.example.com`.")
            })?,
        };
        let mut settings = SessionSettings::new(app.interrupt.clone());
        settings.total = Duration::from_secs(self.server_timeout);
        settings.connect = settings.connect.min(settings.total);
        if let Some(path) = &self.ca {
            settings.roots = roots_from_pem(&read(path, &app.interrupt)?).map_err(|error| {
                let name = words::path(path);
                CliError::usage(format!("{name} cannot be used for `--ca`. Nothing was sent."))
                    .cause(escape(&error.to_string()))
                    .hint("Give a PEM file with the certificate of the root.")
            })?;
        }
        Ok(Server { url: address, origin, settings })
    }
}
