//! Who sits at the machine, as logind says it: the file that udev's `uaccess` reads, and the access
//! lists that logind itself changes when another session becomes the active one.

use super::udev::Udev;
use anyhow::{Context, Result, bail};
use std::fs;
use std::process::Command;

const SEATS: &str = "/run/systemd/seats";

/// Has the user with this number sit at the machine, or nobody.
///
/// As logind does, rules are not applied again: only devices that udev has tagged for the seat
/// change hands.
///
/// # Errors
///
/// When the file or an access list cannot be written.
pub fn give_to(uid: Option<u32>) -> Result<()> {
    fs::create_dir_all(SEATS)?;
    let path = format!("{SEATS}/seat0");
    fs::write(&path, seat_file(uid)).with_context(|| format!("cannot write {path}"))?;
    let nodes = Udev::nodes_of_the_seat()?;
    if nodes.is_empty() {
        return Ok(());
    }
    let mut setfacl = Command::new("/bin/setfacl");
    setfacl.arg("-b");
    if let Some(uid) = uid {
        setfacl.arg("-m").arg(format!("u:{uid}:rw"));
    }
    let status = setfacl.args(&nodes).status().context("cannot run setfacl")?;
    if !status.success() {
        bail!("setfacl for {} ended with {status}", nodes.join(" "));
    }
    Ok(())
}

fn seat_file(uid: Option<u32>) -> String {
    let session = match uid {
        Some(uid) => format!("ACTIVE=c1\nACTIVE_UID={uid}\nSESSIONS=c1\nUIDS={uid}\n"),
        None => String::new(),
    };
    format!("# This is private data. Do not parse.\nIS_SEAT0=1\nCAN_TTY=1\n{session}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_seat_has_no_active_session() {
        assert!(seat_file(Some(1000)).contains("\nACTIVE_UID=1000\n"));
        assert!(!seat_file(None).contains("ACTIVE"));
        assert!(seat_file(None).contains("IS_SEAT0=1\n"));
    }
}
