//! From the facts of a refusal to what keeps this user out, and to the one act that mends it.
//!
//! Both are values; their words belong to the views.

use super::{
    Access, Account, Container, Denial, Host, LateRules, Membership, NodeRights, Refusal, Udev,
};
use crate::transport::sysfs::FidoNode;

/// What keeps this user from opening a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// A container, or another sandbox, does not pass the key on.
    Container,
    /// udev does not run here, so that the node belongs to root alone.
    NoUdev,
    /// The key is for whoever sits at the machine, and nobody does.
    NobodyAtSeat,
    /// The key is for whoever sits at the machine, and that is somebody else.
    SomebodyElseAtSeat,
    /// The key is for a group that this user is not in.
    NotInGroup,
    /// This user is in the group, and this session began before that.
    GroupAfterNextLogin,
    /// No rule opens it to anybody.
    NoRule,
    /// A rule would open it to who sits here, and is read too late to have an effect.
    RuleTooLate,
    /// Rules would open it, and were not applied to it.
    RuleNotApplied,
    /// Its mode lets this user's group in, and the access list by which whoever sits at the machine
    /// may use it, which is older, does not.
    AccessList,
    /// Even root is refused, and nothing is known that would explain it.
    EvenRoot,
}

/// What a user needs besides the rules to use a key without a seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The user.
    pub user: Account,
    /// Whether the group has to be made first.
    pub make_group: bool,
    /// Whether the user has to be added to it.
    pub join: bool,
}

/// The one act that lets this user open a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Install this version's udev rules and have udev look at the key again.
    InstallRules {
        /// What is needed without a seat.
        admission: Option<Admission>,
    },
    /// Rules for this key are installed; have udev look at it again, or replug it.
    TriggerRules,
    /// Unplug it and plug it in again: udev keeps the group's part of an access list as it was when
    /// the list was made, so only a new node is open to the group.
    Replug,
    /// Have a rules file read in time.
    MoveRules(LateRules),
    /// No rule that is installed or comes with this version knows this key: add one.
    AddRule {
        /// USB vendor number.
        vendor_id: u16,
        /// USB product number.
        product_id: u16,
        /// What is needed without a seat.
        admission: Option<Admission>,
    },
    /// The key belongs to whoever sits at the machine, which is not this user: sit down there, or
    /// install this version's rules, which also let a group in.
    SitAtSeat {
        /// The user who sits there, if any.
        active_user: Option<Account>,
        /// What is needed without a seat.
        admission: Admission,
    },
    /// Members of this group may open the key: be added to it, then log in again.
    JoinGroup {
        /// The group's name, or its number where it has none.
        group: String,
        /// The user.
        user: Account,
    },
    /// This user was added to the group that may open the key, and has to log in again.
    LogInAgain {
        /// The group's name, or its number where it has none.
        group: String,
    },
    /// Start the container with this device.
    PassDeviceToContainer {
        /// The container's kind, where it is known.
        container: Option<Container>,
    },
    /// udev does not run here, so rules do not help: change the node's owner or mode.
    ChangeNode {
        /// The user.
        user: Account,
    },
    /// End the other program.
    EndOtherProgram,
}

/// What keeps this user out, if the key may not be opened.
pub(super) fn obstacle(access: &Access) -> Option<Obstacle> {
    match access {
        Access::Permitted | Access::Other { .. } | Access::Busy => None,
        Access::NoNode => Some(Obstacle::Container),
        Access::Denied(denial) => Some(obstacle_of(denial)),
    }
}

fn obstacle_of(denial: &Denial) -> Obstacle {
    let rules = &denial.rules;
    if denial.refusal == Refusal::ByPolicy {
        return Obstacle::Container;
    }
    // Root is let in by every mode, so something else is in the way.
    if denial.is_root {
        return if denial.container.is_some() { Obstacle::Container } else { Obstacle::EvenRoot };
    }
    let is_tagged = matches!(denial.udev, Udev::Record(record) if record.uaccess);
    let is_late = !rules.cover_key() && (rules.late.is_some() || is_tagged);
    if denial.rights.as_ref().is_some_and(NodeRights::group_opens) {
        match denial.membership {
            Membership::Held if denial.udev != Udev::Absent => return Obstacle::AccessList,
            Membership::Held => {}
            // The seat is the nearer way in: no group to join, no new session.
            _ if denial.is_on_seat && is_late && denial.udev != Udev::Absent => {
                return Obstacle::RuleTooLate;
            }
            Membership::AfterNextLogin => return Obstacle::GroupAfterNextLogin,
            Membership::None => return Obstacle::NotInGroup,
        }
    }
    match denial.udev {
        Udev::Absent if denial.container.is_some() => return Obstacle::Container,
        Udev::Absent => return Obstacle::NoUdev,
        Udev::NoRecord | Udev::Record(_) => {}
    }
    if denial.is_on_seat {
        return match rules.cover_key() {
            true => Obstacle::RuleNotApplied,
            // Who sits there gets what is tagged in time, so a tag without access came too late.
            false if is_late => Obstacle::RuleTooLate,
            false => Obstacle::NoRule,
        };
    }
    if rules.let_group_in() {
        // With these in effect the node would be open to the group.
        return Obstacle::RuleNotApplied;
    }
    // A rule that comes too late opens it to nobody, at the seat neither.
    if !rules.cover_key() && (rules.late.is_some() || !is_tagged) {
        return Obstacle::NoRule;
    }
    match denial.seat.active_user {
        Some(_) => Obstacle::SomebodyElseAtSeat,
        None => Obstacle::NobodyAtSeat,
    }
}

/// What mends the access to a key, if something is wrong with it and a remedy is known.
pub(super) fn remedy(
    host: &Host,
    node: &FidoNode,
    access: &Access,
    obstacle: Option<Obstacle>,
) -> Option<Remedy> {
    match access {
        Access::Permitted | Access::Other { .. } => None,
        Access::NoNode => Some(Remedy::PassDeviceToContainer { container: host.container() }),
        Access::Busy => Some(Remedy::EndOtherProgram),
        Access::Denied(denial) => remedy_for(obstacle?, node, denial),
    }
}

fn remedy_for(obstacle: Obstacle, node: &FidoNode, denial: &Denial) -> Option<Remedy> {
    let user = || denial.user.clone();
    let group = || {
        let group = denial.rights.as_ref().map(|rights| &rights.group)?;
        Some(group.name.clone().unwrap_or_else(|| group.id.to_string()))
    };
    let admission = Admission {
        user: user(),
        make_group: !denial.rules.group_exists,
        join: denial.own_group == Membership::None,
    };
    Some(match obstacle {
        Obstacle::EvenRoot => return None,
        Obstacle::Container => {
            Remedy::PassDeviceToContainer { container: denial.container.clone() }
        }
        Obstacle::NoUdev => Remedy::ChangeNode { user: user() },
        Obstacle::NotInGroup => Remedy::JoinGroup { group: group()?, user: user() },
        Obstacle::GroupAfterNextLogin => Remedy::LogInAgain { group: group()? },
        Obstacle::AccessList => Remedy::Replug,
        Obstacle::RuleNotApplied if is_open_to_another(denial) => Remedy::Replug,
        Obstacle::RuleNotApplied => Remedy::TriggerRules,
        Obstacle::RuleTooLate => match &denial.rules.late {
            Some(late) => Remedy::MoveRules(late.clone()),
            None => new_rules(node, denial, None),
        },
        Obstacle::NobodyAtSeat | Obstacle::SomebodyElseAtSeat => {
            Remedy::SitAtSeat { active_user: denial.seat.active_user.clone(), admission }
        }
        Obstacle::NoRule => new_rules(node, denial, (!denial.is_on_seat).then_some(admission)),
    })
}

/// This version's rules, with this key added where they do not know it.
fn new_rules(node: &FidoNode, denial: &Denial, admission: Option<Admission>) -> Remedy {
    let ids = node.description.vendor_id.zip(node.description.product_id);
    match ids {
        Some((vendor_id, product_id)) if !denial.rules.would_cover_key() => {
            Remedy::AddRule { vendor_id, product_id, admission }
        }
        _ => Remedy::InstallRules { admission },
    }
}

/// Whether an access list gives the key to somebody else who sits at the machine.
fn is_open_to_another(denial: &Denial) -> bool {
    let is_tagged = matches!(denial.udev, Udev::Record(record) if record.uaccess);
    is_tagged && !denial.is_on_seat && denial.seat.active_user.is_some()
}
