//! `fidokey demo`.

use crate::authenticator::{
    Act, Answer, AuthenticatorError, Context, Interaction, Key, NewPinRequest, Notice, PinRequest,
    Progress, Settings, UserVerification, delete_credential, list_credentials, reset, set_pin,
};
use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::error_words;
use crate::cli::exit::Exit;
use crate::client::{
    self, AssertionRequest, ClientDataSource, KnownRegistration, RegistrationRequest,
    SavedRegistration,
};
use crate::ctap::{CommandCode, CredentialDescriptor, Pin, UserEntity};
use crate::output::demo::{DemoView, StepView};
use crate::transport::KeyDescription;
use crate::virtual_key::VirtualBus;
use crate::webauthn::json::options::ResidentKeyRequirement;
use crate::webauthn::rp_id::RpId;
use crate::webauthn::verify::Verdict;
use crate::wire::cose::Algorithm;
use crate::wire::status::Status;
use clap::Args;
use std::time::Duration;
use zeroize::Zeroizing;

/// Runs the main job from start to end on a throw-away virtual key.
#[derive(Debug, Args)]
pub struct DemoArgs {}

/// The key that is thrown away with this process.
const DEVICE: &str = "virtual";

/// Whose account it is, and where.
const RP_ID: &str = "example.com";
const ACCOUNT: &str = "alice";

/// How many digits the PIN has.
const PIN_LENGTH: usize = 8;

/// Bytes in a random user ID or challenge.
const RANDOM_BYTES: usize = 32;

/// Runs the main job.
///
/// # Errors
///
/// When a step fails, which is a defect unless somebody interrupted it.
pub fn run(app: &mut App<'_>, _: &DemoArgs) -> Result<Exit, CliError> {
    if app.global.device.is_some() {
        return Err(CliError::usage("`demo` has a key of its own, a virtual one.")
            .hint("Leave `--device` out."));
    }
    let mut demo = Demo {
        key: VirtualBus::describe(DEVICE),
        pin: random_pin(app)?,
        view: DemoView { device: DEVICE, steps: Vec::new() },
    };
    let key = demo.create(app)?;
    let key = demo.use_key(app, key)?;
    demo.reset(app, key)?;
    if app.global.json {
        app.print(&demo.view, |_| String::new())?;
    }
    app.ui.status("Every step was carried out by real firmware, and every answer was checked.");
    app.ui.hint("`fidokey virtual create NAME` makes a virtual key that lasts.");
    Ok(Exit::Done)
}

struct Demo {
    key: KeyDescription,
    pin: Zeroizing<Vec<u8>>,
    view: DemoView,
}

impl Demo {
    /// Runs one step on the key, with a person who knows the PIN.
    fn on_key<T>(
        &self,
        app: &mut App<'_>,
        act: impl FnOnce(&mut Context<'_>) -> Result<T, AuthenticatorError>,
    ) -> Result<T, CliError> {
        self.ceremony(app, act)
            .map_err(|error| self.failed(error_words::authenticator(&error, &self.key)))
    }

    fn ceremony<T>(&self, app: &mut App<'_>, act: impl FnOnce(&mut Context<'_>) -> T) -> T {
        let settings = Settings { timing: app.timing(), last_try: false };
        let mut person = Knows { pin: &self.pin };
        act(&mut Context {
            bus: app.bus.as_ref(),
            random: &mut *app.random,
            interaction: &mut person,
            clock: app.clock.clone(),
            interrupt: app.interrupt.clone(),
            settings,
        })
    }

    /// Notes that a step is done.
    fn done(&mut self, app: &mut App<'_>, step: StepView) -> Result<(), CliError> {
        if !app.global.json {
            app.print_raw(&step.text())?;
        }
        self.view.steps.push(step);
        Ok(())
    }

    /// Says at which step it failed: the one after the last that was done.
    fn failed(&self, error: CliError) -> CliError {
        let after = match self.view.steps.last() {
            Some(step) => format!("after the step \"{}\"", step.step.replace('_', " ")),
            None => "at its first step".to_owned(),
        };
        let message = format!("The demonstration failed {after}. {}", error.message);
        let hints = match error.exit {
            Exit::Interrupted => Vec::new(),
            _ => vec!["Please report it, with what was printed.".to_owned()],
        };
        CliError { message, hints, ..error }
    }

    fn judged(&self, what: &str, verdict: &Verdict, signature: &str) -> Result<(), CliError> {
        // Everything is known here that a signature is checked with: one that was not checked is as
        // bad as one that is wrong.
        let signature = verdict.check(signature);
        let is_signed = signature.is_some_and(|check| check.outcome.is_passed());
        if verdict.is_accepted() && is_signed {
            return Ok(());
        }
        let error = CliError::new(Exit::Failed, "not_verified", format!("{what} is not right."));
        let wanting = verdict.failed().chain(signature.filter(|_| !is_signed));
        let causes = wanting.map(|check| format!("{}: {}", check.rule, check.outcome));
        Err(self.failed(causes.fold(error, CliError::cause)))
    }

    fn create(&mut self, app: &mut App<'_>) -> Result<Key, CliError> {
        let description = self.key.clone();
        let mut key = self.on_key(app, |context| Key::open(description, context))?;
        let capabilities = key.capabilities();
        let step =
            self.on_key(app, |context| Ok(StepView::created(key.info(context)?, capabilities)))?;
        self.done(app, step)?;
        Ok(key)
    }

    /// From a new key to one with a PIN and nothing else on it.
    fn use_key(&mut self, app: &mut App<'_>, mut key: Key) -> Result<Key, CliError> {
        self.on_key(app, |context| set_pin(&mut key, context))?;
        self.done(app, StepView::pin_set(PIN_LENGTH))?;

        let request = registration(app)?;
        let registered = self
            .ceremony(app, |context| client::register(&mut key, context, request))
            .map_err(|error| self.failed(error_words::client(&error, &self.key)))?;
        self.done(app, StepView::registered(&registered))?;
        self.judged("The registration", &registered.verdict, "attestation_signature")?;
        self.done(app, StepView::registration_verified(&registered.verdict))?;

        let saved = serde_json::to_vec(&SavedRegistration::of(&registered));
        let known = KnownRegistration::from_file(&saved.map_err(|error| CliError::defect(&error))?);
        let known = known.map_err(|error| self.failed(CliError::defect(&error)))?;
        let request = assertion(app, known)?;
        let asserted = self
            .ceremony(app, |context| client::assert(&mut key, context, request))
            .map_err(|error| self.failed(error_words::client(&error, &self.key)))?;
        let Some(asserted) = asserted.into_iter().next() else {
            return Err(self.failed(CliError::new(Exit::Failed, "no_assertion", "There is none.")));
        };
        self.done(app, StepView::asserted(&asserted))?;
        self.judged("The assertion", &asserted.verdict, "signature")?;
        self.done(app, StepView::assertion_verified(&asserted.verdict))?;

        let stored = self.on_key(app, |context| list_credentials(&mut key, context))?;
        self.done(app, StepView::listed(&stored))?;

        let id = CredentialDescriptor::new(registered.response.raw_id.as_bytes().to_vec());
        let left = self.on_key(app, |context| {
            delete_credential(&mut key, context, &id)?;
            Ok(list_credentials(&mut key, context)?.count())
        })?;
        if left != stored.count().saturating_sub(1) {
            let message = "The credential is still there.";
            return Err(self.failed(CliError::new(Exit::Failed, "not_deleted", message)));
        }
        self.done(app, StepView::deleted(left))?;
        Ok(key)
    }

    fn reset(&mut self, app: &mut App<'_>, key: Key) -> Result<(), CliError> {
        let pin = self.on_key(app, |context| {
            let mut key = reset(key, context)?;
            Ok(key.info(context)?.options().client_pin())
        })?;
        if pin != Some(false) {
            let message = "The key still has a PIN.";
            return Err(self.failed(CliError::new(Exit::Failed, "not_reset", message)));
        }
        self.done(app, StepView::reset())
    }
}

fn registration(app: &mut App<'_>) -> Result<RegistrationRequest, CliError> {
    let rp_id = rp_id()?;
    let user = UserEntity {
        id: random(app, RANDOM_BYTES)?,
        name: Some(ACCOUNT.to_owned()),
        display_name: None,
    };
    let client_data = client_data(app, &rp_id)?;
    Ok(RegistrationRequest {
        algorithms: vec![Algorithm::ES256, Algorithm::EDDSA],
        resident_key: ResidentKeyRequirement::Required,
        user_verification: UserVerification::Required,
        ..RegistrationRequest::new(rp_id, user, client_data)
    })
}

fn assertion(app: &mut App<'_>, known: KnownRegistration) -> Result<AssertionRequest, CliError> {
    let rp_id = rp_id()?;
    let client_data = client_data(app, &rp_id)?;
    Ok(AssertionRequest {
        user_verification: UserVerification::Required,
        known: Some(known),
        ..AssertionRequest::new(rp_id, client_data)
    })
}

fn rp_id() -> Result<RpId, CliError> {
    RpId::parse(RP_ID).map_err(|error| CliError::defect(&error))
}

fn client_data(app: &mut App<'_>, rp_id: &RpId) -> Result<ClientDataSource, CliError> {
    let origin = rp_id
        .default_origin()
        .ok_or_else(|| CliError::new(Exit::Defect, "defect", format!("{RP_ID} has no origin.")))?;
    Ok(ClientDataSource::new(origin, random(app, RANDOM_BYTES)?))
}

fn random(app: &mut App<'_>, length: usize) -> Result<Vec<u8>, CliError> {
    let mut bytes = vec![0; length];
    app.random.fill(&mut bytes).map_err(|error| error_words::random(&error.0))?;
    Ok(bytes)
}

fn random_pin(app: &mut App<'_>) -> Result<Zeroizing<Vec<u8>>, CliError> {
    let mut pin = Zeroizing::new(random(app, PIN_LENGTH)?);
    pin.iter_mut().for_each(|byte| *byte = b'0'.saturating_add(*byte % 10));
    Ok(pin)
}

/// A person who knows the PIN and never has to be asked.
struct Knows<'p> {
    pin: &'p [u8],
}

impl Knows<'_> {
    fn give(&self) -> Answer<Pin> {
        Pin::new(self.pin, false).map_or(Answer::CannotAsk, Answer::Given)
    }
}

impl Interaction for Knows<'_> {
    fn pin(&mut self, _: &PinRequest<'_>) -> Answer<Pin> {
        self.give()
    }

    fn new_pin(&mut self, _: &NewPinRequest<'_>) -> Answer<Pin> {
        self.give()
    }

    fn same_key(&mut self, _: &KeyDescription, _: bool) -> Answer<()> {
        Answer::Given(())
    }

    fn this_one(&mut self, _: &KeyDescription, _: bool) -> Answer<()> {
        Answer::CannotAsk
    }

    fn act(&mut self, _: &KeyDescription, _: &Act) {}

    fn act_goes_on(&mut self, _: &KeyDescription, _: &Act, _: Duration) {}

    fn act_over(&mut self) {}

    fn notice(&mut self, _: &KeyDescription, _: &Notice) {}

    fn exchanged(&mut self, _: &KeyDescription, _: CommandCode, _: Option<Status>) {}

    fn progress(&mut self, _: Progress) {}
}
