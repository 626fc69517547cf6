//! The relying party over HTTP.
//!
//! One thread, and two that hash passwords (`hashing`). Connections are tasks of a current-thread runtime; the relying party itself belongs to
//! one task, and the others ask it by message (`desk`). Who may ask is in `guard`, how much in
//! [`limits`]. The service ends when the person wishes to stop.

mod answer;
mod body;
mod bound;
mod conformance;
mod connection;
mod cookie;
mod desk;
mod guard;
mod hashing;
pub mod limits;
mod page;
mod people;
mod routes;
mod session;
mod shared;

pub use bound::{BindError, Bound};
use guard::Hosts;
pub use limits::Limits;

use super::party::RelyingParty;
use crate::transport::Interrupt;
use desk::Desk;
use shared::Shared;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::MissedTickBehavior;

/// How often the person's wish to stop is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// How long connections have to end when the service does.
const FAREWELL: Duration = Duration::from_secs(1);

/// Serves until the person wishes to stop.
///
/// # Errors
///
/// When the operating system gives no runtime, or does not let go of the sockets' threads.
pub fn serve(
    bound: Bound,
    mut party: RelyingParty<'_>,
    limits: Limits,
    interrupt: &Interrupt,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        // Each thread has memory of its own, which it does not always give back.
        .max_blocking_threads(limits::HASHES)
        .build()?;
    let hosts = Hosts::of(&party.identity().origin, &bound);
    let served: io::Result<()> = runtime.block_on(async {
        let (desk, mut acts) = Desk::open();
        let router = routes::router(Shared::new(desk, hosts, limits, party.clock()));
        let places = Arc::new(Semaphore::new(limits.connections));
        for listener in bound.into_listeners() {
            listener.set_nonblocking(true)?;
            let listener = TcpListener::from_std(listener)?;
            tokio::spawn(connection::accept(listener, router.clone(), Arc::clone(&places), limits));
        }
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                act = acts.recv() => match act {
                    Some(act) => act(&mut party),
                    // Every other task has ended.
                    None => return Ok(()),
                },
                _ = look.tick() => {
                    if interrupt.is_requested() {
                        return Ok(());
                    }
                }
            }
        }
    });
    runtime.shutdown_timeout(FAREWELL);
    served
}
