//! `fidokey register`.

use super::client_data::{ClientDataArgs, random};
use super::ending::Ending;
use super::flag_values::{VerificationChoice, parse_algorithm};
use super::input_files::check_stdin;
use super::options::{self, PrfDestination};
use super::result_files::{check_files, given, is_stdout, prf_secrets};
use super::trust::TrustArgs;
use crate::cli::app::App;
use crate::cli::encoded_value::EncodedValue;
use crate::cli::error::CliError;
use crate::cli::error_words;
use crate::cli::exit::Exit;
use crate::cli::files::{base64_flag, credential_id_flag};
use crate::cli::foresight::with_reasons;
use crate::client::{self, RegistrationRequest, SavedRegistration};
use crate::ctap::extensions::{CredentialProtection, RegistrationExtensions};
use crate::ctap::make_credential::EnterpriseAttestation;
use crate::ctap::{SecretBytes, UserEntity};
use crate::output::json;
use crate::output::text::escape;
use crate::output::verdict::RegistrationView;
use crate::webauthn::json::graph::{GraphFido2Method, MAX_DISPLAY_NAME};
use crate::webauthn::json::options::ResidentKeyRequirement;
use crate::wire::cose::Algorithm;
use crate::wire::text::hex;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Registers a credential and verifies the result before printing it.
///
/// What is asked for comes from flags, or with --options from the JSON that a relying party's
/// server sends. With --json, stdout carries the WebAuthn RegistrationResponseJSON alone, and the
/// verdict goes to stderr or to --report.
#[derive(Debug, Args)]
pub struct RegisterArgs {
    /// What to ask for, as WebAuthn's options in JSON: a server's PublicKeyCredentialCreationOptions,
    /// bare, under `publicKey`, or as Microsoft Graph sends them; `-` for standard input.
    #[arg(long, value_name = "FILE")]
    pub options: Option<PathBuf>,
    /// The relying party's ID, such as `example.com`.
    #[arg(
        long = "rp",
        value_name = "ID",
        required_unless_present_any = ["options", "graph"],
        conflicts_with = "options"
    )]
    pub rp: Option<String>,
    /// The relying party's name.
    #[arg(long, value_name = "NAME", conflicts_with = "options")]
    pub rp_name: Option<String>,
    /// The account's name, such as `alice@example.com`.
    #[arg(
        long = "user",
        value_name = "NAME",
        value_parser = NonEmptyStringValueParser::new(),
        required_unless_present_any = ["options", "graph"],
        conflicts_with = "options"
    )]
    pub user: Option<String>,
    /// The account's ID in base64url (random if absent).
    #[arg(long, value_name = "BASE64URL", allow_hyphen_values = true, value_parser = EncodedValue, conflicts_with = "options")]
    pub user_id: Option<String>,
    /// The person's name as services show it (the account's name if absent); with --graph, the
    /// key's name in the person's list of sign-in methods.
    #[arg(long, value_name = "NAME")]
    pub display_name: Option<String>,
    /// Keep the credential on the key (a passkey), so that signing in needs no account name.
    #[arg(long, conflicts_with = "options")]
    pub resident: bool,
    /// Whether the person is verified by PIN or fingerprint.
    #[arg(long, value_name = "WHEN", default_value = "preferred", conflicts_with = "options")]
    pub user_verification: VerificationChoice,
    /// An acceptable algorithm: ES256, EdDSA, ES384, RS256 or any COSE number (can be repeated;
    /// best first; ES256, EdDSA and RS256 if absent).
    #[arg(long = "algorithm", value_name = "ALGORITHM", allow_hyphen_values = true, value_parser = parse_algorithm, conflicts_with = "options")]
    pub algorithms: Vec<Algorithm>,
    /// A credential ID that the key must not hold already, in hexadecimal or base64url (can be repeated).
    #[arg(long, value_name = "ID", allow_hyphen_values = true, value_parser = EncodedValue, conflicts_with = "options")]
    pub exclude: Vec<String>,
    /// The client data.
    #[command(flatten)]
    pub client_data: ClientDataArgs,
    /// Extension credProtect: who may use or see the credential later.
    #[arg(long, value_name = "LEVEL", conflicts_with = "options")]
    pub cred_protect: Option<ProtectionChoice>,
    /// Extension hmac-secret: let the credential derive secrets.
    #[arg(long, conflicts_with = "options")]
    pub hmac_secret: bool,
    /// Extension credBlob: keep a few bytes with the credential, in base64url.
    #[arg(long, value_name = "BASE64URL", allow_hyphen_values = true, value_parser = EncodedValue, conflicts_with = "options")]
    pub cred_blob: Option<String>,
    /// Extension minPinLength: ask for the key's minimum PIN length.
    #[arg(long, conflicts_with = "options")]
    pub min_pin_length: bool,
    /// Extension largeBlobKey: give the credential a key for large blobs.
    #[arg(long, requires = "resident", conflicts_with = "options")]
    pub large_blob_key: bool,
    /// Ask for an enterprise attestation, which names this one key, whether the options do or not.
    #[arg(long, value_name = "WHO")]
    pub enterprise_attestation: Option<EnterpriseChoice>,
    /// Say why the registration would fail, rule by rule, and make nothing: no touch, no PIN try.
    #[arg(long, conflicts_with_all = ["save", "report"])]
    pub explain: bool,
    /// Which attestations are believed.
    #[command(flatten)]
    pub trust: TrustArgs,
    /// Save the registration, for `fidokey assert --registration`.
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// Write the verdict as JSON.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Write secrets - the large-blob key, what `prf` gave - to a file that only you can read, or to
    /// standard output with `-`.
    #[arg(long, value_name = "FILE")]
    pub secret_out: Option<PathBuf>,
    /// Put the secrets that the extension prf gives into the response, where the relying party
    /// expects them.
    #[arg(long, requires = "options")]
    pub prf_in_response: bool,
    /// Print what Microsoft Graph's `POST /users/ID/authentication/fido2Methods` takes, in place of
    /// the response.
    #[arg(long, requires_all = ["options", "display_name"])]
    pub graph: bool,
}

/// Who may use or see a credential later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProtectionChoice {
    /// Anybody who holds the key.
    #[value(alias = "1")]
    Optional,
    /// Without the PIN, only somebody who knows the credential's ID.
    #[value(alias = "2")]
    OptionalWithList,
    /// Only with the PIN or another user verification.
    #[value(alias = "3")]
    Required,
}

/// Who decides on an enterprise attestation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EnterpriseChoice {
    /// The key, by the list of relying parties that its vendor put on it.
    Vendor,
    /// The platform, which is this program.
    Platform,
}

impl From<ProtectionChoice> for CredentialProtection {
    fn from(choice: ProtectionChoice) -> Self {
        match choice {
            ProtectionChoice::Optional => Self::OPTIONAL,
            ProtectionChoice::OptionalWithList => Self::OPTIONAL_WITH_CREDENTIAL_ID_LIST,
            ProtectionChoice::Required => Self::REQUIRED,
        }
    }
}

impl From<EnterpriseChoice> for EnterpriseAttestation {
    fn from(choice: EnterpriseChoice) -> Self {
        match choice {
            EnterpriseChoice::Vendor => Self::VendorFacilitated,
            EnterpriseChoice::Platform => Self::PlatformManaged,
        }
    }
}

/// What is registered when no algorithm is asked for, best first.
const USUAL_ALGORITHMS: [Algorithm; 3] = [Algorithm::ES256, Algorithm::EDDSA, Algorithm::RS256];

impl RegisterArgs {
    /// The files that are read, apart from those of trust.
    fn read(&self) -> [(&str, &Option<PathBuf>); 2] {
        [("--options", &self.options), ("--related-origins", &self.client_data.related_origins)]
    }
}

/// Registers a credential.
///
/// # Errors
///
/// When the flags are wrong, the ceremony fails, or a file cannot be written.
pub fn run(app: &mut App<'_>, args: &RegisterArgs) -> Result<Exit, CliError> {
    check_stdin(app, given(args.read()).chain(args.trust.files()))?;
    check_flags(args)?;
    let request = request(app, args)?;
    let wishes = request.wishes();
    if args.explain {
        return app.foresee(&wishes);
    }
    let secret_to_stdout = args.secret_out.as_deref().is_some_and(is_stdout);
    if secret_to_stdout && args.save.is_none() {
        return Err(CliError::usage(
            "`--secret-out -` leaves standard output to the secret, and the registration would be \
             lost. Nothing was sent.",
        )
        .hint("Keep the registration with `--save FILE`, or write the secret to a file."));
    }
    check_files(
        app,
        given(args.read()).chain(args.trust.files()),
        [("--save", &args.save), ("--report", &args.report), ("--secret-out", &args.secret_out)],
    )?;
    let trust = args.trust.read(app)?;
    let stays = request.resident_key != ResidentKeyRequirement::Discouraged;
    let mut key = app.open_key()?;
    // With an ID that nobody else was given, it is the first.
    let replaces = request.resident_key == ResidentKeyRequirement::Required
        && (args.options.is_some() || args.user_id.is_some());
    let names = [&request.user.name, &request.user.display_name, &request.rp_name];
    let names: Vec<String> = names.into_iter().flatten().cloned().collect();
    let may_be_cut = app.warn_of_long_names(key.description(), names.iter());
    let mut registered =
        app.ceremony(|context| client::register(&mut key, context, request)).map_err(|error| {
            let explained = error_words::client(&error, key.description());
            app.failed(with_reasons(explained, &error, &wishes, &key))
        })?;
    registered.verdict = trust.judge(registered.verdict, key.known_info());
    let document = |json: Result<String, _>| json.map_err(|error| CliError::defect(&error));
    // Without the secrets of prf, whatever the relying party gets.
    let saved = match args.save.as_deref() {
        Some(path) => Some((path, document(json::bare(&SavedRegistration::of(&registered)))?)),
        None => None,
    };
    if args.prf_in_response {
        registered.put_prf_in_response();
    }
    let view = RegistrationView::of(&registered, may_be_cut, &app.model_names());
    let answer = if args.graph {
        let name = args.display_name.as_deref().unwrap_or_default();
        document(json::bare(&GraphFido2Method::new(name, &registered.response)))?
    } else if app.global.json {
        document(json::bare(&registered.response))?
    } else {
        view.text()
    };
    let mut secrets = Vec::new();
    secrets.extend(registered.large_blob_key.as_ref().map(|key| ("large_blob_key", key)));
    secrets.extend(registered.prf.iter().flat_map(prf_secrets));
    let ending = Ending {
        made: "The credential",
        answer,
        is_for_program: app.global.json || args.graph,
        verdict: view.verdict_text(),
        notes: app.few_tries(key.description()).into_iter().collect(),
        saved,
        undo: stays.then(|| {
            let id = hex(registered.response.raw_id.as_bytes());
            format!("`fidokey credential delete {id}` takes it off the key again.")
        }),
        report: args.report.as_deref(),
        view: &view,
        secret_out: args.secret_out.as_deref(),
        secrets,
    };
    ending.carry_out(app)?;
    if replaces {
        app.ui.status(&format!(
            "If the key held another passkey of this account at {}, this one has taken its place.",
            escape(&registered.rp_id)
        ));
    }
    app.warn_of_throw_away(key.description());
    Ok(if view.accepted() { Exit::Done } else { Exit::Rejected })
}

/// Checks what flags mean together where that depends on more than two of them.
fn check_flags(args: &RegisterArgs) -> Result<(), CliError> {
    if args.secret_out.is_some() && args.options.is_none() && !args.large_blob_key {
        return Err(CliError::usage("`--secret-out` has no secret to write. Nothing was sent.")
            .hint("Secrets come with `--large-blob-key` or `--options`."));
    }
    if args.options.is_some() && args.display_name.is_some() && !args.graph {
        return Err(CliError::usage(
            "The options say the person's name, and `--display-name` says another. Nothing was \
             sent.",
        )
        .hint("With `--options`, `--display-name` goes with `--graph`."));
    }
    Ok(())
}

fn request(app: &mut App<'_>, args: &RegisterArgs) -> Result<RegistrationRequest, CliError> {
    let mut request = match (&args.options, &args.rp, &args.user) {
        (Some(path), _, _) => {
            let prf = PrfDestination {
                in_response: args.prf_in_response || args.explain,
                in_file: args.secret_out.is_some(),
            };
            options::registration(app, path, &args.client_data, &prf)?
        }
        (None, Some(rp), Some(user)) => from_flags(app, args, rp, user)?,
        // Ruled out by the flags' own rules.
        (None, ..) => return Err(CliError::usage("`--rp` and `--user` are needed.")),
    };
    request.enterprise_attestation = args.enterprise_attestation.map(Into::into);
    let name = args.display_name.as_deref().filter(|_| args.graph).unwrap_or_default();
    if name.chars().count() > MAX_DISPLAY_NAME {
        app.ui.warning(&format!(
            "Microsoft Graph is known to refuse names of more than {MAX_DISPLAY_NAME} characters."
        ));
    }
    Ok(request)
}

fn from_flags(
    app: &mut App<'_>,
    args: &RegisterArgs,
    rp: &str,
    user: &str,
) -> Result<RegistrationRequest, CliError> {
    let (rp_id, client_data) = args.client_data.for_relying_party(app, rp)?;
    let user_id = match &args.user_id {
        Some(text) => base64_flag("--user-id", text)?,
        None => random(app)?,
    };
    if user_id.is_empty() || user_id.len() > 64 {
        return Err(CliError::usage(format!(
            "`--user-id` needs 1 to 64 bytes, and has {}. Nothing was sent.",
            user_id.len()
        ))
        .hint("Without `--user-id` a random one is made."));
    }
    let exclude: Result<_, _> =
        args.exclude.iter().map(|text| credential_id_flag("--exclude", text)).collect();
    let cred_blob = args.cred_blob.as_deref().map(|text| base64_flag("--cred-blob", text));
    let algorithms = if args.algorithms.is_empty() {
        USUAL_ALGORITHMS.to_vec()
    } else {
        args.algorithms.clone()
    };
    let display_name = args.display_name.as_deref().unwrap_or(user);
    let user = UserEntity {
        id: user_id,
        name: Some(user.to_owned()),
        display_name: Some(display_name.to_owned()),
    };
    let resident_key = if args.resident {
        ResidentKeyRequirement::Required
    } else {
        ResidentKeyRequirement::Discouraged
    };
    Ok(RegistrationRequest {
        rp_name: Some(args.rp_name.clone().unwrap_or_else(|| rp_id.to_string())),
        algorithms,
        exclude: exclude?,
        resident_key,
        user_verification: args.user_verification.into(),
        extensions: RegistrationExtensions {
            cred_protect: args.cred_protect.map(Into::into),
            hmac_secret: args.hmac_secret,
            cred_blob: cred_blob.transpose()?.map(|bytes| SecretBytes::copy_of(&bytes)),
            large_blob_key: args.large_blob_key,
            min_pin_length: args.min_pin_length,
            ..RegistrationExtensions::default()
        },
        ..RegistrationRequest::new(rp_id, user, client_data)
    })
}
