//! The array of large blobs: each compressed, sealed with the key of its credential, and known only
//! to who has that key (CTAP 2.3 sections 6.10.3 and 6.10.4).

use crate::ctap::{Random, RandomError, SecretBytes};
use crate::wire::cbor::{self, Encoded, Item, MapBuilder};
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use thiserror::Error;
use zeroize::Zeroizing;

/// The longest blob that is unpacked. Keys have room for a few thousand bytes in all.
pub const MAX_BLOB: usize = 1024 * 1024;

/// Bytes of the hash behind the array.
const HASH: usize = 16;

const NONCE: usize = 12;

/// Why a blob cannot be sealed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum LargeBlobError {
    /// There is no randomness for it.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The credential's key is none.
    #[error("the key of the large blob has {length} bytes and must have 32")]
    Key {
        /// How many bytes it has.
        length: usize,
    },
    /// Too long to be packed.
    #[error("the blob has {length} bytes; at most {MAX_BLOB} can be packed")]
    TooLong {
        /// How many bytes it has.
        length: usize,
    },
}

/// The array, in which every entry is kept as it came, whoever wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LargeBlobArray {
    entries: Vec<Encoded>,
}

impl LargeBlobArray {
    /// Reads the store. One whose hash does not fit, or that is not an array, was damaged while it
    /// was written, and counts as empty, as the specification says.
    pub fn parse(store: &[u8]) -> Self {
        let Some(length) = store.len().checked_sub(HASH) else { return Self::default() };
        let Some((array, hash)) = store.split_at_checked(length) else { return Self::default() };
        if Sha256::digest(array).get(..HASH) != Some(hash) {
            return Self::default();
        }
        let entries = cbor::parse(array).and_then(Item::array).unwrap_or_default();
        Self { entries: entries.into_iter().map(Encoded::from_item).collect() }
    }

    /// Writes the store.
    pub fn to_store(&self) -> Vec<u8> {
        let mut store = Encoded::array(self.entries.iter().cloned()).into_bytes();
        let hash = Sha256::digest(&store);
        store.extend_from_slice(hash.get(..HASH).unwrap_or_default());
        store
    }

    /// How many blobs there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The blob that this key opens. One that is damaged inside counts as absent.
    pub fn find(&self, key: &SecretBytes) -> Option<SecretBytes> {
        self.entries.iter().find_map(|entry| unpack(&open(entry, key)?))
    }

    /// Takes out what this key opens; whether there was anything.
    pub fn remove(&mut self, key: &SecretBytes) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| open(entry, key).is_none());
        self.entries.len() != before
    }

    /// Puts a blob in place of what this key opens.
    ///
    /// # Errors
    ///
    /// [`LargeBlobError`]; the array is then as it was.
    pub fn put(
        &mut self,
        key: &SecretBytes,
        blob: &[u8],
        random: &mut dyn Random,
    ) -> Result<(), LargeBlobError> {
        let sealed = seal(key, blob, random)?;
        self.remove(key);
        self.entries.push(sealed);
        Ok(())
    }
}

/// What an entry holds, once it was opened.
struct Opened {
    compressed: Zeroizing<Vec<u8>>,
    length: usize,
}

/// The additional data of the encryption: `blob`, and the length before compression.
fn additional(length: u64) -> Vec<u8> {
    let mut data = b"blob".to_vec();
    data.extend_from_slice(&length.to_le_bytes());
    data
}

fn open(entry: &Encoded, key: &SecretBytes) -> Option<Opened> {
    let map = cbor::parse(entry.as_bytes()).and_then(Item::map).ok()?;
    let sealed = map.get(1)?.bytes().ok()?;
    let nonce: [u8; NONCE] = map.get(2)?.bytes_exact().ok()?;
    let length = map.get(3)?.unsigned().ok()?;
    let cipher = Aes256Gcm::new_from_slice(key.expose()).ok()?;
    let payload = Payload { msg: sealed, aad: &additional(length) };
    let compressed = cipher.decrypt(&Nonce::from(nonce), payload).ok()?;
    let length = usize::try_from(length).ok()?;
    Some(Opened { compressed: Zeroizing::new(compressed), length })
}

fn unpack(opened: &Opened) -> Option<SecretBytes> {
    if opened.length > MAX_BLOB {
        return None;
    }
    // One byte more than there may be, so that more is noticed and no bomb goes off.
    let most = u64::try_from(opened.length).ok()?.checked_add(1)?;
    let mut blob = Zeroizing::new(Vec::with_capacity(opened.length.checked_add(1)?));
    DeflateDecoder::new(opened.compressed.as_slice()).take(most).read_to_end(&mut blob).ok()?;
    (blob.len() == opened.length).then(|| SecretBytes::copy_of(&blob))
}

fn seal(
    key: &SecretBytes,
    blob: &[u8],
    random: &mut dyn Random,
) -> Result<Encoded, LargeBlobError> {
    let too_long = LargeBlobError::TooLong { length: blob.len() };
    if blob.len() > MAX_BLOB {
        return Err(too_long);
    }
    let length = u64::try_from(blob.len()).map_err(|_| too_long.clone())?;
    let wrong = LargeBlobError::Key { length: key.len() };
    let cipher = Aes256Gcm::new_from_slice(key.expose()).map_err(|_| wrong)?;
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail.
    let compressed = encoder.write_all(blob).and_then(|()| encoder.finish());
    let compressed = Zeroizing::new(compressed.map_err(|_| too_long.clone())?);
    let mut nonce = [0; NONCE];
    random.fill(&mut nonce)?;
    let payload = Payload { msg: &compressed, aad: &additional(length) };
    let sealed = cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| too_long)?;
    let map = MapBuilder::new()
        .member(1, Encoded::bytes(&sealed))
        .member(2, Encoded::bytes(&nonce))
        .member(3, Encoded::unsigned(length));
    Ok(map.build())
}
