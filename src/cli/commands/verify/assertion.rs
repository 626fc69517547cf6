//! `fidokey verify assertion`.

use super::asked::Asked;
use super::expectation::ExpectationArgs;
use super::source::{self, no_registration, read};
use crate::cli::app::App;
use crate::cli::commands::input_files::source_name;
use crate::cli::encoded_value::EncodedValue;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::files::{base64_flag, credential_id_flag};
use crate::client::KnownRegistration;
use crate::output::verification::VerificationView;
use crate::webauthn::verify::{self, AssertionInput};
use clap::{ArgGroup, Args};
use std::path::PathBuf;

/// Verifies the response of an assertion.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("known").args(["registration", "public_key"]).required(true))]
pub(super) struct AssertionArgs {
    /// The response: an AuthenticationResponseJSON of any browser or program; `-` for standard input.
    pub file: PathBuf,
    /// What is expected.
    #[command(flatten)]
    pub expectation: ExpectationArgs,
    /// The registration: a RegistrationResponseJSON, or what `fidokey register --save` wrote; `-` for
    /// standard input.
    #[arg(long, value_name = "FILE")]
    pub registration: Option<PathBuf>,
    /// The credential's public key, where the registration is not at hand: PEM, DER or COSE; `-` for
    /// standard input.
    #[arg(long, value_name = "FILE")]
    pub public_key: Option<PathBuf>,
    /// A credential ID that was allowed, in hexadecimal or base64url (can be repeated).
    #[arg(long, value_name = "ID", allow_hyphen_values = true, value_parser = EncodedValue, conflicts_with = "options")]
    pub allow: Vec<String>,
    /// No credential was named, as for a passkey: the response must have a user handle.
    #[arg(long, conflicts_with_all = ["allow", "options"])]
    pub discoverable: bool,
    /// The account's user handle in base64url (that of the saved registration if absent).
    #[arg(long, value_name = "BASE64URL", allow_hyphen_values = true, value_parser = EncodedValue)]
    pub user_handle: Option<String>,
    /// The signature counter as it was last seen (that of the registration if absent).
    #[arg(long, value_name = "NUMBER")]
    pub sign_count: Option<u32>,
    /// The AppID, where the extension appid was asked for.
    #[arg(long, value_name = "URL", conflicts_with = "options")]
    pub appid: Option<String>,
}

/// Verifies the response of an assertion.
///
/// # Errors
///
/// When a flag or a file cannot be used.
pub(super) fn run(app: &mut App<'_>, args: &AssertionArgs) -> Result<Exit, CliError> {
    let options = args.expectation.options.as_deref();
    let files = [
        Some(args.file.as_path()),
        args.registration.as_deref(),
        args.public_key.as_deref(),
        options,
    ];
    let [bytes, registration, public_key, asked] = read(app, files)?;
    let asked = options.zip(asked).map(|(path, bytes)| Asked::of_request(path, &bytes));
    let asked = asked.transpose()?;
    let response = source::assertion(&args.file, &bytes.unwrap_or_default())?;
    let mut known = match (&args.registration, registration, &args.public_key, public_key) {
        (Some(path), Some(bytes), _, _) => {
            KnownRegistration::from_file(&bytes).map_err(|error| no_registration(path, &error))?
        }
        (_, _, Some(path), Some(bytes)) => {
            KnownRegistration::from_key_file(&bytes).map_err(|error| {
                let name = source_name(path);
                CliError::usage(format!("{name} is not a public key. Nothing was verified."))
                    .cause(error.to_string())
                    .hint("`--registration` with the registration's response does as well.")
            })?
        }
        _ => {
            return Err(CliError::usage("There is nothing to verify the signature with.")
                .hint("Give `--registration` or `--public-key`."));
        }
    };
    if let Some(text) = &args.user_handle {
        known.user_handle = Some(base64_flag("--user-handle", text)?);
    }
    known.sign_count = args.sign_count.or(known.sign_count);
    let allowed = match &asked {
        Some(asked) => asked.listed.clone(),
        None => {
            let named = args.allow.iter().map(|text| credential_id_flag("--allow", text));
            named.collect::<Result<Vec<_>, _>>()?
        }
    };
    let hash = response.response.authenticator_data.as_bytes().first_chunk::<32>().copied();
    let client_data = response.response.client_data_json.as_ref();
    let client_data = args.expectation.client_data(client_data)?;
    let mut expectation =
        args.expectation.expectation(app, asked.as_ref(), known.rp_id.as_deref(), hash)?;
    let app_id = asked.as_ref().map_or_else(|| args.appid.clone(), |asked| asked.app_id.clone());
    // An empty one is the origin that asks (FIDO AppID and Facet Specification section 3.1.2).
    let origin = expectation.expected.origins.first().cloned();
    expectation.expected.app_id =
        app_id.map(|id| if id.is_empty() { origin.unwrap_or_default() } else { id });
    let discoverable = asked.as_ref().map_or(args.discoverable, |asked| asked.listed.is_empty());
    expectation.expected.discoverable = Some(discoverable);
    let verdict = verify::assertion(&AssertionInput {
        client_data,
        authenticator_data: response.response.authenticator_data.as_bytes(),
        signature: response.response.signature.as_bytes(),
        credential_id: response.raw_id.as_bytes(),
        user_handle: response.response.user_handle.as_ref().map(|handle| handle.as_bytes()),
        allowed: &allowed,
        known: known.known(),
        document: Some(&response),
        expected: &expectation.expected,
    });
    let view = VerificationView::of_assertion(
        &verdict,
        &expectation.expected.rp_id,
        expectation.rp_id_source,
    );
    app.print(&view, VerificationView::text)?;
    Ok(if verdict.is_accepted() { Exit::Done } else { Exit::Rejected })
}
