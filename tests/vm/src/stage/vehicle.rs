//! What carries a key's reports into the kernel. A vehicle is plugged and unplugged as often as the
//! play wants; a line is its open end while it is plugged in.

use super::descriptor;
use super::gadget::Gadget;
use super::identity::Identity;
use super::report::{LENGTH, Report};
use super::uhid::{self, Event};
use super::waiting::ready;
use anyhow::{Context, Result};
use rustix::event::PollFlags;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

/// What a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    Key,
    Keyboard,
}

impl Device {
    /// Its report descriptor.
    pub fn descriptor(self) -> &'static [u8] {
        match self {
            Self::Key => descriptor::KEY,
            Self::Keyboard => descriptor::KEYBOARD,
        }
    }
}

/// A way for a device into the kernel.
#[derive(Debug)]
pub enum Vehicle {
    Uhid { device: Device, identity: Identity, phys: String, line: Option<Arc<Line>> },
    Gadget(Gadget),
}

impl Vehicle {
    /// A device that needs no USB.
    pub fn uhid(name: &str, device: Device, identity: Identity) -> Self {
        Self::Uhid { device, identity, phys: format!("stage/{name}"), line: None }
    }

    /// A device on a USB port that leads back into this machine.
    pub fn gadget(name: &str, device: Device, identity: Identity) -> Self {
        Self::Gadget(Gadget::new(name, device, identity))
    }

    /// The same with a keyboard beside it in one device, where that can be.
    pub fn beside_keyboard(self) -> Self {
        match self {
            Self::Gadget(gadget) => Self::Gadget(gadget.beside_keyboard()),
            other => other,
        }
    }

    /// Has the device appear.
    ///
    /// # Errors
    ///
    /// When the kernel does not take it.
    pub fn plug(&mut self) -> Result<Arc<Line>> {
        match self {
            Self::Uhid { device, identity, phys, line } => {
                let file = OpenOptions::new()
                    .read(true)
                    .write(true)
                    .open("/dev/uhid")
                    .context("cannot open /dev/uhid")?;
                let new = Arc::new(Line::Uhid(file));
                new.write(&uhid::create(identity, phys, device.descriptor()))
                    .context("uhid does not create the device")?;
                *line = Some(Arc::clone(&new));
                Ok(new)
            }
            Self::Gadget(gadget) => Ok(Arc::new(Line::Gadget(gadget.plug()?))),
        }
    }

    /// Has the device disappear. Every other holder of its line must have let go of it.
    ///
    /// # Errors
    ///
    /// When the kernel does not let it go.
    pub fn unplug(&mut self) -> Result<()> {
        match self {
            Self::Uhid { line, .. } => match line.take() {
                Some(line) => line.write(&uhid::destroy()),
                None => Ok(()),
            },
            Self::Gadget(gadget) => gadget.unplug(),
        }
    }

    /// Whether its line must be let go of before the device can disappear. The kernel takes the node
    /// of a gadget away with it.
    pub fn line_goes_first(&self) -> bool {
        matches!(self, Self::Gadget(_))
    }

    /// By what the kernel says where the device is plugged in; known once it is.
    pub fn phys(&self) -> String {
        match self {
            Self::Uhid { phys, .. } => phys.clone(),
            Self::Gadget(gadget) => gadget.phys(),
        }
    }
}

/// The open end of a device that is plugged in.
#[derive(Debug)]
pub enum Line {
    Uhid(File),
    Gadget(File),
}

impl Line {
    fn file(&self) -> &File {
        let (Self::Uhid(file) | Self::Gadget(file)) = self;
        file
    }

    fn write(&self, bytes: &[u8]) -> Result<()> {
        let _ = self.file().write(bytes)?;
        Ok(())
    }

    /// The next report to the device; nothing once `stop` is readable.
    ///
    /// # Errors
    ///
    /// When the kernel took the device away.
    pub fn receive(&self, stop: BorrowedFd<'_>) -> Result<Option<Report>> {
        let mut buffer = vec![0; uhid::LARGEST_EVENT];
        while ready(self.file().as_fd(), PollFlags::IN, stop)? {
            let count = match self.file().read(&mut buffer) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error.into()),
            };
            let bytes = &buffer[..count];
            match self {
                Self::Gadget(_) => {
                    let mut report = [0; LENGTH];
                    let length = count.min(LENGTH);
                    report[..length].copy_from_slice(&bytes[..length]);
                    return Ok(Some(report));
                }
                Self::Uhid(_) => match Event::parse(bytes) {
                    Event::Output(report) => return Ok(Some(report)),
                    Event::Refusal(answer) => self.write(&answer)?,
                    Event::Other => {}
                },
            }
        }
        Ok(None)
    }

    /// Brings a report from the device. Says no when `stop` became readable first.
    ///
    /// # Errors
    ///
    /// When the kernel took the device away.
    pub fn send(&self, report: &Report, stop: BorrowedFd<'_>) -> Result<bool> {
        loop {
            if !ready(self.file().as_fd(), PollFlags::OUT, stop)? {
                return Ok(false);
            }
            let written = match self {
                Self::Uhid(_) => self.file().write(&uhid::input(report)),
                Self::Gadget(_) => self.file().write(report),
            };
            match written {
                Ok(_) => return Ok(true),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_declare_what_the_device_is() {
        assert_eq!(Device::Key.descriptor()[..3], [0x06, 0xd0, 0xf1]);
        assert_eq!(Device::Keyboard.descriptor()[..4], [0x05, 0x01, 0x09, 0x06]);
    }
}
