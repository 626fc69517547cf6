//! A HID device of one's own through `/dev/uhid`: the kernel's events in and out
//! (`include/uapi/linux/uhid.h`). An event is a number and, packed behind it, what belongs to it; what
//! is written may end where its last used byte does.

use super::identity::Identity;
use super::report::{LENGTH, Report};

const UHID_DESTROY: u32 = 1;
const UHID_OUTPUT: u32 = 6;
const UHID_GET_REPORT: u32 = 9;
const UHID_GET_REPORT_REPLY: u32 = 10;
const UHID_CREATE2: u32 = 11;
const UHID_INPUT2: u32 = 12;
const UHID_SET_REPORT: u32 = 13;
const UHID_SET_REPORT_REPLY: u32 = 14;

/// Bytes of the largest event: its number and the request to create a device.
pub const LARGEST_EVENT: usize = 4 + 128 + 64 + 64 + 2 + 2 + 4 * 4 + DATA;

/// Bytes that one report may have.
const DATA: usize = 4096;

/// What the kernel says of HID reports that cannot be asked for: "input/output error".
const EIO: u16 = 5;

const BUS_USB: u16 = 3;

/// What the kernel tells the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A report to the device.
    Output(Report),
    /// Somebody asks for something by a control request; this is what to answer.
    Refusal(Vec<u8>),
    /// The device was started, opened, closed or stopped, or sent what no key understands.
    Other,
}

impl Event {
    /// Reads an event.
    pub fn parse(bytes: &[u8]) -> Self {
        let Some(kind) = bytes.first_chunk().map(|kind| u32::from_le_bytes(*kind)) else {
            return Self::Other;
        };
        let payload = &bytes[4..];
        match kind {
            UHID_OUTPUT => output(payload).map_or(Self::Other, Self::Output),
            UHID_GET_REPORT => Self::Refusal(refusal(UHID_GET_REPORT_REPLY, payload)),
            UHID_SET_REPORT => Self::Refusal(refusal(UHID_SET_REPORT_REPLY, payload)),
            _ => Self::Other,
        }
    }
}

/// The report of an output event: 4096 bytes, of which a size that follows them says how many are
/// meant, and a type. The kernel puts the report number, zero here, before the report.
fn output(payload: &[u8]) -> Option<Report> {
    let size = payload.get(DATA..DATA + 2)?;
    let size = usize::from(u16::from_le_bytes([size[0], size[1]]));
    let data = payload.get(..size)?;
    let data = if data.len() == LENGTH + 1 { &data[1..] } else { data };
    let mut report = [0; LENGTH];
    report.get_mut(..data.len())?.copy_from_slice(data);
    Some(report)
}

/// The answer to a control request: its number, and that it failed.
fn refusal(kind: u32, request: &[u8]) -> Vec<u8> {
    let mut event = kind.to_le_bytes().to_vec();
    event.extend(request.iter().chain(&[0; 4]).take(4));
    event.extend(EIO.to_le_bytes());
    event.extend([0; 2]);
    event
}

/// The event that creates a device.
pub fn create(identity: &Identity, phys: &str, descriptor: &[u8]) -> Vec<u8> {
    let mut event = UHID_CREATE2.to_le_bytes().to_vec();
    event.extend(text::<128>(&format!("{} {}", identity.manufacturer, identity.product)));
    event.extend(text::<64>(phys));
    event.extend(text::<64>(identity.serial.as_deref().unwrap_or_default()));
    event.extend(u16::try_from(descriptor.len()).unwrap_or(u16::MAX).to_le_bytes());
    event.extend(BUS_USB.to_le_bytes());
    event.extend(u32::from(identity.vendor).to_le_bytes());
    event.extend(u32::from(identity.product_id).to_le_bytes());
    event.extend(0x0100u32.to_le_bytes());
    event.extend(0u32.to_le_bytes());
    event.extend(descriptor);
    event
}

/// The event that takes a device away.
pub fn destroy() -> Vec<u8> {
    UHID_DESTROY.to_le_bytes().to_vec()
}

/// The event that brings a report from the device.
pub fn input(report: &[u8]) -> Vec<u8> {
    let mut event = UHID_INPUT2.to_le_bytes().to_vec();
    event.extend(u16::try_from(report.len()).unwrap_or(u16::MAX).to_le_bytes());
    event.extend(report);
    event
}

/// A text as the kernel keeps it: cut at a character's end, and ended by a zero byte.
fn text<const SIZE: usize>(text: &str) -> [u8; SIZE] {
    let mut end = text.len().min(SIZE - 1);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut field = [0; SIZE];
    field[..end].copy_from_slice(&text.as_bytes()[..end]);
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity {
            vendor: 0x1050,
            product_id: 0x0407,
            manufacturer: "Maker".into(),
            product: "Key".into(),
            serial: Some("123".into()),
        }
    }

    #[test]
    fn a_device_is_created_with_its_names_and_numbers_in_place() {
        let event = create(&identity(), "stage/work", &[6, 0xd0]);
        assert_eq!(event[..4], [11, 0, 0, 0]);
        assert_eq!(&event[4..14], b"Maker Key\0");
        assert_eq!(&event[132..143], b"stage/work\0");
        assert_eq!(&event[196..200], b"123\0");
        assert_eq!(event[260..264], [2, 0, 3, 0]);
        assert_eq!(event[264..272], [0x50, 0x10, 0, 0, 0x07, 0x04, 0, 0]);
        assert_eq!(event[280..], [6, 0xd0]);
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        assert_eq!(text::<4>("aéé"), [b'a', 0xc3, 0xa9, 0]);
        assert_eq!(text::<4>("aaéé"), [b'a', b'a', 0, 0]);
    }

    #[test]
    fn an_output_report_loses_its_number() {
        let mut event = vec![0; LARGEST_EVENT];
        event[0] = 6;
        event[5..69].fill(7);
        event[4 + DATA] = 65;
        assert_eq!(Event::parse(&event), Event::Output([7; LENGTH]));
    }

    #[test]
    fn a_report_of_an_impossible_size_is_no_report() {
        let mut event = vec![0; LARGEST_EVENT];
        event[0] = 6;
        event[4 + DATA..4 + DATA + 2].fill(0xff);
        assert_eq!(Event::parse(&event), Event::Other);
        assert_eq!(Event::parse(&[6, 0, 0, 0, 1]), Event::Other);
        assert_eq!(Event::parse(&[6]), Event::Other);
    }

    #[test]
    fn control_requests_are_refused() {
        let asked = [9, 0, 0, 0, 0x2a, 0, 0, 0, 1, 0];
        let answer = vec![10, 0, 0, 0, 0x2a, 0, 0, 0, 5, 0, 0, 0];
        assert_eq!(Event::parse(&asked), Event::Refusal(answer));
    }

    #[test]
    fn a_report_from_the_device_is_written_short() {
        let event = input(&[9; LENGTH]);
        assert_eq!(event[..7], [12, 0, 0, 0, 64, 0, 9]);
        assert_eq!(event.len(), 6 + LENGTH);
    }
}
