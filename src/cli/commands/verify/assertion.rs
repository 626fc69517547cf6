//! `fidokey verify assertion`.

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
use crate::webauthn::public_key::PublicKey;
use crate::webauthn::verify::{self, AssertionInput};
use clap::Args;
use std::path::PathBuf;

/// Verifies the response of an assertion.
#[derive(Debug, Args)]
pub(super) struct AssertionArgs {
    /// The response: an AuthenticationResponseJSON of any browser or program; `-` for standard input.
    pub file: PathBuf,
    /// What is expected.
    #[command(flatten)]
    pub expectation: ExpectationArgs,
    /// The registration: a RegistrationResponseJSON, or what `fidokey register --save` wrote; `-` for
    /// standard input.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "public_key",
        required_unless_present = "public_key"
    )]
    pub registration: Option<PathBuf>,
    /// The credential's public key, where the registration is not at hand: PEM, DER or COSE; `-` for
    /// standard input.
    #[arg(long, value_name = "FILE")]
    pub public_key: Option<PathBuf>,
    /// A credential ID in base64url that was allowed (can be repeated).
    #[arg(long, value_name = "BASE64URL", allow_hyphen_values = true, value_parser = EncodedValue)]
    pub allow: Vec<String>,
    /// No credential was named, as for a passkey: the response must have a user handle.
    #[arg(long, conflicts_with = "allow")]
    pub discoverable: bool,
    /// The account's user handle in base64url (that of the saved registration if absent).
    #[arg(long, value_name = "BASE64URL", allow_hyphen_values = true, value_parser = EncodedValue)]
    pub user_handle: Option<String>,
    /// The signature counter as it was last seen (that of the registration if absent).
    #[arg(long, value_name = "NUMBER")]
    pub sign_count: Option<u32>,
    /// The AppID, where the extension appid was asked for.
    #[arg(long, value_name = "URL")]
    pub appid: Option<String>,
}

/// Verifies the response of an assertion.
///
/// # Errors
///
/// When a flag or a file cannot be used.
pub(super) fn run(app: &mut App<'_>, args: &AssertionArgs) -> Result<Exit, CliError> {
    let files =
        [Some(args.file.as_path()), args.registration.as_deref(), args.public_key.as_deref()];
    let [bytes, registration, public_key] = read(app, files)?;
    let response = source::assertion(&args.file, &bytes.unwrap_or_default())?;
    let mut known = match (&args.registration, registration, &args.public_key, public_key) {
        (Some(path), Some(bytes), _, _) => {
            KnownRegistration::from_file(&bytes).map_err(|error| no_registration(path, &error))?
        }
        (_, _, Some(path), Some(bytes)) => {
            let key = PublicKey::from_file_bytes(&bytes);
            if let Err(error) = &key
                && !error.is_unsupported()
            {
                let name = source_name(path);
                let message = format!("{name} is not a public key. Nothing was verified.");
                return Err(CliError::usage(message)
                    .cause(error.to_string())
                    .hint("`--registration` with the registration's response does as well."));
            }
            KnownRegistration::of_key(key)
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
    let allowed: Result<Vec<_>, _> =
        args.allow.iter().map(|text| credential_id_flag("--allow", text)).collect();
    let allowed = allowed?;
    let hash = response.response.authenticator_data.as_bytes().first_chunk::<32>().copied();
    let client_data = response.response.client_data_json.as_ref();
    let client_data = args.expectation.client_data(client_data)?;
    let mut expectation = args.expectation.expectation(app, known.rp_id.as_deref(), hash)?;
    expectation.expected.app_id = args.appid.clone();
    expectation.expected.discoverable = Some(args.discoverable);
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
