//! The board that the firmware runs on, and the kernel on it.

use crate::link::Link;
use littlefs2::path;
use rand_core::OsRng;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};
use trussed::backend::BackendId;
use trussed::pipe::{ServiceEndpoint, TrussedResponder};
use trussed::platform::{Platform, Syscall, UserInterface};
use trussed::service::Service;
use trussed::types::CoreContext;
use trussed::virt::Store;
use trussed_core::InterruptFlag;
use trussed_core::types::consent::Level;
use trussed_staging::StagingContext;
use trussed_staging::virt::{BackendIds, Dispatcher};

/// Randomness, storage and button.
pub struct Board<'a> {
    randomness: OsRng,
    store: Store<'a>,
    button: Button,
}

impl<'a> Board<'a> {
    /// Builds the board around its storage.
    pub fn new(store: Store<'a>, link: Rc<RefCell<Link>>) -> Self {
        let button = Button { link, powered_up: Instant::now() };
        Self { randomness: OsRng, store, button }
    }
}

impl<'a> Platform for Board<'a> {
    type R = OsRng;
    type S = Store<'a>;
    type UI = Button;

    fn rng(&mut self) -> &mut OsRng {
        &mut self.randomness
    }

    fn store(&self) -> Store<'a> {
        self.store
    }

    fn user_interface(&mut self) -> &mut Button {
        &mut self.button
    }
}

/// The button, and the clock.
pub struct Button {
    link: Rc<RefCell<Link>>,
    powered_up: Instant,
}

impl UserInterface for Button {
    /// Called again and again while a touch is wanted.
    fn check_user_presence(&mut self) -> Level {
        self.link.borrow_mut().await_touch()
    }

    fn uptime(&mut self) -> Duration {
        self.powered_up.elapsed()
    }
}

/// The kernel with its one application.
pub struct Kernel<'a> {
    service: Service<Board<'a>, Dispatcher>,
    applications: [ServiceEndpoint<'a, BackendIds, StagingContext>; 1],
}

impl<'a> Kernel<'a> {
    /// Starts the kernel.
    pub fn new(
        board: Board<'a>,
        responder: TrussedResponder<'a>,
        interrupt: &'static InterruptFlag,
    ) -> Self {
        let context = CoreContext::with_interrupt(path!("fido").into(), Some(interrupt));
        let backends = &[BackendId::Custom(BackendIds::StagingBackend), BackendId::Core];
        Self {
            service: Service::with_dispatch(board, Dispatcher::default()),
            applications: [ServiceEndpoint::new(responder, context, backends)],
        }
    }
}

impl Syscall for Kernel<'_> {
    fn syscall(&mut self) {
        self.service.process(&mut self.applications);
    }
}
