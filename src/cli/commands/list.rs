//! `fidokey list`.

use crate::authenticator::{AuthenticatorError, Choice, ChooseError, GLANCE, Key, survey};
use crate::cli::app::App;
use crate::cli::connect::is_model;
use crate::cli::error::CliError;
use crate::cli::error_words;
use crate::cli::exit::Exit;
use crate::cli::plugged::Plugged;
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
    let answered = match app.global.device.clone() {
        Some(selector) => ask_chosen(app, &plugged, &selector)?,
        None => ask(app, plugged.keys.clone())?,
    };
    let names = app.model_names();
    let row = |(key, answer): &(_, _)| row(app, &plugged, &names, key, answer);
    let rows = answered.iter().map(row);
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
    let is_whole = app.global.device.is_none();
    if is_whole && app.setting.data_directory.is_some() && view.virtual_keys.is_none() {
        app.ui.hint("`fidokey virtual list` says why the virtual keys cannot be read.");
    }
    if let Some(number) = view.virtual_keys.filter(|number| *number > 0 && is_whole) {
        let keys = count(number, "virtual key", "virtual keys");
        app.ui.status(&format!("Not shown: {keys} (`fidokey virtual list`)."));
    }
    Ok(Exit::Done)
}

/// A key and what it said.
type Answered = (KeyDescription, Result<Key, AuthenticatorError>);

/// Asks every key what it is, all at the same time.
fn ask(app: &mut App<'_>, keys: Vec<KeyDescription>) -> Result<Vec<Answered>, CliError> {
    let answers = app.ceremony(|context| survey(&keys, context, GLANCE));
    let answers = answers.map_err(|RandomError(reason)| error_words::random(&reason))?;
    if app.interrupt.is_requested() {
        return Err(CliError::interrupted());
    }
    Ok(keys.into_iter().zip(answers).collect())
}

/// Asks the keys that `--device` means.
fn ask_chosen(
    app: &mut App<'_>,
    plugged: &Plugged,
    selector: &str,
) -> Result<Vec<Answered>, CliError> {
    match app.choose_plugged(plugged, selector)? {
        Choice::One(key) => {
            let is_plugged = plugged.keys.iter().any(|known| known.path == key.path);
            let answered = ask(app, vec![key])?;
            match answered.first() {
                // There is no row for what nobody has seen.
                Some((key, Err(error @ AuthenticatorError::Open(_)))) if !is_plugged => {
                    Err(error_words::authenticator(error, key))
                }
                _ => Ok(answered),
            }
        }
        Choice::AskThese(keys) => {
            let names = app.model_names();
            let mut answered = ask(app, keys.clone())?;
            answered.retain(|(_, answer)| {
                answer.as_ref().is_ok_and(|key| is_model(key, selector, &names))
            });
            if answered.is_empty() {
                let selector = selector.to_owned();
                return Err(error_words::choose(&ChooseError::NoMatch { selector, keys }));
            }
            Ok(answered)
        }
    }
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
    // A directory that cannot be read is for `virtual list` to complain about.
    app.setting.lasting_keys()?.names().ok().map(|names| names.len())
}
