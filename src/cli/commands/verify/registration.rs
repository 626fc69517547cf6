//! `fidokey verify registration`.

use super::asked::Asked;
use super::expectation::ExpectationArgs;
use super::source::{no_registration, read};
use crate::cli::app::App;
use crate::cli::commands::flag_values::parse_algorithm;
use crate::cli::commands::trust::TrustArgs;
use crate::cli::encoded_value::EncodedValue;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::files::credential_id_flag;
use crate::client::ReadRegistration;
use crate::output::verification::VerificationView;
use crate::webauthn::verify::{self, RegistrationInput};
use crate::wire::attestation_object::AttestationObject;
use crate::wire::cose::Algorithm;
use clap::Args;
use std::path::PathBuf;

/// Verifies the response of a registration.
#[derive(Debug, Args)]
pub(super) struct RegistrationArgs {
    /// The response: a RegistrationResponseJSON of any browser or program, or what
    /// `fidokey register --save` wrote; `-` for standard input.
    pub file: PathBuf,
    /// What is expected.
    #[command(flatten)]
    pub expectation: ExpectationArgs,
    /// An algorithm that was asked for: ES256, EdDSA, RS256 and so on, or any COSE number (can be
    /// repeated).
    #[arg(long = "algorithm", value_name = "ALGORITHM", allow_hyphen_values = true, value_parser = parse_algorithm, conflicts_with = "options")]
    pub algorithms: Vec<Algorithm>,
    /// A credential ID that is registered already, in hexadecimal or base64url (can be repeated).
    #[arg(long, value_name = "ID", allow_hyphen_values = true, value_parser = EncodedValue)]
    pub exclude: Vec<String>,
    /// Which attestations are believed.
    #[command(flatten)]
    pub trust: TrustArgs,
}

/// Verifies the response of a registration.
///
/// # Errors
///
/// When a flag or the file cannot be used.
pub(super) fn run(app: &mut App<'_>, args: &RegistrationArgs) -> Result<Exit, CliError> {
    let options = args.expectation.options.as_deref();
    let [bytes, asked] = read(app, [Some(&args.file), options])?;
    let bytes = bytes.unwrap_or_default();
    let asked = options.zip(asked).map(|(path, bytes)| Asked::of_creation(path, &bytes));
    let asked = asked.transpose()?;
    let registration =
        ReadRegistration::from_file(&bytes).map_err(|error| no_registration(&args.file, &error))?;
    let response = &registration.response.response;
    let object = response.attestation_object.as_bytes();
    let data = AttestationObject::parse(object).ok().map(|object| object.authenticator_data);
    let hash = data.as_ref().and_then(|data| data.first_chunk::<32>()).copied();
    let expectation = &args.expectation;
    let client_data = expectation.client_data(response.client_data_json.as_ref())?;
    let mut expectation =
        expectation.expectation(app, asked.as_ref(), registration.rp_id.as_deref(), hash)?;
    let of_options = asked.as_ref().map(|asked| asked.algorithms.clone());
    expectation.expected.algorithms = of_options.unwrap_or_else(|| args.algorithms.clone());
    let mut taken = asked.map(|asked| asked.listed).unwrap_or_default();
    for text in &args.exclude {
        taken.push(credential_id_flag("--exclude", text)?);
    }
    expectation.expected.taken = Some(taken).filter(|taken| !taken.is_empty());
    let trust = args.trust.read(app)?;
    let verdict = verify::registration(&RegistrationInput {
        client_data,
        attestation_object: object,
        document: Some(&registration.response),
        expected: &expectation.expected,
    });
    let verdict = trust.judge(verdict, None);
    let view = VerificationView::of_registration(
        &verdict,
        &expectation.expected.rp_id,
        expectation.rp_id_source,
    )
    .naming_model(&app.model_names());
    app.print(&view, VerificationView::text)?;
    Ok(if verdict.is_accepted() { Exit::Done } else { Exit::Rejected })
}
