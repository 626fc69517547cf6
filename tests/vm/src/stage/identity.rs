//! What a device says of itself to whoever it is plugged into.

/// The numbers and names of a USB device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub vendor: u16,
    pub product_id: u16,
    pub manufacturer: String,
    pub product: String,
    pub serial: Option<String>,
}
