//! `fidokey assert`.

use super::client_data::ClientDataArgs;
use super::ending::Ending;
use super::flag_values::VerificationChoice;
use super::input_files::{check_stdin, read_input, source_name};
use super::options::{self, PrfDestination};
use super::result_files::{check_files, given, prf_secrets};
use crate::cli::app::App;
use crate::cli::encoded_value::EncodedValue;
use crate::cli::error::CliError;
use crate::cli::error_words;
use crate::cli::exit::Exit;
use crate::cli::files::{credential_id_flag, hash_flag};
use crate::cli::foresight::with_reasons;
use crate::client::{self, Asserted, AssertionRequest, KnownRegistration};
use crate::ctap::SecretBytes;
use crate::ctap::hmac_secret::HmacSalts;
use crate::output::verdict::{AccountChoice, AssertionView, ChosenBy, account};
use crate::output::{json, text};
use crate::wire::text::hex;
use clap::{ArgGroup, Args};
use std::path::PathBuf;

/// Makes an assertion and verifies it before printing it.
///
/// What is asked for comes from flags, or with --options from the JSON that a relying party's
/// server sends. With --json, stdout carries the WebAuthn AuthenticationResponseJSON alone, and the verdict goes
/// to stderr or to --report. The signature is checked when the public key is known from
/// --registration or --public-key.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("relying_party")
    .args(["options", "rp", "registration"])
    .required(true)
    .multiple(true))]
pub struct AssertArgs {
    /// What to ask for, as WebAuthn's options in JSON: a server's PublicKeyCredentialRequestOptions,
    /// bare or under `publicKey`; `-` for standard input.
    #[arg(long, value_name = "FILE")]
    pub options: Option<PathBuf>,
    /// The relying party's ID, such as `example.com` (that of the saved registration if absent).
    #[arg(long = "rp", value_name = "ID", conflicts_with = "options")]
    pub rp: Option<String>,
    /// An acceptable credential ID, in hexadecimal or base64url (can be repeated; any resident one if absent).
    #[arg(long, value_name = "ID", allow_hyphen_values = true, value_parser = EncodedValue, conflicts_with = "options")]
    pub allow: Vec<String>,
    /// Whether the person is verified by PIN or fingerprint.
    #[arg(long, value_name = "WHEN", default_value = "preferred", conflicts_with = "options")]
    pub user_verification: VerificationChoice,
    /// Do not ask for a touch.
    #[arg(long)]
    pub no_user_presence: bool,
    /// The client data.
    #[command(flatten)]
    pub client_data: ClientDataArgs,
    /// The registration that `fidokey register --save` wrote, or a RegistrationResponseJSON;
    /// `-` for standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "public_key")]
    pub registration: Option<PathBuf>,
    /// The credential's public key: PEM, DER or COSE; `-` for standard input.
    #[arg(long, value_name = "FILE")]
    pub public_key: Option<PathBuf>,
    /// Where several accounts fit, take this one, counted from 1.
    #[arg(long, value_name = "NUMBER", value_parser = parse_number)]
    pub choose: Option<usize>,
    /// Extension hmac-secret: derive a secret from this salt of 32 bytes, in base64url or
    /// hexadecimal.
    #[arg(long, value_name = "SALT", allow_hyphen_values = true, value_parser = EncodedValue, requires = "secret_out", conflicts_with = "options")]
    pub hmac_salt: Option<String>,
    /// A second salt, for a second secret.
    #[arg(long, value_name = "SALT", allow_hyphen_values = true, value_parser = EncodedValue, requires = "hmac_salt")]
    pub hmac_salt2: Option<String>,
    /// Extension credBlob: ask for the bytes kept with the credential.
    #[arg(long, conflicts_with = "options")]
    pub get_cred_blob: bool,
    /// Extension largeBlobKey: ask for the key of the credential's large blob.
    #[arg(long, requires = "secret_out", conflicts_with = "options")]
    pub large_blob_key: bool,
    /// Say why the assertion would fail, rule by rule, and make none: no touch, no PIN try.
    #[arg(long, conflicts_with_all = ["save", "report"])]
    pub explain: bool,
    /// Write derived secrets to a file that only you can read, or to standard output with `-`
    /// (instead of the answer).
    #[arg(long, value_name = "FILE")]
    pub secret_out: Option<PathBuf>,
    /// Put the secrets that the extension prf gives into the response, where the relying party
    /// expects them.
    #[arg(long, requires = "options")]
    pub prf_in_response: bool,
    /// Save the response, for `fidokey verify assertion`.
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// Write the verdict as JSON.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

impl AssertArgs {
    /// The files that are read.
    fn read(&self) -> [(&str, &Option<PathBuf>); 4] {
        [
            ("--options", &self.options),
            ("--registration", &self.registration),
            ("--public-key", &self.public_key),
            ("--related-origins", &self.client_data.related_origins),
        ]
    }
}

/// Makes an assertion.
///
/// # Errors
///
/// When the flags are wrong, the ceremony fails, or a file cannot be written.
pub fn run(app: &mut App<'_>, args: &AssertArgs) -> Result<Exit, CliError> {
    check_stdin(app, given(args.read()))?;
    check_flags(args)?;
    let request = request(app, args)?;
    let wishes = request.wishes();
    if args.explain {
        return app.foresee(&wishes);
    }
    check_files(
        app,
        given(args.read()),
        [("--save", &args.save), ("--report", &args.report), ("--secret-out", &args.secret_out)],
    )?;
    let mut key = app.open_key()?;
    let asserted =
        app.ceremony(|context| client::assert(&mut key, context, request)).map_err(|error| {
            let explained = error_words::client(&error, key.description());
            app.failed(with_reasons(explained, &error, &wishes, &key))
        })?;
    let (mut chosen, choice) = choose(app, args, asserted)?;
    if let Some(problem) = &chosen.large_blob_problem {
        let problem = text::escape(&problem.to_string());
        app.ui.warning(&format!("The large blob was neither read nor written: {problem}."));
    }
    let document = |json: Result<String, _>| json.map_err(|error| CliError::defect(&error));
    // Without the secrets of prf, whatever the relying party gets.
    let saved = match args.save.as_deref() {
        Some(path) => Some((path, document(json::bare(&chosen.response))?)),
        None => None,
    };
    if args.prf_in_response {
        chosen.put_prf_in_response();
    }
    let view = AssertionView::of(&chosen, &choice);
    let answer =
        if app.global.json { document(json::bare(&chosen.response))? } else { view.text() };
    let notes = app.few_tries(key.description()).into_iter().chain(choice.note());
    let ending = Ending {
        made: "The assertion",
        answer,
        is_for_program: app.global.json,
        verdict: view.verdict_text(),
        notes: notes.collect(),
        saved,
        undo: None,
        report: args.report.as_deref(),
        view: &view,
        secret_out: args.secret_out.as_deref(),
        secrets: secrets(&chosen, args.options.is_some()),
    };
    ending.carry_out(app)?;
    Ok(if view.accepted() { Exit::Done } else { Exit::Rejected })
}

/// Checks what flags mean together where that depends on more than two of them.
fn check_flags(args: &AssertArgs) -> Result<(), CliError> {
    let asks = args.options.is_some()
        || args.hmac_salt.is_some()
        || args.large_blob_key
        || args.get_cred_blob;
    if args.secret_out.is_some() && !asks {
        return Err(CliError::usage("`--secret-out` has no secret to write. Nothing was sent.")
            .hint(
                "Secrets come with `--hmac-salt`, `--large-blob-key`, `--get-cred-blob` or \
                 `--options`.",
            ));
    }
    Ok(())
}

/// What an assertion gave that is secret, by the names in a file of secrets.
fn secrets(asserted: &Asserted, from_options: bool) -> Vec<(&'static str, &SecretBytes)> {
    let mut secrets = Vec::new();
    if let Some(outputs) = &asserted.hmac_secret {
        if from_options {
            secrets.extend(prf_secrets(outputs));
        } else {
            secrets.push(("hmac_secret", &outputs.first));
            secrets.extend(outputs.second.as_ref().map(|second| ("hmac_secret_2", second)));
        }
    }
    secrets.extend(asserted.large_blob_key.as_ref().map(|key| ("large_blob_key", key)));
    secrets.extend(asserted.cred_blob.as_ref().map(|blob| ("cred_blob", blob)));
    secrets
}

fn parse_number(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "accounts are counted from 1".to_owned())
}

fn request(app: &mut App<'_>, args: &AssertArgs) -> Result<AssertionRequest, CliError> {
    let known = known(app, args)?;
    let saved_rp = known.as_ref().and_then(|known| known.rp_id.clone());
    let mut request = match (&args.options, args.rp.as_ref().or(saved_rp.as_ref())) {
        (Some(path), _) => {
            let prf = PrfDestination {
                in_response: args.prf_in_response || args.explain,
                in_file: args.secret_out.is_some(),
            };
            options::assertion(app, path, &args.client_data, &prf)?
        }
        (None, Some(rp)) => from_flags(app, args, rp)?,
        (None, None) => {
            let message = "The registration does not say its relying party. Nothing was sent.";
            return Err(CliError::usage(message).hint("Add `--rp ID`."));
        }
    };
    request.user_presence = !args.no_user_presence;
    check_relying_party(args, known.as_ref(), &request)?;
    request.known = known;
    // A credential that is not kept on the key is only found when its ID is sent along.
    if args.options.is_none() && request.allow.is_empty() {
        request.allow.extend(request.known.as_ref().and_then(|known| known.credential_id.clone()));
    }
    Ok(request)
}

fn from_flags(
    app: &mut App<'_>,
    args: &AssertArgs,
    rp: &str,
) -> Result<AssertionRequest, CliError> {
    let (rp_id, client_data) = args.client_data.for_relying_party(app, rp)?;
    let mut allow = Vec::new();
    for text in &args.allow {
        allow.push(credential_id_flag("--allow", text)?);
    }
    let hmac_secret = match (&args.hmac_salt, &args.hmac_salt2) {
        (Some(first), second) => {
            let first = hash_flag("--hmac-salt", first)?;
            let second =
                second.as_deref().map(|text| hash_flag("--hmac-salt2", text)).transpose()?;
            Some(HmacSalts::new(&first, second.as_ref()))
        }
        (None, _) => None,
    };
    Ok(AssertionRequest {
        allow,
        user_verification: args.user_verification.into(),
        hmac_secret,
        get_cred_blob: args.get_cred_blob,
        large_blob_key: args.large_blob_key,
        ..AssertionRequest::new(rp_id, client_data)
    })
}

/// What is known of the credential since its registration, from the file that a flag names.
fn known(app: &mut App<'_>, args: &AssertArgs) -> Result<Option<KnownRegistration>, CliError> {
    Ok(match (&args.registration, &args.public_key) {
        (Some(path), _) => {
            let known = KnownRegistration::from_file(&read_input(app, path)?);
            Some(known.map_err(|error| {
                CliError::usage(format!("{} cannot be used. Nothing was sent.", source_name(path)))
                    .cause(error.to_string())
                    .hint("Give the file that `fidokey register --save` wrote.")
            })?)
        }
        (None, Some(path)) => {
            let known = KnownRegistration::from_key_file(&read_input(app, path)?);
            Some(known.map_err(|error| {
                let message =
                    format!("{} is not a public key. Nothing was sent.", source_name(path));
                CliError::usage(message).cause(error.to_string()).hint(
                    "`--registration` with what `fidokey register --save` wrote does as well.",
                )
            })?)
        }
        (None, None) => None,
    })
}

/// Refuses the registration of another relying party than the one that is asked for.
fn check_relying_party(
    args: &AssertArgs,
    known: Option<&KnownRegistration>,
    request: &AssertionRequest,
) -> Result<(), CliError> {
    let rp_id = &request.rp_id;
    let other = known.and_then(|known| known.rp_id.as_ref());
    let (Some(path), Some(other)) = (&args.registration, other) else { return Ok(()) };
    if *other == rp_id.to_string() {
        return Ok(());
    }
    let name = source_name(path);
    let other = text::escape(other);
    let flag = if args.options.is_some() { "the options name" } else { "`--rp` names" };
    Err(CliError::usage(format!(
        "{name} is a registration at {other}, and {flag} {rp_id}. Nothing was sent."
    ))
    .hint("Give the registration that belongs to this relying party."))
}

/// Takes one of several assertions: the one that `--choose` names, the one that the person
/// chooses, or the newest with a word about the others.
fn choose(
    app: &mut App<'_>,
    args: &AssertArgs,
    mut asserted: Vec<Asserted>,
) -> Result<(Asserted, AccountChoice), CliError> {
    let count = asserted.len();
    let mut accounts = format!("{count} accounts fit:\n");
    let names: Vec<String> = asserted.iter().map(|one| account(one.user.as_ref())).collect();
    for (number, (one, name)) in (1..).zip(asserted.iter().zip(&names)) {
        accounts.push_str(&format!("  {number}  {name}"));
        // Accounts of one name are told apart by how their credentials are listed.
        if names.iter().filter(|other| *other == name).count() > 1 {
            let id: String = hex(one.response.raw_id.as_bytes()).chars().take(8).collect();
            accounts.push_str(&format!("  {id}"));
        }
        accounts.push('\n');
    }
    let (number, by) = match args.choose {
        Some(number) => (number, ChosenBy::Flag),
        None if count == 1 => (1, ChosenBy::OnlyOne),
        // What belongs to a question goes where the question goes, wherever stderr leads.
        None => match app.choose(&format!("{accounts}Which one? [1-{count}] "), count)? {
            Some(number) => (number, ChosenBy::Person),
            None => {
                app.ui.status(accounts.trim_end());
                app.ui.warning("The newest account was taken.");
                app.ui.hint("`--choose NUMBER` takes another one.");
                (1, ChosenBy::Newest)
            }
        },
    };
    let position = number.checked_sub(1).filter(|position| *position < count);
    let Some(position) = position else {
        let fit = text::count(count, "account fits", "accounts fit");
        let message = format!("There is no account number {number}: {fit}. Nothing was changed.");
        return Err(CliError::new(Exit::NoMatch, "no_match", message)
            .hint("Run the command again without `--choose` to see them all."));
    };
    Ok((asserted.swap_remove(position), AccountChoice { accounts: count, number, by }))
}
