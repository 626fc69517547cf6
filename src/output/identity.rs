//! Which key it is, as every view says it in JSON.

use crate::authenticator::Key;
use crate::transport::KeyDescription;
use crate::webauthn::model_names::ModelNames;
use serde::Serialize;

/// What is known of a key before it is opened, and its model where the key was asked for it. A text
/// that the key leaves empty counts as absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Identity {
    pub(super) path: String,
    pub(super) manufacturer: Option<String>,
    pub(super) product: Option<String>,
    pub(super) vendor_id: Option<u16>,
    pub(super) product_id: Option<u16>,
    pub(super) serial_number: Option<String>,
    pub(super) port: Option<String>,
    /// The model's name, by its AAGUID.
    pub(super) model: Option<String>,
}

impl Identity {
    pub(super) fn of(key: &KeyDescription) -> Self {
        let stated = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Self {
            path: key.path.0.clone(),
            manufacturer: stated(&key.manufacturer),
            product: stated(&key.product),
            vendor_id: key.vendor_id,
            product_id: key.product_id,
            serial_number: stated(&key.serial_number),
            port: stated(&key.port),
            model: None,
        }
    }

    /// A key that was opened and may have said which model it is.
    pub(super) fn of_answered(key: &Key, names: &ModelNames) -> Self {
        let aaguid = key.known_info().and_then(|info| info.aaguid);
        let model = aaguid.and_then(|aaguid| names.name(aaguid)).map(str::to_owned);
        Self { model, ..Self::of(key.description()) }
    }
}
