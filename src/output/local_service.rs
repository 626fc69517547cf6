//! The local relying party: where it is.

use crate::relying_party::identity::{Identity, Profile};
use crate::relying_party::service::Bound;
use serde::Serialize;

/// Where the local relying party is, once it is ready.
#[derive(Debug, Serialize)]
pub struct ServiceView {
    /// Where programs on this computer reach it.
    pub url: String,
    /// The port at which it listens.
    pub port: u16,
    /// The addresses at which it listens.
    pub addresses: Vec<String>,
    /// Its RP ID.
    pub rp_id: String,
    /// The origin that it expects.
    pub origin: String,
    /// Whose options it sends.
    pub profile: &'static str,
}

impl ServiceView {
    /// Takes what is known of it.
    pub fn of(bound: &Bound, identity: &Identity) -> Self {
        Self {
            url: bound.url(),
            port: bound.port(),
            addresses: bound.addresses().iter().map(ToString::to_string).collect(),
            rp_id: identity.rp_id.to_string(),
            origin: identity.origin.to_string(),
            profile: match identity.profile {
                Profile::Plain => "plain",
                Profile::Entra => "entra",
            },
        }
    }

    /// The address of its page alone.
    pub fn text(&self) -> String {
        format!("{}\n", self.origin)
    }
}
