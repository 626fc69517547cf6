//! `fidokey list`.

use crate::authenticator::{AuthenticatorError, GLANCE, Key, survey};
use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::explain;
use crate::cli::plugged::Plugged;
use crate::cli::process::lasting_keys;
use crate::ctap::RandomError;
use crate::output::list::{KeyView, ListView};
use crate::output::text::count;
use crate::transport::KeyDescription;
use crate::webauthn::model_names::ModelNames;
use clap::Args;
use std::collections::BTreeSet;

/// Lists every FIDO key that is plugged in.
#[derive(Debug, Args)]
pub struct ListArgs {}

/// Lists the keys.
///
/// # Errors
///
/// When the operating system does not let keys be looked for.
pub fn run(app: &mut App<'_>, _: &ListArgs) -> Result<Exit, CliError> {
    let plugged = app.plugged_or_waited_for()?;
    let answers = app.ceremony(|context| survey(&plugged.keys, context, GLANCE));
    let answers = answers.map_err(|RandomError(reason)| explain::random(&reason))?;
    if app.interrupt.is_requested() {
        return Err(CliError::interrupted());
    }
    let names = app.model_names();
    let row = |(key, answer)| row(app, &plugged, &names, key, answer);
    let rows = plugged.keys.iter().zip(&answers).map(row);
    let view = ListView { keys: rows.collect(), virtual_keys: virtual_keys(app) };
    app.print(&view, ListView::text)?;
    view.keys.iter().filter_map(KeyView::problem).for_each(|problem| app.ui.warning(&problem));
    // What mends several keys is said once.
    let mut told = BTreeSet::new();
    for hint in view.keys.iter().filter_map(KeyView::hint) {
        if told.insert(hint) {
            app.ui.hint(hint);
        }
    }
    if view.keys.is_empty() {
        app.ui.status("No FIDO key is plugged in.");
        app.ui.hint("Plug one in; `fidokey doctor` finds out why one is not seen. `fidokey demo` needs none.",
        );
    }
    if let Some(number) = view.virtual_keys.filter(|number| *number > 0) {
        let keys = count(number, "virtual key", "virtual keys");
        app.ui.status(&format!("Not shown: {keys} (`fidokey virtual list`)."));
    }
    Ok(Exit::Done)
}

fn row(
    app: &App<'_>,
    plugged: &Plugged,
    names: &ModelNames,
    key: &KeyDescription,
    answer: &Result<Key, AuthenticatorError>,
) -> KeyView {
    match answer {
        Ok(key) => KeyView::ready(key, names),
        Err(error) => {
            let host_key = plugged.look_at(&app.host, key, error);
            KeyView::failed(key, error, host_key.as_ref(), &app.program)
        }
    }
}

/// How many virtual keys last.
fn virtual_keys(app: &App<'_>) -> Option<usize> {
    let directory = app.setting.data_directory.as_deref()?;
    // A directory that cannot be read is for `virtual list` to complain about.
    lasting_keys(directory).names().ok().map(|names| names.len())
}
