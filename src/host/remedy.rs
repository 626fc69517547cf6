//! From the facts of a refusal to the one act that mends it.
//!
//! The acts are values; their words belong to the views.

use super::{Access, Denial, Membership, OwnRules, Refusal, Udev};
use crate::transport::sysfs::FidoNode;

/// The one act that lets this user open a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Install this version's udev rules and have udev look at the key again.
    InstallRules,
    /// Rules for this key are installed; have udev look at it again, or replug it.
    TriggerRules,
    /// No rule that is installed or comes with this version knows this key: add one.
    AddRule {
        /// USB vendor number.
        vendor_id: u16,
        /// USB product number.
        product_id: u16,
    },
    /// The key belongs to whoever sits at the machine, which is not this user: sit down there, or
    /// install this version's rules, which also let a group in.
    SitAtSeat {
        /// The number of the user who sits there, if any.
        active_user: Option<u32>,
    },
    /// Members of this group may open the key: be added to it, then log in again.
    JoinGroup {
        /// The group's name, or its number where it has none.
        group: String,
    },
    /// This user was added to the group that may open the key, and has to log in again.
    LogInAgain {
        /// The group's name, or its number where it has none.
        group: String,
    },
    /// Start the container with this device.
    PassDeviceToContainer,
    /// udev does not run here, so rules do not help: change the node's owner or mode.
    ChangeNode,
    /// End the other program.
    EndOtherProgram,
}

/// What mends the access to a key, if something is wrong with it and a remedy is known.
pub(super) fn remedy(node: &FidoNode, access: &Access) -> Option<Remedy> {
    match access {
        Access::Permitted | Access::Other { .. } => None,
        Access::NoNode => Some(Remedy::PassDeviceToContainer),
        Access::Busy => Some(Remedy::EndOtherProgram),
        Access::Denied(denial) => remedy_for_denial(node, denial),
    }
}

fn remedy_for_denial(node: &FidoNode, denial: &Denial) -> Option<Remedy> {
    if denial.refusal == Refusal::ByPolicy {
        return Some(Remedy::PassDeviceToContainer);
    }
    // Root is let in by every mode, so something else is in the way.
    if denial.is_root {
        return denial.in_container.then_some(Remedy::PassDeviceToContainer);
    }
    group_remedy(denial).or_else(|| match denial.udev {
        Udev::Absent if denial.in_container => Some(Remedy::PassDeviceToContainer),
        Udev::Absent => Some(Remedy::ChangeNode),
        // With this project's rules in effect the group would have been let in.
        Udev::Record(record)
            if record.uaccess && !denial.is_on_seat && denial.rules.let_group_in() =>
        {
            Some(Remedy::TriggerRules)
        }
        Udev::Record(record) if record.uaccess && !denial.is_on_seat => {
            Some(Remedy::SitAtSeat { active_user: denial.seat.active_user })
        }
        // The tag came from a rule that sorts too late to have an effect.
        Udev::Record(record) if record.uaccess && denial.rules.own == OwnRules::Absent => {
            Some(Remedy::InstallRules)
        }
        Udev::Record(_) | Udev::NoRecord => rules_remedy(node, denial),
    })
}

/// A way in through the node's group, if it has one.
fn group_remedy(denial: &Denial) -> Option<Remedy> {
    let rights = denial.rights.as_ref().filter(|rights| rights.group_opens())?;
    let group = rights.group.name.clone().unwrap_or_else(|| rights.group.id.to_string());
    match denial.membership {
        Membership::Held => None,
        Membership::AfterNextLogin => Some(Remedy::LogInAgain { group }),
        Membership::None => Some(Remedy::JoinGroup { group }),
    }
}

fn rules_remedy(node: &FidoNode, denial: &Denial) -> Option<Remedy> {
    if denial.rules.cover_key() {
        return Some(Remedy::TriggerRules);
    }
    if denial.rules.would_cover_key() {
        return Some(Remedy::InstallRules);
    }
    let (vendor_id, product_id) = node.description.vendor_id.zip(node.description.product_id)?;
    Some(Remedy::AddRule { vendor_id, product_id })
}
