//! `stage key`: one key, on any machine where its user may make HID devices, until its firmware
//! ends or somebody stops it.

use super::firmware::Recipe;
use super::identity::Identity;
use super::key::Key;
use super::traffic::Traffic;
use super::vehicle::{Device, Vehicle};
use super::waiting::until;
use crate::job::usb_id;
use anyhow::{Context, Error, Result, bail};
use signal_hook::consts::{SIGINT, SIGTERM};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How it is called.
pub const USAGE: &str = "\
usage: stage key (--uhid|--gadget) [OPTION…] -- FIRMWARE [ARGUMENT…]

Puts a firmware behind a HID device until it ends: a process that reads 64-byte reports on its
standard input and writes 64-byte reports on its standard output.

  --id VENDOR:PRODUCT     USB numbers, hexadecimal (1209:beee)
  --manufacturer TEXT     (Lab)
  --product TEXT          (Key)
  --serial TEXT           none if it is left out
  --traffic FILE          every report, with time and direction";

/// What is to be plugged in.
#[derive(Debug)]
pub struct Options {
    is_gadget: bool,
    identity: Identity,
    traffic: Option<PathBuf>,
    firmware: PathBuf,
    arguments: Vec<OsString>,
}

impl Options {
    /// Reads the arguments after `key`.
    ///
    /// # Errors
    ///
    /// When they are not as [`USAGE`] says.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self> {
        let mut arguments = arguments.into_iter();
        let mut is_gadget = None;
        let mut traffic = None;
        let mut identity = Identity {
            vendor: 0x1209,
            product_id: 0xbeee,
            manufacturer: "Lab".into(),
            product: "Key".into(),
            serial: None,
        };
        while let Some(argument) = arguments.next() {
            let argument = argument.to_string_lossy().into_owned();
            let mut value = || {
                let value =
                    arguments.next().with_context(|| format!("{argument} needs a value"))?;
                Ok::<_, anyhow::Error>(value.to_string_lossy().into_owned())
            };
            match argument.as_str() {
                "--uhid" => is_gadget = Some(false),
                "--gadget" => is_gadget = Some(true),
                "--id" => {
                    (identity.vendor, identity.product_id) =
                        usb_id(&value()?).map_err(Error::msg)?
                }
                "--manufacturer" => identity.manufacturer = value()?,
                "--product" => identity.product = value()?,
                "--serial" => identity.serial = Some(value()?),
                "--traffic" => traffic = Some(value()?.into()),
                "--" => break,
                other => bail!("{other} is not an option"),
            }
        }
        Ok(Self {
            is_gadget: is_gadget.context("--uhid or --gadget is needed")?,
            identity,
            traffic,
            firmware: arguments.next().context("a firmware is needed after --")?.into(),
            arguments: arguments.collect(),
        })
    }
}

/// Plugs a key in until its firmware ends, or SIGINT or SIGTERM comes.
///
/// # Errors
///
/// When the kernel does not take the device or the firmware does not start.
pub fn run(options: Options) -> Result<()> {
    let name = format!("stage-{}", std::process::id());
    let vehicle = if options.is_gadget {
        Vehicle::gadget(&name, Device::Key, options.identity)
    } else {
        Vehicle::uhid(&name, Device::Key, options.identity)
    };
    let recipe = Recipe {
        program: options.firmware,
        arguments: options.arguments,
        orders: Vec::new(),
        log: None,
    };
    let stopped = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stopped))?;
    }
    let traffic = Traffic::new(&name, options.traffic.as_deref(), Instant::now())?;
    let mut key = Key::new(&name, vehicle, Some(recipe), traffic);
    key.plug()?;
    let traffic = Arc::clone(key.traffic());
    until("the end of the firmware", Duration::MAX, || {
        traffic.flush();
        Ok(stopped.load(Ordering::Relaxed) || !traffic.is_alive())
    })?;
    key.unplug()?;
    traffic.flush();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options> {
        Options::parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn a_firmware_has_its_own_arguments() {
        let options = parse("--uhid --id 1050:0407 --serial 7 -- opensk-key --state f").unwrap();
        assert!(!options.is_gadget);
        assert_eq!(options.identity.vendor, 0x1050);
        assert_eq!(options.identity.serial.as_deref(), Some("7"));
        assert_eq!(options.firmware, PathBuf::from("opensk-key"));
        assert_eq!(options.arguments, ["--state", "f"]);
    }

    #[test]
    fn what_is_missing_is_said() {
        let error = |line| parse(line).unwrap_err().to_string();
        assert_eq!(error("-- x"), "--uhid or --gadget is needed");
        assert_eq!(error("--uhid"), "a firmware is needed after --");
        assert_eq!(error("--uhid --id"), "--id needs a value");
        assert_eq!(error("--usb"), "--usb is not an option");
    }
}
