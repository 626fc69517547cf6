//! What every request needs, whatever its path.

use super::cookie::Names;
use super::desk::Desk;
use super::guard::Hosts;
use super::hashing::Hashing;
use super::limits::{Bucket, Limits};
use crate::transport::Clock;
use std::sync::Arc;

/// What every request needs.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) desk: Desk,
    pub(super) hosts: Arc<Hosts>,
    pub(super) cookies: Arc<Names>,
    pub(super) limits: Limits,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) bucket: Arc<Bucket>,
    pub(super) hashing: Hashing,
}

impl Shared {
    pub(super) fn new(desk: Desk, hosts: Hosts, limits: Limits, clock: Arc<dyn Clock>) -> Self {
        let bucket = Arc::new(Bucket::full(&limits, clock.now()));
        Self {
            desk,
            cookies: Arc::new(Names::of(hosts.port())),
            hosts: Arc::new(hosts),
            limits,
            clock,
            bucket,
            hashing: Hashing::new(),
        }
    }
}
