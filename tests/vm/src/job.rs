//! The job file: which machine, which keys, what happens, what must come out.
//!
//! A job is read line by line. A head says what the machine is made of; steps follow, each an act
//! (`> plug work`) or a command (`$ fidokey list`). Below a command stand the lines that it must
//! print and, last, how it must end (`[0]`). A run is recorded in the same format, so that the record
//! of a good run is the job file itself.
//!
//! `tests/vm/README.md` describes the format for those who write jobs.

mod outcome;
mod parse;
mod quoted;

pub use outcome::{End, Line, Outcome, Recorded};
pub use parse::{JobError, steps, usb_id};
pub use quoted::{quoted, words};

use std::time::Duration;

/// One job file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The comment at the top: what the job shows, in a sentence.
    pub about: String,
    /// The kernel to start.
    pub kernel: Kernel,
    /// Who runs the commands at first.
    pub user: Person,
    /// Optional parts of the image that the job needs.
    pub with: Vec<Part>,
    /// What the machine must lack.
    pub without: Vec<Absent>,
    /// PINs, and what else must not stand in any trace.
    pub secrets: Vec<String>,
    /// How long a command may take.
    pub limit: Duration,
    /// Files of the repository, by their path in it, that the machine gets below `/project`.
    pub bring: Vec<String>,
    /// The keys, none of them plugged in yet.
    pub keys: Vec<Key>,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// A stock kernel of the distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kernel {
    /// The kernel for clouds: no USB, but uhid; starts in half the time.
    Cloud,
    /// The kernel for everyone, with USB and its gadgets.
    Full,
}

/// Who runs commands: a user of the machine and the groups that the user is in besides its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// `pat` (uid 1000), `robin` (uid 1001) or `root`.
    pub name: String,
    /// Names of further groups, as in `/etc/group`.
    pub groups: Vec<String>,
}

/// Users of the machine, with uid and gid.
pub const USERS: [(&str, u32); 3] = [("root", 0), ("pat", 1000), ("robin", 1001)];

impl Person {
    /// The uid, which is the gid of the user's own group too.
    pub fn uid(&self) -> u32 {
        USERS.iter().find(|(name, _)| *name == self.name).map_or(0, |(_, uid)| *uid)
    }
}

/// An optional part of the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Python with python-fido2.
    Python,
    /// `fido2-token`, `fido2-cred` and `fido2-assert`.
    Fido2Tools,
    /// The second-opinion client, made of another library.
    SecondOpinion,
}

/// Something that the machine lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Absent {
    /// systemd's rule that recognises keys, as on systems without systemd's udev.
    FidoId,
    /// The udev daemon.
    Udevd,
    /// Traces of what `fidokey` says to keys, which cost a moment.
    Traces,
}

/// A key that can be plugged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The name by which acts speak of it; no other key of the job has it.
    pub name: String,
    /// What runs in it.
    pub firmware: Firmware,
    /// How it reaches the kernel.
    pub vehicle: Vehicle,
    /// USB vendor ID.
    pub vendor_id: u16,
    /// USB product ID.
    pub product_id: u16,
    /// USB serial number.
    pub serial: Option<String>,
    /// USB product string.
    pub product: String,
    /// USB manufacturer string.
    pub manufacturer: String,
    /// Whether a keyboard is another interface of the same USB device.
    pub beside_keyboard: bool,
    /// How touches are answered until an act says otherwise.
    pub touch: Touch,
}

/// What runs in a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Firmware {
    /// OpenSK.
    OpenSk,
    /// OpenSK in the guise of a key from before CTAP2.
    OpenSkU2f,
    /// OpenSK with fingerprints.
    OpenSkFingerprint,
    /// fido-authenticator on trussed.
    Trussed,
    /// Nothing: it takes every report and never answers.
    Mute,
    /// Not a key: a keyboard.
    Keyboard,
}

/// Has OpenSK's log tell its tokens.
pub const TELL_SECRETS: &str = "--tell-secrets";

impl Firmware {
    /// The program below `/lab/firmware` that is this firmware; `None` if the stage plays it itself.
    pub fn program(self) -> Option<&'static str> {
        match self {
            Firmware::OpenSk | Firmware::OpenSkU2f => Some("opensk-key"),
            Firmware::OpenSkFingerprint => Some("opensk-fingerprint-key"),
            Firmware::Trussed => Some("trussed-key"),
            Firmware::Mute | Firmware::Keyboard => None,
        }
    }

    /// What the program is told besides.
    pub fn switches(self) -> &'static [&'static str] {
        match self {
            Firmware::OpenSk | Firmware::OpenSkFingerprint => &[TELL_SECRETS],
            Firmware::OpenSkU2f => &["--u2f-only"],
            Firmware::Trussed | Firmware::Mute | Firmware::Keyboard => &[],
        }
    }
}

/// How a key reaches the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Vehicle {
    /// A HID device made in user space; it has no USB parent.
    Uhid,
    /// A USB gadget on a dummy controller: real enumeration. The full kernel only.
    Gadget,
}

/// How a key's wait for a touch is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Touch {
    /// At once.
    Auto,
    /// By `> touch`, or never.
    Hold,
}

/// How long a touch lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Press {
    /// A moment.
    Short,
    /// Five seconds and more, which some keys want for a reset.
    Long,
}

/// One act or command, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The line that says it, as it stands in the file.
    pub text: String,
    /// That line's number, from 1.
    pub line: usize,
    /// What it means.
    pub act: Act,
    /// What must come out, or came out; empty where the file says nothing.
    pub recorded: Recorded,
    /// How many lines of the file `recorded` takes, counted from the one below `text`.
    pub recorded_lines: usize,
}

/// What one step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// `> plug KEY`
    Plug(String),
    /// `> unplug KEY`
    Unplug(String),
    /// `> replug KEY`: pulled out and put in again.
    Replug(String),
    /// `> seat USER` or, with `None`, `> seat nobody`: who sits at the machine.
    Seat(Option<String>),
    /// `> as USER [GROUP…]`: who runs commands from here on.
    As(Person),
    /// `> await KEY CONDITION`: waits until that holds of the key.
    Await(String, Condition),
    /// `> touch KEY [long]`: waits until the key waits for a touch, then touches it, or holds a finger
    /// on it for some seconds.
    Touch(String, Press),
    /// `> touch KEY auto|hold`: how touches are answered from here on.
    SetTouch(String, Touch),
    /// `> cut KEY after N`: the key loses its power when the Nth further report is sent to it, which
    /// it does not see.
    Cut(String, u64),
    /// `> count KEY`: records how many reports went to the key and came from it since the last count,
    /// or since the start.
    Count(String),
    /// `> finger KEY good|wrong|auto|none`: the word goes to the firmware as it is.
    Finger(String, String),
    /// `$ command`: runs to its end.
    Run(Command),
    /// `$ command &NAME`: starts on a terminal of its own and runs on.
    Start(String, Command),
    /// `> expect NAME "text"`: waits until the terminal shows the text, after the last match.
    Expect(String, String),
    /// `> type NAME "text"`
    Type(String, String),
    /// `> signal NAME INT|TERM|KILL|…`
    Signal(String, String),
    /// `> end NAME`: waits for its end; what its terminal showed is recorded.
    End(String),
}

/// What can be waited for of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// `touch`: it waits for a touch.
    Touch,
    /// `idle`: it has answered everything that it was asked.
    Idle,
    /// `cancel`: it was told to cancel; each time counts once.
    Cancel,
    /// `uptime SECONDS`: it has been plugged in for so long.
    Uptime(u64),
    /// `cut`: it lost its power as `> cut` says.
    Cut,
}

/// A command line of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The command as typed.
    pub line: String,
    /// Whether root runs it (`$#`), in `/project`, instead of the user in the home directory.
    pub as_root: bool,
    /// Text for its standard input, which is empty otherwise.
    pub stdin: Option<String>,
}

impl Act {
    /// Whether lines of output and an exit code are recorded below the step.
    pub fn has_outcome(&self) -> bool {
        matches!(self, Act::Run(_) | Act::End(_) | Act::Count(_))
    }
}
