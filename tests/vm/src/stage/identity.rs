//! What a device says of itself to whoever it is plugged into.

use anyhow::{Context, Result};

/// The numbers and names of a USB device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub vendor: u16,
    pub product_id: u16,
    pub manufacturer: String,
    pub product: String,
    pub serial: Option<String>,
}

/// Reads `VENDOR:PRODUCT`, two hexadecimal numbers.
///
/// # Errors
///
/// When it is something else.
pub fn parse_id(text: &str) -> Result<(u16, u16)> {
    let number = |text: &str| u16::from_str_radix(text, 16).ok();
    text.split_once(':')
        .and_then(|(vendor, product)| Some((number(vendor)?, number(product)?)))
        .with_context(|| format!("{text:?} is not VENDOR:PRODUCT, two hexadecimal numbers"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_two_hexadecimal_numbers() {
        assert_eq!(parse_id("1050:0407").unwrap(), (0x1050, 0x0407));
        for wrong in ["1050", "1050:", "xyz:0407", "10500:0407"] {
            assert!(parse_id(wrong).is_err(), "{wrong}");
        }
    }
}
