//! `fidokey check`.

use crate::authenticator::Key;
use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::foresight::facts;
use crate::output::explanation::{CheckView, ProfilesView};
use crate::output::text::escape;
use crate::webauthn::explain::profile::PROFILES;
use crate::webauthn::explain::{Held, MetadataFacts, ModelEntry, Profile};
use crate::webauthn::metadata::Date;
use clap::Args;

/// Says whether a service will accept a key.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The service: entra, entra-attested, nhsmail, passkey or u2f.
    #[arg(value_name = "PROFILE")]
    profile: Option<String>,
    /// Show the services that are known, and do nothing else.
    #[arg(long, conflicts_with_all = ["profile", "device"])]
    list: bool,
}

/// Checks a key.
///
/// # Errors
///
/// When the service is not known, no single key is meant, or it does not answer.
pub fn run(app: &mut App<'_>, args: &CheckArgs) -> Result<Exit, CliError> {
    if args.list {
        app.print(&ProfilesView::new(), ProfilesView::text)?;
        return Ok(Exit::Done);
    }
    let named = args.profile.as_deref().and_then(Profile::named);
    let profile = named.ok_or_else(|| unknown(args.profile.as_deref()))?;
    let mut key = app.connect_key()?;
    let tries = if app.speaks_ctap2(&mut key)? { app.pin_tries(&mut key)? } else { None };
    let metadata =
        if profile.uses_metadata { metadata_on(app, &key)? } else { MetadataFacts::default() };
    let findings = profile.check(&facts(&key, Held::NotAsked, tries), &metadata);
    let view = CheckView::of(profile, key.description(), app.global.device.as_deref(), &findings);
    app.print(&view, CheckView::text)?;
    Ok(if view.accepted() { Exit::Done } else { Exit::Rejected })
}

/// What the metadata that was imported says of a key's model.
fn metadata_on(app: &mut App<'_>, key: &Key) -> Result<MetadataFacts, CliError> {
    let info = key.known_info();
    let (aaguid, firmware) =
        (info.and_then(|info| info.aaguid), info.and_then(|info| info.firmware_version));
    let (Some(aaguid), Some(kept)) = (aaguid, app.needed_metadata()?) else {
        return Ok(MetadataFacts::default());
    };
    let now = app.now_in_seconds();
    let entry = kept.by_aaguid(aaguid).map_err(|error| app.damaged_metadata(error))?;
    let summary = kept.summary();
    Ok(MetadataFacts {
        model: ModelEntry::of(entry.as_ref(), Date::of_moment(now), firmware),
        overdue_since: summary.is_due(now).then_some(summary.next_update),
    })
}

fn unknown(name: Option<&str>) -> CliError {
    let known: Vec<&str> = PROFILES.iter().map(|profile| profile.name).collect();
    let message = match name {
        Some(name) => format!("There is no profile called \"{}\".", escape(name)),
        None => "Which service is meant? Name its profile.".to_owned(),
    };
    let message = format!("{message} No key was asked anything.");
    CliError::usage(message)
        .hint(format!("Known are {}; `fidokey check --list` explains them.", known.join(", ")))
}
