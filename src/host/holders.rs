//! Who has a key open, as far as `/proc` shows this user.

use super::Host;
use crate::transport::KeyPath;
use std::path::Path;

/// The most processes, and files of one process, that are looked at.
const MOST: usize = 10_000;

/// A process that has a key open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its number.
    pub process: u32,
    /// Its name as it states it; hostile.
    pub name: String,
}

impl Host {
    /// The other processes that have this device node open. An ordinary user sees only their own.
    pub fn holders(&self, node: &KeyPath) -> Vec<Holder> {
        let Ok(entries) = self.path("proc").read_dir() else { return Vec::new() };
        let numbers =
            entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let mut holders: Vec<Holder> = numbers
            .take(MOST)
            .filter(|process| *process != std::process::id() && self.holds(*process, node))
            .map(|process| {
                let name = self.text(format!("proc/{process}/comm")).trim().to_owned();
                Holder { process, name }
            })
            .collect();
        holders.sort_by_key(|holder| holder.process);
        holders
    }

    fn holds(&self, process: u32, node: &KeyPath) -> bool {
        let Ok(files) = self.path(&format!("proc/{process}/fd")).read_dir() else { return false };
        let mut targets = files.flatten().take(MOST).filter_map(|it| it.path().read_link().ok());
        targets.any(|target| target == Path::new(&node.0))
    }
}
