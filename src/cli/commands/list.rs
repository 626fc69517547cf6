//! `fidokey list`.

use crate::authenticator::{AuthenticatorError, GLANCE, Key, survey};
use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::explain;
use crate::cli::process::lasting_keys;
use crate::ctap::RandomError;
use crate::host::Host;
use crate::output::list::{KeyView, ListView};
use crate::output::text::count;
use crate::transport::sysfs::FidoNode;
use crate::transport::{BusError, KeyDescription, KeyKind};
use clap::Args;
use std::collections::BTreeSet;
use std::time::Duration;

/// How often the interrupt flag is looked at while a key is waited for.
const A_MOMENT: Duration = Duration::from_millis(100);

/// Lists every FIDO key that is plugged in.
#[derive(Debug, Args)]
pub struct ListArgs {}

/// Lists the keys.
///
/// # Errors
///
/// When the operating system does not let keys be looked for.
pub fn run(app: &mut App<'_>, _: &ListArgs) -> Result<Exit, CliError> {
    let (mut nodes, mut keys) = look(app)?;
    if let Some(seconds) = app.global.wait {
        if keys.is_empty() {
            let until = app.clock.now().saturating_add(Duration::from_secs(seconds));
            app.ui.status(&format!("Plug in a FIDO key ({seconds} s)."));
            while keys.is_empty() && app.clock.now() < until && !app.interrupt.is_requested() {
                app.bus.wait_for_change(A_MOMENT);
                (_, keys) = look(app)?;
            }
        }
        app.settle(&keys)?;
        (nodes, keys) = look(app)?;
    }
    let answers = app.ceremony(|context| survey(&keys, context, GLANCE));
    let answers = answers.map_err(|RandomError(reason)| explain::random(&reason))?;
    if app.interrupt.is_requested() {
        return Err(CliError::interrupted());
    }
    let rows = keys.iter().zip(&answers).map(|(key, answer)| row(&app.host, &nodes, key, answer));
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
        app.ui.hint("Plug one in; `fidokey demo` needs none.");
    }
    if let Some(number) = view.virtual_keys.filter(|number| *number > 0) {
        let keys = count(number, "virtual key", "virtual keys");
        app.ui.status(&format!("Not shown: {keys} (`fidokey virtual list`)."));
    }
    Ok(Exit::Done)
}

/// What the operating system says of keys, and every key once.
fn look(app: &App<'_>) -> Result<(Vec<FidoNode>, Vec<KeyDescription>), CliError> {
    let nodes = app.host.nodes().map_err(|error| BusError::Enumerate(error.to_string()));
    let nodes = nodes.map_err(|error| explain::choose(&error.into()))?;
    let mut on_bus = app.bus.keys().map_err(|error| explain::choose(&error.into()))?;
    on_bus.retain(|key| key.kind == KeyKind::Hid);
    let keys = merged(&nodes, on_bus);
    Ok((nodes, keys))
}

/// Every key once: in the order of the operating system's list, then what only the bus knows. Where
/// both know it, the bus has the word, since it is what opens the key.
fn merged(nodes: &[FidoNode], mut on_bus: Vec<KeyDescription>) -> Vec<KeyDescription> {
    let mut keys = Vec::new();
    for FidoNode { description, .. } in nodes {
        let here = on_bus.iter().position(|key| key.path == description.path);
        keys.push(here.map_or_else(|| description.clone(), |position| on_bus.remove(position)));
    }
    keys.append(&mut on_bus);
    keys
}

fn row(
    host: &Host,
    nodes: &[FidoNode],
    key: &KeyDescription,
    answer: &Result<Key, AuthenticatorError>,
) -> KeyView {
    let error = match answer {
        Ok(key) => return KeyView::ready(key),
        Err(error) => error,
    };
    let looked_at = match error {
        AuthenticatorError::Open(_) => {
            nodes.iter().find(|node| node.description.path == key.path).cloned()
        }
        _ => None,
    };
    let host_key = looked_at.map(|node| host.look_at(node));
    KeyView::failed(key, error, host_key.as_ref())
}

/// How many virtual keys last.
fn virtual_keys(app: &App<'_>) -> Option<usize> {
    let directory = app.setting.data_directory.as_deref()?;
    // A directory that cannot be read is for `virtual list` to complain about.
    lasting_keys(directory).names().ok().map(|names| names.len())
}
