//! HID report descriptors: whether a device is a FIDO key, and how large its reports are.
//!
//! Follows the USB "Device Class Definition for HID" 1.11, section 6.2.2, and CTAP 2.3 section
//! 11.2.8, which gives the usage page and the usages of a FIDO key. Only what those two questions
//! need is read; everything else in a descriptor is skipped.

use std::array;

/// The usage page of FIDO keys.
pub const FIDO_USAGE_PAGE: u16 = 0xF1D0;

/// The usage, on that page, of the collection that speaks CTAPHID.
pub const CTAPHID_USAGE: u16 = 0x01;

/// The longest descriptor that is looked at; Linux refuses longer ones too.
pub const MAX_LENGTH: usize = 4096;

/// How deep global state may be pushed. Linux allows 4.
const MAX_PUSHED: usize = 8;

/// One kind of report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// The number that stands before each report, or 0 where reports are not numbered.
    pub id: u8,
    /// How many bytes follow the number.
    pub bytes: usize,
}

/// The reports that a key exchanges CTAPHID packets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FidoReports {
    /// From the key, if the descriptor states one.
    pub input: Option<Report>,
    /// To the key, if the descriptor states one.
    pub output: Option<Report>,
}

/// Reads what a report descriptor says of CTAPHID, or gives `None` if this is no FIDO key.
///
/// A descriptor that breaks off or makes no sense at some point counts up to that point.
pub fn fido_reports(descriptor: &[u8]) -> Option<FidoReports> {
    let mut reading = Reading::new();
    for item in Items(descriptor.get(..MAX_LENGTH).unwrap_or(descriptor)) {
        reading.take(item);
    }
    if !reading.found {
        return None;
    }
    Some(FidoReports { input: reading.input.report(), output: reading.output.report() })
}

/// One item: its tag and type, and its value (all zero for long items, which have no meaning yet).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Item {
    /// The prefix byte without the size in its low two bits.
    tag: u8,
    /// How many bytes of data the item had.
    size: usize,
    value: u32,
}

/// Splits a descriptor into items; ends at the first one that is cut off.
struct Items<'a>(&'a [u8]);

impl Iterator for Items<'_> {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        /// The prefix of a long item: its size and tag follow as bytes (HID 1.11, 6.2.2.3).
        const LONG: u8 = 0xFE;

        let (&prefix, rest) = self.0.split_first()?;
        if prefix == LONG {
            let (&size, rest) = rest.split_first()?;
            let (_tag, rest) = rest.split_first()?;
            self.0 = rest.get(usize::from(size)..)?;
            return Some(Item { tag: LONG & 0xFC, size: 0, value: 0 });
        }
        let size = match prefix & 0x03 {
            3 => 4,
            size => usize::from(size),
        };
        let (data, rest) = rest.split_at_checked(size)?;
        self.0 = rest;
        let bytes: [u8; 4] = array::from_fn(|at| data.get(at).copied().unwrap_or(0));
        Some(Item { tag: prefix & 0xFC, size, value: u32::from_le_bytes(bytes) })
    }
}

/// The global state that matters here (HID 1.11, 6.2.2.7).
#[derive(Clone, Copy, Default)]
struct Global {
    usage_page: u16,
    report_size: u32,
    report_count: u32,
    report_id: u8,
}

/// The bits in each report of one direction.
struct Direction {
    /// By report number. A report grows over the whole descriptor, across collections.
    bits: [u32; 256],
    /// The number of the report that the FIDO collection uses.
    fido: Option<u8>,
}

impl Direction {
    fn new() -> Self {
        Self { bits: [0; 256], fido: None }
    }

    fn add(&mut self, global: Global, in_fido: bool) {
        if let Some(bits) = self.bits.get_mut(usize::from(global.report_id)) {
            *bits = bits.saturating_add(global.report_size.saturating_mul(global.report_count));
        }
        if in_fido {
            self.fido.get_or_insert(global.report_id);
        }
    }

    fn report(&self) -> Option<Report> {
        let id = self.fido?;
        let bits = *self.bits.get(usize::from(id))?;
        let bytes = usize::try_from(bits.div_ceil(8)).ok()?;
        Some(Report { id, bytes })
    }
}

/// What has been read so far.
struct Reading {
    global: Global,
    pushed: Vec<Global>,
    /// The first usage since the last main item: its page, if it carried one, and its number.
    usage: Option<(Option<u16>, u16)>,
    /// How many collections are open.
    depth: usize,
    /// Whether the outermost open collection is FIDO's.
    in_fido: bool,
    /// Whether there was such a collection.
    found: bool,
    input: Direction,
    output: Direction,
}

impl Reading {
    fn new() -> Self {
        Self {
            global: Global::default(),
            pushed: Vec::new(),
            usage: None,
            depth: 0,
            in_fido: false,
            found: false,
            input: Direction::new(),
            output: Direction::new(),
        }
    }

    fn take(&mut self, item: Item) {
        let [low, high, page_low, page_high] = item.value.to_le_bytes();
        let number = u16::from_le_bytes([low, high]);
        match item.tag {
            // Main items (6.2.2.4).
            0x80 => self.field(|reading| &mut reading.input),
            0x90 => self.field(|reading| &mut reading.output),
            0xB0 => self.usage = None,
            0xA0 => self.open_collection(),
            0xC0 => self.close_collection(),
            // Global items (6.2.2.7).
            0x04 => self.global.usage_page = number,
            0x74 => self.global.report_size = item.value,
            0x84 => self.global.report_id = low,
            0x94 => self.global.report_count = item.value,
            0xA4 if self.pushed.len() < MAX_PUSHED => self.pushed.push(self.global),
            0xB4 => self.global = self.pushed.pop().unwrap_or(self.global),
            // Local items (6.2.2.8): a usage of four bytes carries its own page.
            0x08 if self.usage.is_none() => {
                let page = (item.size == 4).then(|| u16::from_le_bytes([page_low, page_high]));
                self.usage = Some((page, number));
            }
            _ => {}
        }
    }

    fn field(&mut self, direction: impl Fn(&mut Self) -> &mut Direction) {
        let (global, in_fido) = (self.global, self.in_fido);
        direction(self).add(global, in_fido);
        self.usage = None;
    }

    fn open_collection(&mut self) {
        let usage = self.usage.take();
        if self.depth == 0
            && let Some((page, number)) = usage
        {
            let page = page.unwrap_or(self.global.usage_page);
            self.in_fido = page == FIDO_USAGE_PAGE && number == CTAPHID_USAGE;
            self.found |= self.in_fido;
        }
        self.depth = self.depth.saturating_add(1);
    }

    fn close_collection(&mut self) {
        self.usage = None;
        self.depth = self.depth.saturating_sub(1);
        if self.depth == 0 {
            self.in_fido = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The descriptor of nearly every key; this one is in CTAP 2.3 section 11.2.8.2 in words and
    /// was read from Linux's uhid device as bytes.
    const USUAL: [u8; 34] = [
        0x06, 0xD0, 0xF1, 0x09, 0x01, 0xA1, 0x01, 0x09, 0x20, 0x15, 0x00, 0x26, 0xFF, 0x00, 0x75,
        0x08, 0x95, 0x40, 0x81, 0x02, 0x09, 0x21, 0x15, 0x00, 0x26, 0xFF, 0x00, 0x75, 0x08, 0x95,
        0x40, 0x91, 0x02, 0xC0,
    ];

    /// A boot keyboard (HID 1.11, appendix E.6).
    const KEYBOARD: [u8; 63] = [
        0x05, 0x01, 0x09, 0x06, 0xA1, 0x01, 0x05, 0x07, 0x19, 0xE0, 0x29, 0xE7, 0x15, 0x00, 0x25,
        0x01, 0x75, 0x01, 0x95, 0x08, 0x81, 0x02, 0x95, 0x01, 0x75, 0x08, 0x81, 0x01, 0x95, 0x05,
        0x75, 0x01, 0x05, 0x08, 0x19, 0x01, 0x29, 0x05, 0x91, 0x02, 0x95, 0x01, 0x75, 0x03, 0x91,
        0x01, 0x95, 0x06, 0x75, 0x08, 0x15, 0x00, 0x25, 0x65, 0x05, 0x07, 0x19, 0x00, 0x29, 0x65,
        0x81, 0x00, 0xC0,
    ];

    fn reports(input: (u8, usize), output: (u8, usize)) -> Option<FidoReports> {
        let report = |(id, bytes)| Some(Report { id, bytes });
        Some(FidoReports { input: report(input), output: report(output) })
    }

    /// A key whose reports have `size` bytes each way.
    fn key_with(size: u8) -> Vec<u8> {
        let mut descriptor = USUAL.to_vec();
        descriptor[17] = size;
        descriptor[30] = size;
        descriptor
    }

    #[test]
    fn the_usual_key_has_64_bytes_each_way() {
        assert_eq!(fido_reports(&USUAL), reports((0, 64), (0, 64)));
    }

    #[test]
    fn every_size_is_read() {
        for size in 1..=255 {
            let bytes = usize::from(size);
            assert_eq!(fido_reports(&key_with(size)), reports((0, bytes), (0, bytes)));
        }
    }

    #[test]
    fn sizes_differ_by_direction_and_round_bits_up() {
        let mut descriptor = key_with(8);
        descriptor[30] = 64;
        assert_eq!(fido_reports(&descriptor), reports((0, 8), (0, 64)));
        // 7 bits times 10 are 70 bits, so 9 bytes.
        descriptor[15] = 7;
        descriptor[17] = 10;
        assert_eq!(fido_reports(&descriptor), reports((0, 9), (0, 64)));
    }

    #[test]
    fn a_keyboard_is_no_key() {
        assert_eq!(fido_reports(&KEYBOARD), None);
    }

    #[test]
    fn another_usage_on_the_fido_page_is_no_key() {
        let mut descriptor = USUAL.to_vec();
        descriptor[4] = 0x02;
        assert_eq!(fido_reports(&descriptor), None);
    }

    #[test]
    fn a_fido_usage_inside_another_collection_is_no_key() {
        let mut descriptor = vec![0x05, 0x01, 0x09, 0x06, 0xA1, 0x01];
        descriptor.extend(USUAL);
        descriptor.push(0xC0);
        assert_eq!(fido_reports(&descriptor), None);
    }

    #[test]
    fn numbered_reports_keep_their_numbers_apart() {
        let mut descriptor = KEYBOARD.to_vec();
        descriptor.splice(6..6, [0x85, 0x01]);
        descriptor.extend(USUAL);
        let fido = KEYBOARD.len() + 2;
        descriptor.splice(fido + 7..fido + 7, [0x85, 0x05]);
        assert_eq!(fido_reports(&descriptor), reports((5, 64), (5, 64)));
    }

    #[test]
    fn the_page_may_follow_the_usage_or_be_part_of_it() {
        let rest = &USUAL[5..];
        let page_last = [&[0x09, 0x01, 0x06, 0xD0, 0xF1], rest].concat();
        assert_eq!(fido_reports(&page_last), reports((0, 64), (0, 64)));
        let extended = [&[0x05, 0x01, 0x0B, 0x01, 0x00, 0xD0, 0xF1], rest].concat();
        assert_eq!(fido_reports(&extended), reports((0, 64), (0, 64)));
        let four_byte_page = [&[0x07, 0xD0, 0xF1, 0x00, 0x00, 0x09, 0x01], rest].concat();
        assert_eq!(fido_reports(&four_byte_page), reports((0, 64), (0, 64)));
    }

    #[test]
    fn long_items_are_skipped() {
        let long = [0xFE, 0x03, 0xF0, 0x06, 0x01, 0x00];
        let descriptor = [&long[..], &USUAL[..7], &long[..], &USUAL[7..]].concat();
        assert_eq!(fido_reports(&descriptor), reports((0, 64), (0, 64)));
    }

    #[test]
    fn pushed_state_comes_back() {
        let mut descriptor = USUAL.to_vec();
        // Push, another size, pop: directly before the input field.
        descriptor.splice(18..18, [0xA4, 0x95, 0x08, 0xB4]);
        assert_eq!(fido_reports(&descriptor), reports((0, 64), (0, 64)));
        // A pop of nothing changes nothing; pushes without end are bounded.
        descriptor.splice(18..18, [0xB4]);
        descriptor.splice(18..18, [0xA4; 500]);
        assert_eq!(fido_reports(&descriptor), reports((0, 64), (0, 64)));
    }

    #[test]
    fn a_truncated_descriptor_counts_as_far_as_it_goes() {
        for length in 0..USUAL.len() {
            let read = fido_reports(&USUAL[..length]);
            match length {
                0..7 => assert_eq!(read, None),
                7..20 => assert_eq!(read, Some(FidoReports { input: None, output: None })),
                20..33 => {
                    let input = Some(Report { id: 0, bytes: 64 });
                    assert_eq!(read, Some(FidoReports { input, output: None }));
                }
                _ => assert_eq!(read, reports((0, 64), (0, 64))),
            }
        }
        assert_eq!(fido_reports(&[0xFE]), None);
        assert_eq!(fido_reports(&[0xFE, 0xFF, 0x00]), None);
    }

    #[test]
    fn absurd_sizes_do_not_overflow() {
        let mut descriptor = USUAL[..14].to_vec();
        let huge = [0x77, 0xFF, 0xFF, 0xFF, 0xFF, 0x97, 0xFF, 0xFF, 0xFF, 0xFF, 0x81, 0x02];
        descriptor.extend(huge);
        descriptor.extend([0x81, 0x02]);
        let read = fido_reports(&descriptor).and_then(|reports| reports.input);
        assert_eq!(read, Some(Report { id: 0, bytes: 0x2000_0000 }));
    }

    #[test]
    fn what_lies_beyond_the_limit_is_not_read() {
        let mut descriptor = vec![0xC0; MAX_LENGTH];
        descriptor.extend(USUAL);
        assert_eq!(fido_reports(&descriptor), None);
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let mut state: u32 = 1;
        for length in 0..3000 {
            let bytes: Vec<u8> = (0..length % 97)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    state.to_be_bytes()[0]
                })
                .collect();
            let _ = fido_reports(&bytes);
            let _ = fido_reports(&[&USUAL[..7], &bytes[..]].concat());
        }
    }
}
