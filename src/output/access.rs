//! Why a key may not be opened, and what mends it, in words.

use super::text::escape;
use crate::host::{Access, Account, Denial, Membership, Refusal, Remedy, Udev, udev_rules};
use crate::transport::KeyPath;
use serde::Serialize;

/// Why a key may not be opened, as JSON.
#[derive(Debug, Serialize)]
pub struct AccessView {
    refused: &'static str,
    owner: Option<String>,
    group: Option<String>,
    mode: Option<String>,
    in_container: bool,
    on_seat: bool,
}

impl AccessView {
    /// Takes the facts of a refusal.
    pub fn of(denial: &Denial) -> Self {
        let rights = denial.rights.as_ref();
        Self {
            refused: match denial.refusal {
                Refusal::ByMode => "by_mode",
                Refusal::ByPolicy => "by_policy",
            },
            owner: rights.map(|rights| name(&rights.owner)),
            group: rights.map(|rights| name(&rights.group)),
            mode: rights.map(|rights| format!("{:04o}", rights.mode)),
            in_container: denial.in_container,
            on_seat: denial.is_on_seat,
        }
    }
}

/// A remedy, as JSON.
#[derive(Debug, Serialize)]
pub struct RemedyView {
    act: &'static str,
    hint: String,
}

impl RemedyView {
    /// Takes a remedy for the key at `path`.
    pub fn of(remedy: &Remedy, path: &KeyPath) -> Self {
        let act = match remedy {
            Remedy::InstallRules => "install_rules",
            Remedy::TriggerRules => "trigger_rules",
            Remedy::AddRule { .. } => "add_rule",
            Remedy::SitAtSeat { .. } => "sit_at_seat",
            Remedy::JoinGroup { .. } => "join_group",
            Remedy::LogInAgain { .. } => "log_in_again",
            Remedy::PassDeviceToContainer => "pass_device_to_container",
            Remedy::ChangeNode => "change_node",
            Remedy::EndOtherProgram => "end_other_program",
        };
        Self { act, hint: hint(remedy, path) }
    }

    /// The remedy in words.
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

/// Why a key does not open, as words that follow "because"; `None` where it does.
pub fn reason(access: &Access) -> Option<String> {
    Some(match access {
        Access::Permitted => return None,
        Access::Denied(denial) => denied(denial),
        Access::NoNode => "the kernel knows it, but there is no device node for it here".to_owned(),
        Access::Busy => "another program holds it for itself".to_owned(),
        Access::Other { reason } => format!("the operating system says: {}", escape(reason)),
    })
}

fn denied(denial: &Denial) -> String {
    if denial.refusal == Refusal::ByPolicy {
        return "something other than its mode forbids it, such as a container's list of devices"
            .to_owned();
    }
    let node = denial.rights.as_ref().map_or_else(
        || "its device node is closed to this user".to_owned(),
        |rights| {
            format!(
                "its device node belongs to {} and the group {} (mode {:04o})",
                escape(&name(&rights.owner)),
                escape(&name(&rights.group)),
                rights.mode
            )
        },
    );
    let background = if denial.is_root {
        "and even root is refused"
    } else if denial.membership == Membership::AfterNextLogin {
        "and this session began before this user joined the group"
    } else {
        match denial.udev {
            Udev::Absent => "and udev does not run here",
            Udev::Record(record) if record.uaccess && !denial.is_on_seat => {
                "and udev opens it only to whoever sits at the machine"
            }
            _ if denial.rules.cover_key() => "and the rules that are installed were not applied",
            _ => "and no udev rule that is installed opens it",
        }
    };
    format!("{node}, {background}")
}

/// What mends it, as one sentence.
fn hint(remedy: &Remedy, path: &KeyPath) -> String {
    let path = escape(&path.0);
    let file = udev_rules::FILE_NAME;
    match remedy {
        Remedy::InstallRules => format!(
            "Install the udev rules that come with fidokey: `sudo install -m 0644 udev/{file} \
             /etc/udev/rules.d/ && sudo udevadm control --reload && sudo udevadm trigger \
             --subsystem-match=hidraw`."
        ),
        Remedy::TriggerRules => "Unplug the key and plug it in again, or have udev look at it \
                                 again: `sudo udevadm trigger --subsystem-match=hidraw`."
            .to_owned(),
        Remedy::AddRule { vendor_id, product_id } => format!(
            "No udev rule knows this model yet: add {vendor_id:04x}:{product_id:04x} to \
             udev/keys.tsv as udev/README.md says, and install the rules from there."
        ),
        Remedy::SitAtSeat { active_user } => format!(
            "Run fidokey in a session at the machine itself ({}), or install the udev rules that \
             come with fidokey, which also let the group {} in.",
            match active_user {
                Some(user) => format!("the user with the number {user} sits there now"),
                None => "nobody sits there now".to_owned(),
            },
            udev_rules::GROUP
        ),
        Remedy::JoinGroup { group } => format!(
            "Join the group and log in again: `sudo usermod -aG {} \"$USER\"`.",
            escape(group)
        ),
        Remedy::LogInAgain { group } => {
            format!("Log out and in again, so that the group {} takes effect.", escape(group))
        }
        Remedy::PassDeviceToContainer => format!(
            "If this is a container or a sandbox, start it with access to {path} (`--device \
             {path}` for Docker and Podman)."
        ),
        Remedy::ChangeNode => {
            format!("Without udev, give yourself the device node: `sudo chown \"$USER\" {path}`.")
        }
        Remedy::EndOtherProgram => "End the other program.".to_owned(),
    }
}

fn name(account: &Account) -> String {
    account.name.clone().unwrap_or_else(|| account.id.to_string())
}
