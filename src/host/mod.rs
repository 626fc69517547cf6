//! What the operating system says of keys.
//!
//! [`Host`] knows every FIDO key that Linux knows, also those that this user may not open, and
//! says of each whether it may be opened, why not ([`Denial`]), and what would mend that
//! ([`Remedy`]). It also knows what kind of machine this is, who has a key open, and which USB
//! devices may be keys and show no FIDO interface. The root of the file system, the user and the act
//! of opening a node are arguments, so that tests can show a machine of their own. Nothing is ever written, neither to a
//! key nor to a file.
//!
//! On other systems there is nothing of this kind to be read: [`Host::nodes`] is empty there.

mod access;
mod accounts;
mod holders;
mod machine;
mod remedy;
mod rules_files;
mod session;
mod udev;
pub mod udev_rules;
mod usb;

pub use access::{Access, Denial, NodeRights, OpenNode, Probe, Refusal};
pub use accounts::{Account, Membership, User};
pub use holders::Holder;
pub use machine::{Container, Hypervisor, Machine};
pub use remedy::{Admission, Obstacle, Remedy};
pub use rules_files::LateRules;
pub use session::Seat;
pub use udev::{InstalledRules, OwnRules, Udev, UdevRecord};
pub use usb::{Suspect, SuspectReason};

use crate::transport::sysfs::{self, FidoNode};
use std::io;
use std::path::{Path, PathBuf};

/// One machine, as one user sees it.
pub struct Host {
    root: PathBuf,
    user: User,
    probe: Box<dyn Probe>,
}

/// A key, whether it may be opened, and what would mend it if not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKey {
    /// The key.
    pub node: FidoNode,
    /// Whether this user may open it.
    pub access: Access,
    /// What keeps this user out, if it may not be opened.
    pub obstacle: Option<Obstacle>,
    /// The one act that would mend it, if something is wrong and such an act is known.
    pub remedy: Option<Remedy>,
}

impl Host {
    /// This machine, as the user of this process sees it.
    pub fn this_machine() -> Self {
        Self::new("/", User::of_this_process(), Box::new(OpenNode))
    }

    /// A machine whose file system has its root at `root`.
    pub fn new(root: impl Into<PathBuf>, user: User, probe: Box<dyn Probe>) -> Self {
        Self { root: root.into(), user, probe }
    }

    /// Every FIDO key, without touching any: a few small files are read for each.
    ///
    /// # Errors
    ///
    /// When the list of HID devices is there and cannot be read.
    pub fn nodes(&self) -> io::Result<Vec<FidoNode>> {
        sysfs::fido_nodes(&self.root)
    }

    /// Looks at one key: opens its node, closes it again, and finds out why if that is refused.
    ///
    /// Linux takes 50 ms to open a USB key that nobody has open, so this is for keys that are not
    /// going to be opened anyway, or whose opening has failed.
    pub fn look_at(&self, node: FidoNode) -> HostKey {
        let access = access::access(self, &node);
        let obstacle = remedy::obstacle(&access);
        let remedy = remedy::remedy(self, &node, &access, obstacle);
        HostKey { node, access, obstacle, remedy }
    }

    /// Whether udev is still to let users in to a key that this user may not open: it has not looked
    /// at it, or works on devices now. Nothing but files is read unless that is so.
    pub fn is_settling(&self, node: &FidoNode) -> bool {
        let path = node.node(&self.root);
        self.is_udev_at_work(node.device_number)
            && matches!(self.probe.open(&path), Err(error) if error.kind() == io::ErrorKind::PermissionDenied)
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// The text of a file, bounded; nothing if it cannot be read.
    fn text(&self, path: impl AsRef<Path>) -> String {
        /// Enough for any rules file or group list that a person reads.
        const LIMIT: u64 = 1 << 20;
        let bytes = sysfs::read(&self.root.join(path), LIMIT).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
