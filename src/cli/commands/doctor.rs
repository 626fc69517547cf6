//! `fidokey doctor`.

use crate::authenticator::{
    self, AuthenticatorError, Choice, ChooseError, PinState, examine, pin_state, selector,
};
use crate::cli::app::App;
use crate::cli::connect::is_model;
use crate::cli::error::CliError;
use crate::cli::error_words;
use crate::cli::exit::Exit;
use crate::cli::plugged::Plugged;
use crate::ctap::RandomError;
use crate::host::{Host, udev_rules};
use crate::output::doctor::{DoctorView, Examined, KeyVerdict, MachineView, SuspectView};
use crate::output::udev_rules::RulesView;
use crate::transport::channel::Timing;
use crate::transport::{KeyDescription, KeyKind, OpenError};
use crate::webauthn::model_names::ModelNames;
use clap::Args;
use std::time::Duration;

/// How long a key may take for each answer. A busy one is asked again for as long.
const EXAMINATION: Timing =
    Timing { answer: Duration::from_secs(2), touch: Duration::from_secs(2) };

/// Finds out why keys cannot be used.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Print the udev rules of this version for Linux, with the keys that are plugged in added, and
    /// do nothing else.
    #[arg(long, conflicts_with = "device")]
    print_rules: bool,
}

/// A key's answer: itself, and how its PIN stands where it speaks CTAP2.
type Answer = authenticator::Examined<Option<Result<PinState, AuthenticatorError>>>;

/// Examines the keys.
///
/// # Errors
///
/// When there is no key, none matches `--device`, or keys cannot be looked for.
pub fn run(app: &mut App<'_>, args: &DoctorArgs) -> Result<Exit, CliError> {
    if args.print_rules {
        let view = RulesView::of(rules(&app.host));
        app.print(&view, RulesView::text)?;
        return Ok(Exit::Done);
    }
    let plugged = app.plugged_or_waited_for()?;
    let examined = match app.global.device.clone() {
        Some(selector) => examine_chosen(app, &plugged, &selector)?,
        None => {
            let answers = ask(app, &plugged.keys)?;
            plugged.keys.iter().cloned().zip(answers).collect()
        }
    };
    let names = app.model_names();
    let keys = examined.iter();
    let keys = keys.map(|(key, answer)| verdict(app, &plugged, &names, key, answer)).collect();
    let suspects = match app.global.device {
        Some(_) => Vec::new(),
        None => app.host.suspects(&plugged.nodes),
    };
    let machine = app.host.machine();
    let suspects = suspects.iter().map(SuspectView::of).collect();
    let view = DoctorView::new(MachineView::of(&machine), keys, suspects);
    if view.is_empty() {
        return Err(error_words::no_key_to_examine(&app.host, &machine, &app.program));
    }
    app.print(&view, DoctorView::text)?;
    Ok(if view.all_usable() { Exit::Done } else { Exit::Rejected })
}

/// This version's rules, and the keys that are plugged in and not among them.
fn rules(host: &Host) -> String {
    let nodes = host.nodes().unwrap_or_default();
    let numbers =
        nodes.iter().filter_map(|node| node.description.vendor_id.zip(node.description.product_id));
    udev_rules::rules_with(numbers)
}

/// Examines the keys that `--device` means.
fn examine_chosen(
    app: &mut App<'_>,
    plugged: &Plugged,
    selector: &str,
) -> Result<Vec<(KeyDescription, Answer)>, CliError> {
    match app.choose_plugged(plugged, selector)? {
        Choice::One(key) => {
            let mut answers = ask(app, std::slice::from_ref(&key))?;
            let is_known = plugged.keys.iter().any(|known| known.path == key.path);
            match answers.pop() {
                // Nobody has seen such a key: there is nothing to be examined.
                Some(Err(error @ AuthenticatorError::Open(OpenError::NotFound(_))))
                    if !is_known =>
                {
                    Err(error_words::authenticator(&error, &key))
                }
                answer => Ok(answer.map(|answer| (key, answer)).into_iter().collect()),
            }
        }
        Choice::AskThese(keys) => {
            let answers = ask(app, &keys)?;
            let names = app.model_names();
            let is_meant = |(_, answer): &(_, Answer)| {
                answer.as_ref().is_ok_and(|(key, _)| is_model(key, selector, &names))
            };
            let meant: Vec<_> = keys.iter().cloned().zip(answers).filter(is_meant).collect();
            if meant.is_empty() {
                let selector = selector.to_owned();
                return Err(error_words::choose(&ChooseError::NoMatch { selector, keys }));
            }
            Ok(meant)
        }
    }
}

/// Asks every key what it is and how its PIN stands, all at the same time.
fn ask(app: &mut App<'_>, keys: &[KeyDescription]) -> Result<Vec<Answer>, CliError> {
    let answers = app.ceremony(|context| {
        examine(keys, context, EXAMINATION, |key, context| {
            key.known_info().is_some().then(|| pin_state(key, context))
        })
    });
    let answers = answers.map_err(|RandomError(reason)| error_words::random(&reason))?;
    if app.interrupt.is_requested() {
        return Err(CliError::interrupted());
    }
    let answers = answers.into_iter().map(|answer| match answer {
        // A key that breaks off after getInfo is no key that answers.
        Ok((_, Some(Err(error @ AuthenticatorError::Channel(_))))) => Err(error),
        answer => answer,
    });
    Ok(answers.collect())
}

fn verdict(
    app: &App<'_>,
    plugged: &Plugged,
    names: &ModelNames,
    key: &KeyDescription,
    answer: &Answer,
) -> KeyVerdict {
    let is_alone = plugged.keys.len() == 1 && key.kind == KeyKind::Hid;
    let mut examined = Examined {
        key,
        host: None,
        holders: Vec::new(),
        selector: (!is_alone).then(|| selector(key, &plugged.keys)),
        program: &app.program,
        names,
    };
    match answer {
        Ok((answered, pin)) => KeyVerdict::answered(&examined, answered, pin.as_ref()),
        Err(error) => {
            let host_key = plugged.look_at(&app.host, key, error);
            examined.host = host_key.as_ref();
            if key.kind == KeyKind::Hid && matches!(error, AuthenticatorError::Channel(_)) {
                examined.holders = app.host.holders(&key.path);
            }
            KeyVerdict::failed(&examined, error)
        }
    }
}
