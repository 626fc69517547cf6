//! The control lines: what the person at the key does.
//!
//! | line | meaning |
//! |---|---|
//! | `touch auto` | every wait for a touch is answered at once; this is so at the start |
//! | `touch hold` | a wait lasts until `touch`, CANCEL or the firmware's own time limit |
//! | `touch` | one touch; if nobody waits for one, nothing happens |
//! | `touch long` | the same, of five seconds and more, which some keys want for a reset |
//! | `finger auto` | every wait for a finger gets an enrolled one at once; this is so at the start |
//! | `finger none` | nobody lays a finger on the sensor |
//! | `finger good` | the next wait for a finger, present or to come, gets an enrolled one |
//! | `finger wrong` | the next wait for a finger, present or to come, gets a wrong one |
//!
//! `finger auto` and `finger none` forget the fingers that are still to come.

use std::str::FromStr;

/// One control line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// How waits for a touch go from now on.
    Touches(Policy),
    /// One touch.
    Touch(Touch),
    /// How waits for a finger go from now on.
    Fingers(Policy),
    /// One finger.
    Finger(Finger),
}

/// How waits go that no single line answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Each is answered at once, and well.
    Auto,
    /// None is answered.
    Hold,
}

/// A touch, by how long it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// As most are.
    Short,
    /// Of five seconds and more. It is also good for everything that a short one is good for.
    Long,
}

/// A finger on the sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finger {
    /// It is enrolled, or gives a good sample while it is being enrolled.
    Good,
    /// It is not enrolled, or gives a poor sample while it is being enrolled.
    Wrong,
}

/// The line means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoControl;

impl FromStr for Control {
    type Err = NoControl;

    fn from_str(line: &str) -> Result<Self, NoControl> {
        Ok(match line.trim_end() {
            "touch auto" => Self::Touches(Policy::Auto),
            "touch hold" => Self::Touches(Policy::Hold),
            "touch" => Self::Touch(Touch::Short),
            "touch long" => Self::Touch(Touch::Long),
            "finger auto" => Self::Fingers(Policy::Auto),
            "finger none" => Self::Fingers(Policy::Hold),
            "finger good" => Self::Finger(Finger::Good),
            "finger wrong" => Self::Finger(Finger::Wrong),
            _ => return Err(NoControl),
        })
    }
}
