//! The flash chip.

use firmware_contract::Flash;
use generic_array::typenum::{U8, U512};
use littlefs2::driver::Storage;
use littlefs2::io::{Error, Result};
use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

/// A block in bytes.
const BLOCK: usize = 512;

/// How many blocks there are.
const BLOCKS: usize = 512;

/// The content of the chip, which goes to the flash file when it [settles](Self::settle).
#[derive(Clone)]
pub struct Chip(Rc<RefCell<Image>>);

struct Image {
    bytes: Vec<u8>,
    flash: Flash,
    changed: bool,
}

impl Chip {
    /// Reads the flash file, and tells whether there was none and the chip is still to be formatted.
    pub fn load(path: &Path) -> (Self, bool) {
        let flash = Flash::at(path);
        let known = flash.read();
        let fresh = known.is_none();
        let bytes = known.unwrap_or_else(|| vec![0xff; BLOCK * BLOCKS]);
        if bytes.len() != BLOCK * BLOCKS {
            flash.give_up("understand", &"it has the wrong length");
        }
        (Self(Rc::new(RefCell::new(Image { bytes, flash, changed: fresh }))), fresh)
    }

    /// Writes what has changed. Nothing leaves the key before that.
    pub fn settle(&self) {
        let mut image = self.0.borrow_mut();
        if std::mem::take(&mut image.changed) {
            image.flash.write(&image.bytes);
        }
    }

    fn change(
        &self,
        offset: usize,
        length: usize,
        change: impl FnOnce(&mut [u8]),
    ) -> Result<usize> {
        let mut image = self.0.borrow_mut();
        image.changed = true;
        let place = image.bytes.get_mut(offset..offset + length).ok_or(Error::IO)?;
        change(place);
        Ok(length)
    }
}

impl Storage for Chip {
    const READ_SIZE: usize = 16;
    const WRITE_SIZE: usize = 16;
    const BLOCK_SIZE: usize = BLOCK;
    const BLOCK_COUNT: usize = BLOCKS;

    type CACHE_SIZE = U512;
    type LOOKAHEAD_SIZE = U8;

    fn read(&mut self, offset: usize, buffer: &mut [u8]) -> Result<usize> {
        let image = self.0.borrow();
        let place = image.bytes.get(offset..offset + buffer.len()).ok_or(Error::IO)?;
        buffer.copy_from_slice(place);
        Ok(buffer.len())
    }

    fn write(&mut self, offset: usize, data: &[u8]) -> Result<usize> {
        self.change(offset, data.len(), |place| place.copy_from_slice(data))
    }

    fn erase(&mut self, offset: usize, length: usize) -> Result<usize> {
        self.change(offset, length, |place| place.fill(0xff))
    }
}
