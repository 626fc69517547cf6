//! Which key it is, as every view says it in JSON.

use crate::transport::KeyDescription;
use serde::Serialize;

/// What is known of a key before it is opened. A text that the key leaves empty counts as absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Identity {
    pub(super) path: String,
    pub(super) manufacturer: Option<String>,
    pub(super) product: Option<String>,
    pub(super) vendor_id: Option<u16>,
    pub(super) product_id: Option<u16>,
    pub(super) serial_number: Option<String>,
    pub(super) port: Option<String>,
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
        }
    }
}
