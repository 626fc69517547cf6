//! Who and what a job needs: its users with their homes, its keys with their firmware, udev.

use super::firmware::Recipe;
use super::identity::Identity;
use super::key::Key;
use super::tracing;
use super::traffic::Traffic;
use super::udev::Udev;
use super::user::User;
use super::vehicle::{Device, Vehicle};
use crate::job::{self, Absent, Job, Person, Touch, USERS};
use crate::layout;
use anyhow::{Context, Result};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Where keys keep what they must not forget.
const STATE: &str = "/lab/state";

/// The rule by which udev recognises keys, and where a file of its name takes its place.
const FIDO_ID: &str = "/etc/udev/rules.d/60-fido-id.rules";

/// What is ready for a play.
pub struct Cast {
    /// The keys, none of them plugged in.
    pub keys: Vec<Key>,
    /// Who runs commands at first.
    pub user: User,
    /// Whether udev watches.
    pub udev: Udev,
    /// How long a command may take.
    pub limit: Duration,
    /// The folder for results.
    pub results: PathBuf,
}

impl Cast {
    /// Makes everything ready. Results that come by themselves go to the folder `results`.
    ///
    /// # Errors
    ///
    /// When the image lacks something.
    pub fn of(job: &Job, results: &Path, start: Instant) -> Result<Self> {
        let mut homes = Vec::new();
        for (name, _) in USERS {
            let user = User::named(name)?;
            user.move_in()?;
            homes.push(user.home);
        }
        for folder in [layout::TRAFFIC, layout::FIRMWARE_LOGS] {
            fs::create_dir_all(results.join(folder))?;
        }
        fs::create_dir_all(STATE)?;
        if job.without.contains(&Absent::FidoId) {
            mask_fido_id()?;
        }
        if !job.without.contains(&Absent::Traces) {
            tracing::begin(homes.iter().map(PathBuf::as_path))?;
        }
        let udev =
            if job.without.contains(&Absent::Udevd) { Udev::absent() } else { Udev::start()? };
        let key = |key: &job::Key| self::key(key, results, start);
        let keys = job.keys.iter().map(key).collect::<Result<_>>()?;
        let user = user_of(&job.user)?;
        Ok(Self { keys, user, udev, limit: job.limit, results: results.to_owned() })
    }
}

fn mask_fido_id() -> Result<()> {
    let folder = Path::new(FIDO_ID).parent().context("a rule without a folder")?;
    fs::create_dir_all(folder)?;
    symlink("/dev/null", FIDO_ID).with_context(|| format!("cannot mask {FIDO_ID}"))
}

fn key(key: &job::Key, results: &Path, start: Instant) -> Result<Key> {
    let name = &key.name;
    let identity = Identity {
        vendor: key.vendor_id,
        product_id: key.product_id,
        manufacturer: key.manufacturer.clone(),
        product: key.product.clone(),
        serial: key.serial.clone(),
    };
    let device = match key.firmware {
        job::Firmware::Keyboard => Device::Keyboard,
        _ => Device::Key,
    };
    let vehicle = match key.vehicle {
        job::Vehicle::Uhid => Vehicle::uhid(name, device, identity),
        job::Vehicle::Gadget => Vehicle::gadget(name, device, identity),
    };
    let vehicle = if key.beside_keyboard { vehicle.beside_keyboard() } else { vehicle };
    let recipe = key.firmware.program().map(|program| Recipe {
        program: Path::new(layout::FIRMWARE).join(program),
        arguments: ["--state".into(), Path::new(STATE).join(name).into()]
            .into_iter()
            .chain(key.firmware.switches().iter().map(Into::into))
            .collect(),
        orders: vec![order(key.touch).into()],
        log: Some(results.join(layout::FIRMWARE_LOGS).join(name)),
    });
    let traffic = Traffic::new(name, Some(&results.join(layout::TRAFFIC).join(name)), start)?;
    Ok(Key::new(name, vehicle, recipe, traffic))
}

/// The order that a firmware is given for each way to answer touches.
pub fn order(touch: Touch) -> &'static str {
    match touch {
        Touch::Auto => "touch auto",
        Touch::Hold => "touch hold",
    }
}

/// A user of the machine, with the groups that the play gives them.
///
/// # Errors
///
/// When the machine lacks the user or a group.
pub fn user_of(person: &Person) -> Result<User> {
    let mut user = User::named(&person.name)?;
    for group in &person.groups {
        user.join(group)?;
    }
    Ok(user)
}
