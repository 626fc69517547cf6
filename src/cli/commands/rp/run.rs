//! `fidokey rp run`.

use super::server::{Server, ServerArgs};
use crate::authenticator::Key;
use crate::cli::app::App;
use crate::cli::commands::flag_values::VerificationChoice;
use crate::cli::error::CliError;
use crate::cli::error_words;
use crate::cli::exit::Exit;
use crate::client::{self, AssertionRequest, Caller, ClientError, RegistrationRequest};
use crate::output::remedy::shell_word;
use crate::output::remote_ceremony::{RemoteCeremony, RemoteCeremonyView};
use crate::output::words::key_name;
use crate::relying_party::audit::report::Answer;
use crate::relying_party::remote::ceremony::{AssertionWish, RegistrationWish};
use crate::relying_party::remote::{RemoteError, Session};
use crate::transport::KeyKind;
use crate::webauthn::json::options::{ResidentKeyRequirement, UserVerificationRequirement};
use crate::wire::status::Status;
use crate::wire::text::hex;
use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::{Value, json};

/// How many digits of a credential's ID name it in a command. Nobody has two that begin alike.
const DIGITS: usize = 16;

/// What is said of the key while nothing was asked of it.
const UNTOUCHED: &str = "No key was asked for anything.";

/// Carries out a ceremony with a key and a relying party elsewhere.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The address below which the server has /attestation/options and the other endpoints.
    #[arg(value_name = "URL")]
    pub url: String,
    /// The account's name.
    #[arg(long = "user", value_name = "NAME")]
    pub user: String,
    /// Sign in with a credential that was registered before, in place of registering one.
    #[arg(long)]
    pub assert: bool,
    /// The person's name (the account's name if absent).
    #[arg(long, value_name = "NAME", conflicts_with = "assert")]
    pub display_name: Option<String>,
    /// Ask the server for a credential that is kept on the key (a passkey).
    #[arg(long, conflicts_with = "assert")]
    pub resident: bool,
    /// Ask the server to require, prefer or discourage user verification.
    #[arg(long, value_name = "WHEN")]
    pub user_verification: Option<VerificationChoice>,
    /// Ask the server to look at what key it is, or not to.
    #[arg(long, value_name = "HOW", conflicts_with = "assert")]
    pub attestation: Option<AttestationChoice>,
    /// How the server is reached.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Whether the server is to look at what key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum AttestationChoice {
    /// Not at all.
    None,
    /// By a statement that may be anonymous.
    Indirect,
    /// By the key's own statement.
    Direct,
    /// By a statement that may name this one key.
    Enterprise,
}

impl AttestationChoice {
    fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Indirect => "indirect",
            Self::Direct => "direct",
            Self::Enterprise => "enterprise",
        }
    }
}

impl From<VerificationChoice> for UserVerificationRequirement {
    fn from(choice: VerificationChoice) -> Self {
        match choice {
            VerificationChoice::Required => Self::Required,
            VerificationChoice::Preferred => Self::Preferred,
            VerificationChoice::Discouraged => Self::Discouraged,
        }
    }
}

/// Registers or asserts.
///
/// # Errors
///
/// When the flags are wrong, the server gives no options, the ceremony on the key fails, or the
/// server gives no answer to its result. A no is a result.
pub(super) fn run(app: &mut App<'_>, args: &RunArgs) -> Result<Exit, CliError> {
    let server = args.server.server(app, &args.url)?;
    let mut session = Session::new(&server.url, &server.settings);
    if args.assert {
        assert(app, args, &server, &mut session)
    } else {
        register(app, args, &server, &mut session)
    }
}

fn register(
    app: &mut App<'_>,
    args: &RunArgs,
    server: &Server,
    session: &mut Session,
) -> Result<Exit, CliError> {
    let wish = RegistrationWish {
        username: &args.user,
        display_name: args.display_name.as_deref().unwrap_or(&args.user),
        authenticator_selection: selection(args),
        attestation: args.attestation.map(AttestationChoice::word),
    };
    let options = session.creation_options(&wish).map_err(|error| unasked(&error))?;
    let caller = Caller::new(server.origin.clone());
    let named = error_words::named("rp.id", options.rp.id.as_deref());
    let request = RegistrationRequest::from_options(&options, caller)
        .map_err(|error| not_for_this_origin(&error, &named, server))?;
    let mut key = app.open_key()?;
    let names = [&request.user.name, &request.user.display_name, &request.rp_name];
    let names: Vec<String> = names.into_iter().flatten().cloned().collect();
    app.warn_of_long_names(key.description(), names.iter());
    let kept = is_kept(app, &mut key, request.resident_key)?;
    let registered = app
        .ceremony(|context| client::register(&mut key, context, request))
        .map_err(|error| app.failed(not_registered(&error, &key)))?;
    let delete = kept.then(|| delete_command(app, registered.response.raw_id.as_bytes()));
    let answer = match session.register(&document(&registered.response)?) {
        Ok(_) => None,
        Err(error) => Some(refusal(&error, delete.as_deref(), kept)?),
    };
    let view = RemoteCeremonyView {
        ceremony: RemoteCeremony::Registration,
        url: &server.url.to_string(),
        origin: &server.origin.to_string(),
        rp_id: &registered.rp_id,
        user_name: &args.user,
        key: &key_name(key.description()),
        credential_id: &registered.response.id,
        accepted: answer.is_none(),
        delete_command: delete.as_deref().filter(|_| answer.is_some()),
        answer,
        kept_on_key: Some(kept),
        verdict: &registered.verdict,
    };
    tell(app, &view)
}

fn assert(
    app: &mut App<'_>,
    args: &RunArgs,
    server: &Server,
    session: &mut Session,
) -> Result<Exit, CliError> {
    let user_verification = args.user_verification.map(Into::into);
    let wish = AssertionWish { username: &args.user, user_verification };
    let options = session.request_options(&wish).map_err(|error| unasked(&error))?;
    let caller = Caller::new(server.origin.clone());
    let named = error_words::named("rpId", options.rp_id.as_deref());
    let request = AssertionRequest::from_options(&options, caller)
        .map_err(|error| not_for_this_origin(&error, &named, server))?;
    let rp_id = request.rp_id.to_string();
    let mut key = app.open_key()?;
    let asserted = app
        .ceremony(|context| client::assert(&mut key, context, request))
        .map_err(|error| app.failed(error_words::client(&error, key.description())))?;
    if asserted.len() > 1 {
        app.ui.warning("Several credentials on the key fit. The newest was taken.");
    }
    // There is at least one.
    let Some(newest) = asserted.into_iter().next() else {
        return Err(CliError::new(Exit::Failed, "malformed_reply", "The key asserted nothing."));
    };
    let answer = match session.assert(&document(&newest.response)?) {
        Ok(_) => None,
        Err(error) => Some(clear_no(&error).ok_or_else(|| {
            let after = "The key has signed; whether the server took it is not known.";
            error_words::remote(&error, after)
        })?),
    };
    let view = RemoteCeremonyView {
        ceremony: RemoteCeremony::Authentication,
        url: &server.url.to_string(),
        origin: &server.origin.to_string(),
        rp_id: &rp_id,
        user_name: &args.user,
        key: &key_name(key.description()),
        credential_id: &newest.response.id,
        accepted: answer.is_none(),
        answer,
        kept_on_key: None,
        delete_command: None,
        verdict: &newest.verdict,
    };
    tell(app, &view)
}

fn tell(app: &mut App<'_>, view: &RemoteCeremonyView<'_>) -> Result<Exit, CliError> {
    app.print(view, RemoteCeremonyView::text)?;
    Ok(if view.is_passed() { Exit::Done } else { Exit::Rejected })
}

/// What the server is asked to ask for.
fn selection(args: &RunArgs) -> Option<Value> {
    let mut selection = json!({});
    let members = selection.as_object_mut()?;
    if args.resident {
        members.insert("residentKey".to_owned(), "required".into());
        members.insert("requireResidentKey".to_owned(), true.into());
    }
    if let Some(choice) = args.user_verification {
        let requirement = UserVerificationRequirement::from(choice);
        members.insert("userVerification".to_owned(), requirement.text().into());
    }
    (!members.is_empty()).then_some(selection)
}

/// A response as it is sent.
fn document<T: Serialize>(response: &T) -> Result<Value, CliError> {
    serde_json::to_value(response).map_err(|error| CliError::defect(&error))
}

/// Explains an error before a key was asked.
fn unasked(error: &RemoteError) -> CliError {
    error_words::remote(error, UNTOUCHED)
}

/// Explains that a server's options are not for the page that is claimed to ask.
fn not_for_this_origin(error: &ClientError, named: &str, server: &Server) -> CliError {
    let explained = error_words::options(error, named);
    let message = format!("{} {UNTOUCHED}", explained.message.replace(" Nothing was sent.", ""));
    CliError { message, hints: Vec::new(), ..explained }.hint(format!(
        "The origin is {}; `--origin` claims another one, such as the one that the server expects.",
        server.origin
    ))
}

/// Explains why the key made no credential.
fn not_registered(error: &ClientError, key: &Key) -> CliError {
    let explained = error_words::client(error, key.description());
    if explained.status != Some(Status::CREDENTIAL_EXCLUDED) {
        return explained;
    }
    let hint = "The account has this key already. Sign in with `--assert`, or use another key.";
    CliError { hints: Vec::new(), ..explained }.hint(hint)
}

/// What the server says of its no. A server that failed may have taken the result before it did.
fn clear_no(error: &RemoteError) -> Option<Answer> {
    Answer::of(error).filter(|answer| !answer.is_failure())
}

/// How the server refused a registration; or why there was no answer, with what became of the
/// credential.
fn refusal(error: &RemoteError, delete: Option<&str>, kept: bool) -> Result<Answer, CliError> {
    if let Some(answer) = clear_no(error) {
        return Ok(answer);
    }
    let after = if kept {
        "The key has made a credential, and keeps it; whether the server took it is not known."
    } else {
        "The key has made a credential, of which it keeps nothing; whether the server took it is \
         not known."
    };
    let explained = CliError { hints: Vec::new(), ..error_words::remote(error, after) };
    let explained = explained.hint("Look whether the account has the key now.");
    Err(match delete {
        Some(command) => {
            explained.hint(format!("If it has not, `{command}` deletes the credential."))
        }
        None => explained,
    })
}

/// Whether this key keeps the credential, and longer than this program runs.
fn is_kept(
    app: &mut App<'_>,
    key: &mut Key,
    wanted: ResidentKeyRequirement,
) -> Result<bool, CliError> {
    let can =
        app.on_key(key, |key, context| Ok(key.info(context)?.options().rk() == Some(true)))?;
    let description = key.description();
    let is_thrown_away = description.kind == KeyKind::Virtual && description.path.0 == "virtual";
    Ok(!is_thrown_away
        && match wanted {
            ResidentKeyRequirement::Required => true,
            ResidentKeyRequirement::Preferred => can,
            ResidentKeyRequirement::Discouraged => false,
        })
}

/// The command that deletes a credential from the key that is used.
fn delete_command(app: &App<'_>, id: &[u8]) -> String {
    let digits: String = hex(id).chars().take(DIGITS).collect();
    let device = match &app.global.device {
        Some(device) => format!("--device {} ", shell_word(device)),
        None => String::new(),
    };
    format!("{} {device}credential delete {digits}", app.program)
}
