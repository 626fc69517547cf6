//! `fidokey rp serve`.

use crate::cli::app::App;
use crate::cli::commands::trust::TrustArgs;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::inlet::Inlet;
use crate::cli::{atomic_file, error_words, files};
use crate::output::json;
use crate::output::local_service::ServiceView;
use crate::relying_party::accounts::state::{MAX_FILE, State};
use crate::relying_party::identity::{Identity, Profile};
use crate::relying_party::party::{RelyingParty, Store, Surroundings};
use crate::relying_party::service::{Bound, Limits, serve};
use crate::transport::Interrupt;
use crate::webauthn::origin::Origin;
use clap::{Args, ValueEnum};
use sha2::{Digest, Sha256};
use std::io::{self, Read};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Serves a relying party on this computer until Ctrl-C.
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// The port; with 0 a free one is chosen.
    #[arg(long, value_name = "NUMBER", default_value_t = 8080)]
    port: u16,
    /// The origin of the page, where that is not `http://localhost` and the port, such as behind a
    /// proxy; its host is the RP ID.
    #[arg(long, value_name = "URL")]
    origin: Option<String>,
    /// Keep the accounts in this file, which is made if it is not there.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Send the options that this service sends.
    #[arg(long, value_name = "NAME")]
    profile: Option<ProfileName>,
    /// Listen at this IP address, in place of this computer's own (can be repeated).
    #[arg(long, value_name = "ADDRESS")]
    bind: Vec<IpAddr>,
    /// Whom to believe about the models of keys.
    #[command(flatten)]
    trust: TrustArgs,
}

/// Whose options are sent.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ProfileName {
    /// Microsoft Entra ID.
    Entra,
}

/// Serves until Ctrl-C, which is how it ends well.
///
/// # Errors
///
/// When the origin will not do, the state file is not one, or the operating system refuses.
pub(super) fn run(app: &mut App<'_>, args: &ServeArgs) -> Result<Exit, CliError> {
    let given = args.origin.as_deref().map(parse_origin).transpose()?;
    let profile = match args.profile {
        None => Profile::Plain,
        Some(ProfileName::Entra) => Profile::Entra,
    };
    let names = app.model_names();
    let trust = args.trust.read(app)?.of_service(names);
    let bound = Bound::bind(&args.bind, args.port).map_err(|error| error_words::bind(&error))?;
    let origin = match given {
        Some(origin) => origin,
        None => parse_origin(&format!("http://localhost:{}", bound.port()))?,
    };
    let identity = Identity::of(origin, profile)
        .map_err(|error| error_words::service_origin(&error.to_string()))?;
    let (state, store): (_, Option<Box<dyn Store>>) = match &args.state {
        Some(path) => {
            let (state, file) = StateFile::open(path, identity.rp_id.as_str(), &app.interrupt)?;
            (state, Some(Box::new(file)))
        }
        None => (State::default(), None),
    };
    announce(app, &bound, &identity, args.state.as_deref())?;
    let surroundings = Surroundings {
        random: &mut *app.random,
        clock: Arc::clone(&app.clock),
        now: app.now,
        began: app.clock.now(),
        store,
    };
    let party = RelyingParty::new(identity, surroundings, trust, state);
    serve(bound, party, Limits::default(), &app.interrupt).map_err(|error| {
        CliError::new(Exit::Failed, "service", "The service cannot go on.").cause(error.to_string())
    })?;
    app.ui.status("The service has ended.");
    Ok(Exit::Done)
}

fn parse_origin(text: &str) -> Result<Origin, CliError> {
    Origin::parse(text).map_err(|error| error_words::service_origin(&error.to_string()))
}

/// Says where it is, as soon as connections are taken.
fn announce(
    app: &mut App<'_>,
    bound: &Bound,
    identity: &Identity,
    state: Option<&Path>,
) -> Result<(), CliError> {
    let view = ServiceView::of(bound, identity);
    let answer = if app.global.json {
        json::line(&view).map_err(|error| CliError::defect(&error))?
    } else {
        view.text()
    };
    if bound.is_exposed() {
        app.ui.warning(
            "Other computers can reach this service. It is for trying keys out: whoever reaches it \
             can make accounts on it.",
        );
    }
    app.print_raw(&answer)?;
    app.ui.status(match state {
        Some(_) => "The test service is ready. Accounts are kept in the file.",
        None => "The test service is ready. Accounts are kept until it ends.",
    });
    if view.url != view.origin {
        app.ui.status(&format!("It listens at {}.", view.url));
    }
    app.ui.hint("Ctrl-C ends it.");
    Ok(())
}

/// The file in which the state is kept.
struct StateFile {
    path: PathBuf,
    /// What is in it, as far as this service knows; `None` for no file.
    content: Option<[u8; 32]>,
}

impl StateFile {
    /// Reads the state; none where there is no file yet.
    fn open(path: &Path, rp_id: &str, interrupt: &Interrupt) -> Result<(State, Self), CliError> {
        let failed = |reason: &str| match interrupt.is_requested() {
            true => CliError::interrupted(),
            false => error_words::state_file(path, reason),
        };
        let bytes = read(path, interrupt).map_err(|error| failed(&error.to_string()))?;
        let content = bytes.as_deref().map(|bytes| Sha256::digest(bytes).into());
        let state = match bytes {
            Some(bytes) => {
                State::from_bytes(&bytes, rp_id).map_err(|error| failed(&error.to_string()))?
            }
            None => State::default(),
        };
        files::check_writable(path, true).map_err(|error| failed(&error.causes.join(": ")))?;
        Ok((state, Self { path: path.to_owned(), content }))
    }
}

/// Reads a file, up to a byte more than a state can have; `None` where there is none.
fn read(path: &Path, interrupt: &Interrupt) -> io::Result<Option<Vec<u8>>> {
    let file = match Inlet::open(path, interrupt) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    let most = u64::try_from(MAX_FILE).unwrap_or(u64::MAX).saturating_add(1);
    file.take(most).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

impl Store for StateFile {
    fn save(&mut self, bytes: &[u8]) -> io::Result<()> {
        // Another service with the same file would lose what it kept.
        let there = read(&self.path, &Interrupt::new())?.map(|bytes| Sha256::digest(&bytes).into());
        if there != self.content {
            return Err(io::Error::other("another program has changed the file since"));
        }
        atomic_file::replace(&self.path, bytes, true)?;
        self.content = Some(Sha256::digest(bytes).into());
        Ok(())
    }
}
