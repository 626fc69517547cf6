//! Whether a device node may be opened, and the facts that explain a refusal.

use super::udev_rules;
use super::{Account, Container, Host, InstalledRules, Membership, Seat, Udev};
use crate::transport::sysfs::FidoNode;
use std::io;
use std::path::Path;

/// What opening a device node gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// It opens.
    Permitted,
    /// It is there and this user may not open it.
    Denied(Box<Denial>),
    /// The kernel knows the key, and there is no node for it here.
    NoNode,
    /// Another program holds it for itself.
    Busy,
    /// Anything else that the operating system said.
    Other {
        /// The operating system's words.
        reason: String,
    },
}

/// Everything that explains why a node may not be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// How it was refused.
    pub refusal: Refusal,
    /// Owner, group and mode of the node.
    pub rights: Option<NodeRights>,
    /// How this user stands to the node's group.
    pub membership: Membership,
    /// The user of this process.
    pub user: Account,
    /// Whether this process runs as root.
    pub is_root: bool,
    /// How this user stands to the group that this project's rules let in.
    pub own_group: Membership,
    /// What udev knows of the node.
    pub udev: Udev,
    /// Which rules for keys are installed, and whether they name this key.
    pub rules: InstalledRules,
    /// Who sits at this machine.
    pub seat: Seat,
    /// Whether this user is the one who sits there.
    pub is_on_seat: bool,
    /// The container that this runs in.
    pub container: Option<Container>,
}

/// How opening was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// By the node's mode or access list (EACCES).
    ByMode,
    /// By something above it, such as a container's list of devices (EPERM).
    ByPolicy,
}

/// Who owns a device node, and what its mode allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRights {
    /// The permission bits. Where there is an access list, the group's bits are its mask.
    pub mode: u32,
    /// The owner.
    pub owner: Account,
    /// The group.
    pub group: Account,
}

impl NodeRights {
    /// Whether membership in the group is a way in: it may read and write and is not root's own.
    pub fn group_opens(&self) -> bool {
        const GROUP_READS_AND_WRITES: u32 = 0o060;
        self.group.id != 0 && self.mode & GROUP_READS_AND_WRITES == GROUP_READS_AND_WRITES
    }
}

/// Tries whether a device node opens. Tests have their own.
pub trait Probe: Send + Sync {
    /// Opens the node for reading and writing and closes it; never writes to it.
    ///
    /// # Errors
    ///
    /// What the operating system said.
    fn open(&self, node: &Path) -> io::Result<()>;
}

/// Really opens the node.
#[derive(Clone, Copy, Debug)]
pub struct OpenNode;

impl Probe for OpenNode {
    #[cfg(target_os = "linux")]
    fn open(&self, node: &Path) -> io::Result<()> {
        crate::transport::sysfs::open_node(node).map(drop)
    }

    #[cfg(not(target_os = "linux"))]
    fn open(&self, _node: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Opens a key's node and finds out why if that is refused.
pub(super) fn access(host: &Host, node: &FidoNode) -> Access {
    /// No such device or address, and no such device: a node with nothing behind it.
    const NOTHING_BEHIND: [Option<i32>; 2] = [Some(6), Some(19)];
    /// Operation not permitted.
    const EPERM: Option<i32> = Some(1);

    let path = node.node(&host.root);
    let Err(error) = host.probe.open(&path) else { return Access::Permitted };
    match error.kind() {
        io::ErrorKind::NotFound => Access::NoNode,
        io::ErrorKind::ResourceBusy => Access::Busy,
        io::ErrorKind::PermissionDenied => {
            let by_policy = error.raw_os_error() == EPERM;
            let refusal = if by_policy { Refusal::ByPolicy } else { Refusal::ByMode };
            Access::Denied(Box::new(denial(host, node, &path, refusal)))
        }
        _ if NOTHING_BEHIND.contains(&error.raw_os_error()) => Access::NoNode,
        _ => Access::Other { reason: error.to_string() },
    }
}

fn denial(host: &Host, node: &FidoNode, path: &Path, refusal: Refusal) -> Denial {
    let accounts = host.accounts();
    let rights = node_rights(path).map(|(mode, owner, group)| NodeRights {
        mode,
        owner: accounts.owner(owner),
        group: accounts.group(group),
    });
    let seat = host.seat(&accounts);
    Denial {
        refusal,
        membership: rights
            .as_ref()
            .map_or(Membership::None, |rights| accounts.membership(&host.user, rights.group.id)),
        rights,
        user: accounts.owner(host.user.id),
        is_root: host.user.id == 0,
        own_group: accounts
            .number(udev_rules::GROUP)
            .map_or(Membership::None, |group| accounts.membership(&host.user, group)),
        udev: host.udev(node.device_number),
        rules: host.installed_rules(&node.description, &accounts),
        is_on_seat: seat.active_user.as_ref().is_some_and(|user| user.id == host.user.id),
        seat,
        container: host.container(),
    }
}

/// Mode, owner and group of a node.
#[cfg(unix)]
fn node_rights(path: &Path) -> Option<(u32, u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    let metadata = path.metadata().ok()?;
    Some((metadata.mode() & 0o7777, metadata.uid(), metadata.gid()))
}

#[cfg(not(unix))]
fn node_rights(_path: &Path) -> Option<(u32, u32, u32)> {
    None
}
