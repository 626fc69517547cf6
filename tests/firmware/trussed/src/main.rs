//! fido-authenticator on Trussed, the firmware of Nitrokey 3 and Solo 2, as a firmware process; see
//! `firmware_contract`.
//!
//! Everything runs in one thread, as on a key: the firmware calls the kernel, and the kernel, while
//! it waits for a touch, the link to the host.

#![forbid(unsafe_code)]

mod board;
mod chip;
mod factory;
mod link;

use board::{Board, Kernel};
use chip::Chip;
use ctaphid_app::App;
use fido_authenticator::credential::CredentialIdVersion;
use fido_authenticator::{Authenticator, Config, Conforming, FirmwareVersion, LargeBlobsConfig};
use firmware_contract::{Port, command_line};
use heapless_bytes::Bytes;
use link::{Link, MESSAGE, Outcome};
use std::cell::RefCell;
use std::rc::Rc;
use trussed::ClientImplementation;
use trussed::pipe::TrussedChannel;
use trussed::virt::{StorageConfig, Store, StoreConfig};
use trussed_core::InterruptFlag;
use trussed_core::types::Location;
use trussed_staging::virt::Dispatcher;

/// Set when the host cancels; the kernel looks at it while it waits for a touch.
static INTERRUPT: InterruptFlag = InterruptFlag::new();

fn main() {
    let (path, _) = command_line(&[]);
    let port = Port::open();
    let (chip, fresh) = Chip::load(&path);
    let mut store = StoreConfig {
        internal: StorageConfig { storage: Box::new(chip.clone()), format: fresh },
        ..StoreConfig::ram()
    };
    store.with_store(|store| {
        if fresh {
            factory::equip(&store);
        }
        chip.settle();
        let link = Rc::new(RefCell::new(Link::new(port, chip.clone(), &INTERRUPT)));
        serve(store, &link);
    });
}

/// As on a Nitrokey 3, with more room than it has.
const CONFIG: Config = Config {
    max_msg_size: MESSAGE,
    skip_up_timeout: None,
    max_resident_credential_count: Some(150),
    large_blobs: Some(LargeBlobsConfig { location: Location::Internal, max_size: 4096 }),
    nfc_transport: false,
    ccid_transport: false,
    firmware_version: Some(FirmwareVersion { default: 1, credential_id_v1: None }),
    credential_id_version: Some(CredentialIdVersion::V1),
    long_touch_for_reset: true,
    fido2_up_timeout: None,
};

fn serve(store: Store<'_>, link: &Rc<RefCell<Link>>) -> ! {
    let channel = TrussedChannel::new();
    let (requester, responder) = channel.split().expect("it is split once");
    let kernel = Kernel::new(Board::new(store, link.clone()), responder, &INTERRUPT);
    let client = ClientImplementation::<_, Dispatcher>::new(requester, kernel, Some(&INTERRUPT));
    let mut authenticator = Authenticator::new(client, Conforming {}, CONFIG);
    loop {
        let request = link.borrow_mut().request();
        let mut response = Bytes::<MESSAGE>::new();
        INTERRUPT.set_working();
        let called = authenticator.call(request.command, &request.payload, &mut response);
        INTERRUPT.set_idle();
        let outcome = match &called {
            Ok(()) => Outcome::Answered(&response),
            Err(error) => Outcome::Refused(*error),
        };
        link.borrow_mut().answer(&request, &outcome);
    }
}
