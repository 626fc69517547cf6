//! What the key keeps over a loss of power.

use firmware_contract::Flash;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use opensk::api::persist::{Persist, PersistIter};
use opensk::ctap::status_code::CtapResult;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The firmware's entries and the sensor's templates, in the flash file at each change.
pub struct Memory {
    flash: Flash,
    contents: Contents,
}

#[derive(Default, Encode, Decode)]
#[cbor(map)]
struct Contents {
    /// The firmware's entries by their numbers.
    #[n(0)]
    entries: BTreeMap<usize, ByteVec>,
    /// The fingerprints that the sensor knows.
    #[n(1)]
    templates: BTreeSet<u32>,
}

impl Memory {
    /// Reads the flash file, or makes one as it comes from the factory.
    pub fn load(path: &Path) -> Self {
        let flash = Flash::at(path);
        match flash.read() {
            Some(bytes) => match minicbor::decode(&bytes) {
                Ok(contents) => Self { flash, contents },
                Err(error) => flash.give_up("understand", &error),
            },
            None => {
                let memory = Self { flash, contents: Contents::default() };
                memory.save();
                memory
            }
        }
    }

    /// The fingerprints that the sensor knows.
    #[cfg(feature = "fingerprint")]
    pub fn templates(&self) -> &BTreeSet<u32> {
        &self.contents.templates
    }

    /// Changes the fingerprints that the sensor knows.
    #[cfg(feature = "fingerprint")]
    pub fn change_templates(&mut self, change: impl FnOnce(&mut BTreeSet<u32>)) {
        change(&mut self.contents.templates);
        self.save();
    }

    fn save(&self) {
        let bytes = minicbor::to_vec(&self.contents).expect("it is written to memory");
        self.flash.write(&bytes);
    }
}

impl Persist for Memory {
    fn find(&self, key: usize) -> CtapResult<Option<Vec<u8>>> {
        Ok(self.contents.entries.get(&key).map(|value| value.to_vec()))
    }

    fn insert(&mut self, key: usize, value: &[u8]) -> CtapResult<()> {
        self.contents.entries.insert(key, value.to_vec().into());
        self.save();
        Ok(())
    }

    fn remove(&mut self, key: usize) -> CtapResult<()> {
        if self.contents.entries.remove(&key).is_some() {
            self.save();
        }
        Ok(())
    }

    fn iter(&self) -> CtapResult<PersistIter<'_>> {
        Ok(Box::new(self.contents.entries.keys().copied().map(Ok)))
    }
}
