//! Passwords are hashed on threads of their own, a few at a time, in memory that is used again.

use super::answer::Failure;
use super::limits::{HASHES, HASHES_WAITING};
use crate::relying_party::accounts::password::Memory;
use axum::http::StatusCode;
use std::sync::{Arc, Mutex};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Where passwords are hashed. Clones are the same place.
#[derive(Clone)]
pub(super) struct Hashing {
    /// For passwords that are hashed now.
    places: Arc<Semaphore>,
    /// For those and the ones that wait.
    queue: Arc<Semaphore>,
    /// What nobody hashes in now.
    memories: Arc<Mutex<Vec<Memory>>>,
}

/// A place in the queue. Whoever has one may count a try: its password will be looked at.
#[expect(dead_code, reason = "it is kept to be dropped when its work is done")]
pub(super) struct Turn(OwnedSemaphorePermit);

impl Hashing {
    pub(super) fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(HASHES)),
            queue: Arc::new(Semaphore::new(HASHES_WAITING)),
            memories: Arc::default(),
        }
    }

    /// Takes a place in the queue.
    ///
    /// # Errors
    ///
    /// [`Failure`] when all are taken.
    pub(super) fn queue(&self) -> Result<Turn, Failure> {
        Arc::clone(&self.queue).try_acquire_owned().map(Turn).map_err(|_| busy())
    }

    /// Does work that takes long and needs memory, on another thread, when it is its turn.
    ///
    /// # Errors
    ///
    /// [`Failure`] when the service ends before.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        turn: Turn,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| busy())?;
        let memories = Arc::clone(&self.memories);
        let worked = tokio::task::spawn_blocking(move || {
            // There are as many as places at most. Whoever asked may have gone away: the places are
            // free when the work is done, and not before.
            let (_turn, _place) = (turn, place);
            let mut memory = pool(&memories).pop().unwrap_or_default();
            let done = work(&mut memory);
            pool(&memories).push(memory);
            done
        });
        worked.await.map_err(|_| busy())
    }
}

fn busy() -> Failure {
    Failure::new(StatusCode::SERVICE_UNAVAILABLE, "too many sign-ins at once; wait a moment")
}

fn pool(memories: &Mutex<Vec<Memory>>) -> std::sync::MutexGuard<'_, Vec<Memory>> {
    match memories.lock() {
        Ok(pool) => pool,
        // A list of memories is never half changed.
        Err(poisoned) => poisoned.into_inner(),
    }
}
