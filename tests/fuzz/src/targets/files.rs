//! Files that are read from a disk: what the kernel writes of a key's names, traces, virtual keys.

use super::texts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fidokey::output::text::escape;
use fidokey::trace::Reader;
use fidokey::transport::sysfs::fido_nodes;
use fidokey::virtual_key::{KeyName, LastingKeys, Touch};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs;
use std::sync::LazyLock;
use tempfile::TempDir;

/// A tree like the kernel's, with one key.
static MACHINE: LazyLock<TempDir> = LazyLock::new(|| {
    let root = tempfile::tempdir().unwrap();
    let device = root.path().join("sys/class/hidraw/hidraw0/device");
    fs::create_dir_all(&device).unwrap();
    fs::write(device.join("report_descriptor"), &super::key::descriptor_seeds()[0]).unwrap();
    root
});

/// What a key calls itself, as the kernel's `uevent` has it.
pub fn usb_names(bytes: &[u8]) {
    let root = MACHINE.path();
    fs::write(root.join("sys/class/hidraw/hidraw0/device/uevent"), bytes).unwrap();
    let nodes = fido_nodes(root).unwrap();
    assert_eq!(nodes.len(), 1);
    for text in [&nodes[0].description.product, &nodes[0].description.serial_number] {
        let shown = escape(text.as_deref().unwrap_or_default());
        assert!(!shown.chars().any(char::is_control));
    }
}

pub fn usb_name_seeds() -> Vec<Vec<u8>> {
    texts(&["HID_ID=0003:00001050:00000407\nHID_NAME=Yubico YubiKey\nHID_UNIQ=0123\n"])
}

pub fn trace_file(bytes: &[u8]) {
    let Ok(mut reader) = Reader::new(bytes) else { return };
    while let Some(line) = reader.next_line().unwrap() {
        if let Ok(entry) = line.entry {
            let written = serde_json::to_vec(&entry).unwrap();
            let again: fidokey::trace::Entry = serde_json::from_slice(&written).unwrap();
            assert_eq!(serde_json::to_vec(&again).unwrap(), written);
        }
    }
}

pub fn trace_file_seeds() -> Vec<Vec<u8>> {
    let header = r#"{"schema_version":1,"format":"fidokey trace","fidokey":"0","started_at":"x","command":"info"}"#;
    let entry = r#"{"time":0.5,"event":"closed","key":1}"#;
    let ended = r#"{"time":1.5,"event":"ended","exit_code":0}"#;
    texts(&[&format!("{header}\n{entry}\n{ended}\n")])
}

/// Where virtual keys are kept, and the name of one.
static KEYS: LazyLock<(TempDir, LastingKeys, KeyName)> = LazyLock::new(|| {
    let directory = tempfile::tempdir().unwrap();
    let keys = LastingKeys::new(directory.path());
    (directory, keys, "one".parse().unwrap())
});

/// The state of a virtual key, also with the checksum set right.
pub fn virtual_key(bytes: &[u8]) {
    let (_, keys, name) = &*KEYS;
    let mut files = vec![bytes.to_vec()];
    if let Ok(Value::Object(mut file)) = serde_json::from_slice(bytes)
        && file.contains_key("checksum")
    {
        file["checksum"] = "".into();
        let digest = Sha256::digest(serde_json::to_vec(&file).unwrap());
        file["checksum"] = URL_SAFE_NO_PAD.encode(digest).into();
        files.push(serde_json::to_vec(&file).unwrap());
    }
    for file in files {
        fs::write(keys.state_path(name), file).unwrap();
        assert!(keys.summary(name).is_some());
    }
}

pub fn virtual_key_seeds() -> Vec<Vec<u8>> {
    let directory = tempfile::tempdir().unwrap();
    let keys = LastingKeys::new(directory.path().join("keys"));
    let name: KeyName = "seed".parse().unwrap();
    keys.create(&name, Touch::Auto, Some(1)).unwrap();
    vec![fs::read(keys.state_path(&name)).unwrap()]
}
