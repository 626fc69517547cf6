//! What `register` and `assert` do with `--options`.

use super::client_data::ClientDataArgs;
use super::input_files::{hint_of_bytes, is_stdin, read_input, source_name};
use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::error_words;
use crate::client::{AssertionRequest, RegistrationRequest};
use crate::output::text::escape;
use crate::webauthn::json::options::{
    AuthenticatorAttachment, CreationOptionsJson, ExtensionInputsJson, OptionsError,
    RequestOptionsJson,
};
use crate::webauthn::json::{DocumentError, recognise};
use std::path::Path;
use std::time::Duration;

/// The shortest and the longest time that a relying party's `timeout` may set for a touch: a person
/// has to find the key, and nobody waits all day (WebAuthn Level 3 section 15.1).
const SHORTEST: Duration = Duration::from_secs(15);
const LONGEST: Duration = Duration::from_secs(600);

/// Where the outputs of `prf` go, as far as flags say.
pub(super) struct PrfDestination {
    /// `--prf-in-response`.
    pub(super) in_response: bool,
    /// `--secret-out`.
    pub(super) in_file: bool,
}

impl PrfDestination {
    /// Makes sure that secrets which options ask for are not lost, nor shown unasked.
    fn check(&self, inputs: &ExtensionInputsJson) -> Result<(), CliError> {
        let evaluates = inputs
            .prf
            .as_ref()
            .is_some_and(|prf| prf.eval.is_some() || !prf.eval_by_credential.is_empty());
        if !evaluates || self.in_response || self.in_file {
            return Ok(());
        }
        Err(CliError::usage(
            "The options ask for secrets (the extension prf), and it was not said where to put \
             them. Nothing was sent.",
        )
        .hint("`--prf-in-response` puts them into the response, where the relying party expects them.")
        .hint("`--secret-out FILE` puts them into a file that only you can read."))
    }
}

/// The request that `register --options` makes.
///
/// # Errors
///
/// When the options cannot be read, or break a rule.
pub(super) fn registration(
    app: &mut App<'_>,
    path: &Path,
    client_data: &ClientDataArgs,
    prf: &PrfDestination,
) -> Result<RegistrationRequest, CliError> {
    let bytes = read_input(app, path)?;
    let options = CreationOptionsJson::parse(&bytes)
        .map_err(|error| unreadable(path, &bytes, &error, ["register", "assert"]))?;
    prf.check(&options.extensions)?;
    let caller = client_data.caller(app, "rp.id", options.rp.id.as_deref())?;
    let request = RegistrationRequest::from_options(&options, caller);
    let named = error_words::named("rp.id", options.rp.id.as_deref());
    let request = request.map_err(|error| error_words::options(&error, &named))?;
    heed_timeout(app, options.duration());
    name_unknown(app, &options.extensions);
    let attachment = options.authenticator_selection.authenticator_attachment;
    if attachment == Some(AuthenticatorAttachment::Platform) {
        app.ui.warning(
            "The options ask for the computer's own authenticator. A browser would not offer a \
             security key.",
        );
    }
    Ok(request)
}

/// The request that `assert --options` makes.
///
/// # Errors
///
/// When the options cannot be read, or break a rule.
pub(super) fn assertion(
    app: &mut App<'_>,
    path: &Path,
    client_data: &ClientDataArgs,
    prf: &PrfDestination,
) -> Result<AssertionRequest, CliError> {
    let bytes = read_input(app, path)?;
    let options = RequestOptionsJson::parse(&bytes)
        .map_err(|error| unreadable(path, &bytes, &error, ["assert", "register"]))?;
    prf.check(&options.extensions)?;
    let caller = client_data.caller(app, "rpId", options.rp_id.as_deref())?;
    let request = AssertionRequest::from_options(&options, caller);
    let named = error_words::named("rpId", options.rp_id.as_deref());
    let request = request.map_err(|error| error_words::options(&error, &named))?;
    heed_timeout(app, options.duration());
    name_unknown(app, &options.extensions);
    Ok(request)
}

/// Explains why a file has no options for `this` command; the `other` one takes those of the other
/// ceremony.
pub(super) fn unreadable(
    path: &Path,
    bytes: &[u8],
    error: &OptionsError,
    [this, other]: [&str; 2],
) -> CliError {
    let name = if is_stdin(path) { "standard input".to_owned() } else { source_name(path) };
    let message = format!("The options in {name} cannot be used. Nothing was sent.");
    match (error, recognise(bytes)) {
        (OptionsError::Document(DocumentError::Json { .. }), Err(problem)) => {
            hint_of_bytes(CliError::usage(message).cause(escape(&problem.to_string())), &problem)
        }
        (OptionsError::OtherCeremony { .. }, _) => CliError::usage(message)
            .cause(escape(&error.to_string()))
            .hint(format!("`fidokey {other} --options` takes them.")),
        _ => CliError::usage(message).cause(escape(&error.to_string())).hint(format!(
            "`fidokey {this} --options` takes the JSON that a relying party's server sends to the \
             browser."
        )),
    }
}

/// Lets the relying party say how long a touch may take, unless the person has said it.
fn heed_timeout(app: &mut App<'_>, timeout: Duration) {
    let seconds = timeout.clamp(SHORTEST, LONGEST).as_secs();
    app.global.timeout.get_or_insert(seconds);
}

/// Says which extensions are left out.
fn name_unknown(app: &mut App<'_>, inputs: &ExtensionInputsJson) {
    /// How many are named.
    const NAMED: usize = 5;
    let names: Vec<String> = inputs.unknown.iter().take(NAMED).map(|name| escape(name)).collect();
    if names.is_empty() {
        return;
    }
    let more = inputs.unknown.len().saturating_sub(names.len());
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    app.ui.warning(&format!(
        "The options ask for extensions that fidokey does not know; they are left out: {}{more}.",
        names.join(", ")
    ));
}
