//! A key that somebody has in their hand. What is on it is asked before it is used; it is used when the
//! person says so, and erased when they say that too.

use super::consent::{is_typed, say, somebody_is_there};
use super::each;
use super::entry::Entry;
use super::fit::unfit_for;
use super::likeness::{pin_of, rewritten};
use super::options::Place;
use super::person::Person;
use crate::job::End;
use crate::lab::secrets;
use crate::stage::command;
use crate::stage::user::User;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How long a command may take that needs nobody.
const ALONE: Duration = Duration::from_secs(30);

/// The PIN that the key is given, or the beginning of it.
const PIN: &str = "Gurke-4711";

/// What is known of the key.
pub(super) struct AtHand {
    /// Its device node.
    pub(super) path: String,
    /// What `fidokey` calls it.
    pub(super) label: String,
    /// Vendor and product, as `1050:0407`.
    pub(super) ids: String,
    /// Its serial number.
    pub(super) serial: Option<String>,
    /// How many characters its PIN has at least.
    pub(super) least_pin: usize,
    /// Which device the kernel says it is.
    device: Option<String>,
}

impl AtHand {
    /// The only key that is plugged in, if it may be used: it must hold nothing that could be lost, as
    /// far as can be known without changing it.
    fn look(fidokey: &Fidokey, path: &str) -> Result<Self> {
        let number = path.strip_prefix("/dev/hidraw").unwrap_or_default();
        let is_node = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        ensure!(is_node, "{path} is no device node of a key, such as /dev/hidraw0");
        let list = fidokey.json("list --json")?;
        let keys = list["keys"].as_array().context("fidokey lists no keys")?;
        let row = keys.iter().find(|key| key["path"] == path);
        let row = row.with_context(|| format!("there is no FIDO key at {path}"))?;
        ensure!(
            keys.len() == 1,
            "{} FIDO keys are plugged in; unplug the others, so that no command can reach them",
            keys.len()
        );
        let label = row["product"].as_str().unwrap_or("FIDO key").to_owned();
        let name = format!("{label} ({path})");
        ensure!(row["status"] == "ready", "{name} cannot be used: `fidokey doctor` says why");
        ensure!(row["info"].is_object(), "{name} speaks no FIDO2");
        let info = fidokey.json(&format!("info --json --device {path}"))?;
        let (pin, options) = (&info["pin"], &info["info"]["options"]);
        ensure!(pin["pin_set"] == false, "{name} has a PIN, so it may be in use");
        ensure!(pin["user_verification_set"] != true, "{name} knows a finger, so it may be in use");
        let can_list =
            ["credMgmt", "credentialMgmtPreview"].iter().any(|name| options[name] == true);
        ensure!(can_list, "{name} cannot list what it holds, so that it may be in use");
        let number = |member: &str| row[member].as_u64().unwrap_or_default();
        let mut key = Self {
            path: path.to_owned(),
            label,
            ids: format!("{:04x}:{:04x}", number("vendor_id"), number("product_id")),
            serial: row["serial_number"].as_str().map(str::to_owned),
            least_pin: usize::try_from(pin["min_length"].as_u64().unwrap_or(4))?,
            device: None,
        };
        key.device = key.device_now();
        Ok(key)
    }

    fn name(&self) -> String {
        format!("{} ({})", self.label, self.path)
    }

    /// The PIN that jobs give it.
    fn pin(&self) -> String {
        pin_of(PIN, self.least_pin)
    }

    fn sysfs(&self) -> PathBuf {
        let node = Path::new(&self.path).file_name().unwrap_or_default();
        root().join("sys/class/hidraw").join(node)
    }

    /// Whether the kernel knows a device there.
    pub(super) fn is_plugged(&self) -> bool {
        self.sysfs().exists()
    }

    /// Whether it is of the model, and has the serial number, that was there at first.
    pub(super) fn is_the_same(&self) -> bool {
        self.device_now() == self.device
    }

    fn device_now(&self) -> Option<String> {
        let uevent = fs::read_to_string(self.sysfs().join("device/uevent")).ok()?;
        let told = |line: &&str| line.starts_with("HID_ID=") || line.starts_with("HID_UNIQ=");
        Some(uevent.lines().filter(told).collect::<Vec<_>>().join("\n"))
    }

    /// Whether its node may be opened.
    pub(super) fn opens(&self) -> bool {
        let node = root().join(self.path.trim_start_matches('/'));
        fs::File::options().read(true).write(true).open(node).is_ok()
    }

    /// A key for tests.
    #[cfg(test)]
    pub(super) fn example(label: &str, serial: Option<&str>) -> Self {
        Self {
            path: "/dev/hidraw0".into(),
            label: label.into(),
            ids: "1209:beee".into(),
            serial: serial.map(str::to_owned),
            least_pin: 4,
            device: None,
        }
    }
}

/// The root of the system's files: a test bed's, if this runs before one.
fn root() -> PathBuf {
    env::var_os("UMOCKDEV_DIR").map_or("/".into(), PathBuf::from)
}

/// `fidokey`, run for this module's own sake.
struct Fidokey {
    user: User,
}

impl Fidokey {
    fn run(&self, arguments: &str) -> Result<Vec<u8>> {
        let output = command::run(&format!("fidokey {arguments}"), &self.user, b"", ALONE)?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.ending.end == End::Exit(0),
            "`fidokey {arguments}` failed:\n{}",
            said.trim()
        );
        Ok(output.stdout)
    }

    fn json(&self, arguments: &str) -> Result<Value> {
        serde_json::from_slice(&self.run(arguments)?)
            .with_context(|| format!("`fidokey {arguments}` gives no JSON"))
    }

    /// Resets the key, with the person at their own terminal.
    fn reset(&self, key: &AtHand) -> Result<()> {
        ensure!(key.is_the_same(), "{} is not there any more; nothing was erased", key.name());
        let status = Command::new("fidokey")
            .args(["reset", "--yes", "--device", &key.path])
            .envs(self.user.environment.iter().map(|(name, value)| (name, value)))
            .status()
            .context("fidokey cannot be started")?;
        ensure!(status.success(), "{} was not reset", key.name());
        Ok(())
    }
}

/// Plays those of the jobs that can be played with the key.
///
/// # Errors
///
/// When the key may not be used, or the person does not want it.
pub(super) fn run(place: &Place, path: &str, entries: Vec<Entry>) -> Result<bool> {
    somebody_is_there()?;
    let fidokey = Fidokey { user: place.folder("at-hand")?.1 };
    let key = AtHand::look(&fidokey, path).context("Nothing was changed")?;
    let (mut played, mut left) = (Vec::new(), Vec::new());
    for entry in entries {
        match unfit_for(&entry.job, &key) {
            Some(why) => left.push(format!("  {:<24}{why}", entry.name)),
            None => played.push(entry),
        }
    }
    if !left.is_empty() {
        say(&format!("Jobs that cannot be played with this key:\n{}\n", left.join("\n")));
    }
    ensure!(!played.is_empty(), "no job can be played with {}. Nothing was changed.", key.name());
    say(&plan(&key, &played));
    if !is_typed("test", "to set the PIN and look; nothing is erased yet")? {
        bail!("not wanted. Nothing was changed.");
    }
    look_for_credentials(&fidokey, &key)?;
    let pin = key.pin();
    if !is_typed("erase", "to erase the key before each job, and play")? {
        bail!("not wanted. Nothing was erased; {} has the PIN {pin} now.", key.name());
    }
    // A key that looks the same, put in its place meanwhile, does not have that PIN.
    fidokey
        .run(&format!("pin verify --device {path} --pin-file pin"))
        .with_context(|| format!("{} is another key now; nothing was erased", key.name()))?;
    let entries = played
        .into_iter()
        .map(|entry| {
            let text = rewritten(&entry.text, &entry.job, &key);
            entry.rewritten(text)
        })
        .collect::<Result<Vec<_>>>()?;
    let all_passed = each(place, &entries, |entry, folder, user| {
        say(&format!("\n{}: {}", entry.name, entry.job.about));
        say("  It begins with a key that is as new.");
        fidokey.reset(&key)?;
        let verdict = entry.play_alike(Person::with(&key, &entry.job, folder, user)?, folder)?;
        Ok(entry.found(verdict, secrets::pins_in_traces(&entry.job, folder)?, folder))
    })?;
    if is_typed("erase", "to erase the key once more, so that it is as new")? {
        fidokey.reset(&key)?;
    } else {
        say(&format!("{} is left as it is; its PIN may be {pin}.", key.name()));
    }
    Ok(all_passed)
}

/// What will be done, in words.
fn plan(key: &AtHand, entries: &[Entry]) -> String {
    let serial = key.serial.as_ref().map(|serial| format!(", serial number {serial}"));
    let jobs: Vec<String> =
        entries.iter().map(|entry| format!("  {:<24}{}", entry.name, entry.job.about)).collect();
    format!(
        "These jobs are to be played with {}{}:\n{}\n\n\
         First, its PIN is set to {}, to see whether it holds passkeys. If it does, nothing more is done.\n\
         That PIN can be changed; only a reset, which erases the key, removes it again.\n\
         Then it is ERASED before each job. Whatever it was registered with is lost, also accounts where\n\
         it is a second factor beside a password: no key tells of those.\n\
         You will be asked to touch it, to unplug it and to plug it in again. Leave other keys unplugged.\n",
        key.name(),
        serial.unwrap_or_default(),
        jobs.join("\n"),
        key.pin(),
    )
}

/// Sets a PIN, without which no key tells what it holds, and refuses a key that holds something.
fn look_for_credentials(fidokey: &Fidokey, key: &AtHand) -> Result<()> {
    let (name, pin) = (key.name(), key.pin());
    fs::write(fidokey.user.home.join("pin"), format!("{pin}\n"))?;
    fidokey.run(&format!("pin set --device {} --new-pin-file pin --quiet", key.path))?;
    let list = fidokey
        .json(&format!("credential list --device {} --pin-file pin --json", key.path))
        .with_context(|| format!("Nothing was erased; {name} has the PIN {pin} now"))?;
    let number = list["existing"].as_u64().max(list["listed"].as_u64()).unwrap_or(u64::MAX);
    if number != 0 {
        let passkeys = if number == 1 { "passkey" } else { "passkeys" };
        bail!(
            "{name} holds {number} {passkeys}, so it is in use. Nothing was erased. Its PIN is {pin} now: \
             `fidokey pin change` changes it; only a reset, which erases the key, removes it again."
        );
    }
    Ok(())
}
