//! Whom the relying party believes about the models of keys.

use crate::webauthn::metadata::Kept;
use crate::webauthn::model_names::ModelNames;
use crate::webauthn::trust::{Roots, TrustSource};

/// Whom the relying party believes.
#[derive(Debug, Default)]
pub struct Trust {
    /// Roots that are trusted for every model; without any, and without metadata, trust is not
    /// checked.
    pub roots: Roots,
    /// The FIDO metadata.
    pub metadata: Option<Kept>,
    /// Whether an attestation must be trusted.
    pub required: bool,
    /// What models are called.
    pub names: ModelNames,
}

impl Trust {
    /// The same as the rules of trust want it, at this second since 1970.
    pub(super) fn source(&self, at: u64) -> TrustSource<'_> {
        let metadata = self.metadata.as_ref();
        let (roots, required) = (&self.roots, self.required);
        TrustSource { roots, metadata, info: None, required, in_date: true, at }
    }
}
