//! Why a key may not be opened, in words.

use super::text::escape;
use crate::host::{Access, Account, Denial, HostKey, Obstacle, Refusal, Remedy};
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
            in_container: denial.container.is_some(),
            on_seat: denial.is_on_seat,
        }
    }
}

/// Why a key does not open, as words that follow "because"; `None` where it does.
pub fn reason(key: &HostKey) -> Option<String> {
    Some(match &key.access {
        Access::Permitted => return None,
        Access::Denied(denial) => denied(key, denial),
        Access::NoNode => "the kernel knows it, but there is no device node for it here, as in a \
                           container that it was not passed on to"
            .to_owned(),
        Access::Busy => "another program holds it for itself".to_owned(),
        Access::Other { reason } => format!("the operating system says: {}", escape(reason)),
    })
}

fn denied(key: &HostKey, denial: &Denial) -> String {
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
    match key.obstacle {
        Some(obstacle) => format!("{node}, and {}", background(obstacle, key, denial)),
        None => node,
    }
}

/// What lies behind a refusal, as words that follow "and".
fn background(obstacle: Obstacle, key: &HostKey, denial: &Denial) -> String {
    let group = denial.rights.as_ref().map(|rights| escape(&name(&rights.group)));
    let group = group.unwrap_or_default();
    let user = person(&denial.user);
    match obstacle {
        Obstacle::Container => "the container does not let it through".to_owned(),
        Obstacle::NoUdev => "udev does not run here".to_owned(),
        Obstacle::NobodyAtSeat => "udev opens it only to whoever sits at the machine, which nobody \
                                   does now (a session over SSH, or a program that a timer started, \
                                   does not count)"
            .to_owned(),
        Obstacle::SomebodyElseAtSeat => {
            let other = denial.seat.active_user.as_ref();
            let other =
                other.map_or_else(|| "somebody else".to_owned(), person);
            format!("udev opens it only to whoever sits at the machine, and that is {other} now")
        }
        Obstacle::NotInGroup => format!("{user} is not in the group {group}"),
        Obstacle::GroupAfterNextLogin => {
            format!("this session began before {user} joined the group {group}")
        }
        Obstacle::NoRule => match key.remedy {
            Some(Remedy::AddRule { vendor_id, product_id, .. }) => format!(
                "no udev rule that is installed opens it; nor do those that come with fidokey know \
                 this model ({vendor_id:04x}:{product_id:04x})"
            ),
            _ => "no udev rule that is installed opens it".to_owned(),
        },
        Obstacle::RuleTooLate => {
            let late = match &denial.rules.late {
                Some(late) => format!("the udev rules in {} come too late: they are", escape(&late.file)),
                None => "the udev rule that marks it for you comes too late: it is".to_owned(),
            };
            format!("{late} read after 73-seat-late.rules, which gives out the access")
        }
        Obstacle::RuleNotApplied => {
            "the udev rules that are installed were not applied to it: it may have been plugged in \
             before they came"
                .to_owned()
        }
        Obstacle::AccessList => format!(
            "its access list, which was made before the group {group} was let in, still keeps it out"
        ),
        Obstacle::EvenRoot => "even root is refused".to_owned(),
    }
}

fn name(account: &Account) -> String {
    account.name.clone().unwrap_or_else(|| account.id.to_string())
}

/// A user in a sentence.
fn person(account: &Account) -> String {
    match &account.name {
        Some(name) => escape(name),
        None => format!("the user with the number {}", account.id),
    }
}
