//! What every request needs, whatever its path.

use super::desk::Desk;
use super::guard::Hosts;
use super::limits::{Bucket, HASHES, HASHES_WAITING, Limits};
use crate::transport::Clock;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What every request needs.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) desk: Desk,
    pub(super) hosts: Arc<Hosts>,
    pub(super) limits: Limits,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) bucket: Arc<Bucket>,
    /// For passwords that are hashed now.
    pub(super) hashing: Arc<Semaphore>,
    /// For those and the ones that wait.
    pub(super) queue: Arc<Semaphore>,
}

impl Shared {
    pub(super) fn new(desk: Desk, hosts: Hosts, limits: Limits, clock: Arc<dyn Clock>) -> Self {
        let bucket = Arc::new(Bucket::full(&limits, clock.now()));
        Self {
            desk,
            hosts: Arc::new(hosts),
            limits,
            clock,
            bucket,
            hashing: Arc::new(Semaphore::new(HASHES)),
            queue: Arc::new(Semaphore::new(HASHES_WAITING)),
        }
    }
}
