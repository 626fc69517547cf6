//! A key by script, on a clock moved by hand, and what a channel makes of it.
//!
//! The key hears whole messages and answers with reports, each after a delay. Time passes only
//! while the channel waits for a report that has not come yet (and a little with each report, as
//! on a real bus), so that a minute of waiting takes no time and every limit can be met exactly.

mod busy;
mod garbage;
mod keepalive;
mod malformed;
mod opening;
mod recovery;
mod sizes;
mod stopping;
mod wink;

use super::{Channel, ChannelError, Sign, Timing};
use crate::transport::{Clock, Connection, ConnectionError, Interrupt, ReportSizes};
use crate::wire::ctaphid::{
    Assembler, BROADCAST_CHANNEL, Command, HidErrorCode, Keepalive, Packet, PacketKind, split,
};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// The channel that a key by script gives out first.
const CHANNEL: u32 = 0x0000_0011;
/// Another program's channel.
const FOREIGN: u32 = 0x0000_0099;
/// The nonce of every test's first greeting.
const NONCE: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];
/// The nonce of its second.
const SECOND_NONCE: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 9];
/// A request.
const GET_INFO: &[u8] = &[0x04];
/// The design's limits.
const TIMING: Timing = Timing::USUAL;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A message that a key by script heard.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Heard {
    at: Duration,
    channel: u32,
    command: Command,
    payload: Vec<u8>,
}

enum Event {
    Report(Vec<u8>),
    Unplugged,
}

/// What a key by script does, as a function of what it hears.
type Script = Box<dyn FnMut(&Heard, &mut Answers) + Send>;

/// What is still to come from a key by script.
struct Answers {
    sizes: ReportSizes,
    now: Duration,
    /// In the order in which they are given, each not before its time.
    queue: VecDeque<(Duration, Event)>,
    /// A report that comes again and again, once the queue is empty.
    endless: Option<(Duration, Vec<u8>)>,
    /// When a person presses Ctrl-C.
    interrupt_at: Option<Duration>,
}

impl Answers {
    /// Lets the key rest before what comes next.
    fn after(&mut self, delay: Duration) -> &mut Self {
        let last = self.queue.back().map_or(self.now, |(due, _)| *due);
        self.now = last.max(self.now) + delay;
        self
    }

    fn report(&mut self, report: Vec<u8>) -> &mut Self {
        self.queue.push_back((self.now, Event::Report(report)));
        self
    }

    fn message(&mut self, channel: u32, command: Command, payload: &[u8]) -> &mut Self {
        for report in split(channel, command, payload, self.sizes.input).unwrap() {
            self.report(report);
        }
        self
    }

    /// The reports of a message, for a script that breaks them.
    fn reports(&self, channel: u32, command: Command, payload: &[u8]) -> Vec<Vec<u8>> {
        split(channel, command, payload, self.sizes.input).unwrap()
    }

    fn init(&mut self, on: u32, nonce: &[u8], channel: u32) -> &mut Self {
        let reply = [nonce, &channel.to_be_bytes(), &[2, 5, 4, 3, 0x05]].concat();
        self.message(on, Command::INIT, &reply)
    }

    fn cbor(&mut self, payload: &[u8]) -> &mut Self {
        self.message(CHANNEL, Command::CBOR, payload)
    }

    fn keepalive(&mut self, status: u8) -> &mut Self {
        self.message(CHANNEL, Command::KEEPALIVE, &[status])
    }

    fn error(&mut self, channel: u32, code: u8) -> &mut Self {
        self.message(channel, Command::ERROR, &[code])
    }

    fn unplugged(&mut self) -> &mut Self {
        self.queue.push_back((self.now, Event::Unplugged));
        self
    }

    /// From now on `report` comes every `period`.
    fn for_ever(&mut self, period: Duration, report: Vec<u8>) -> &mut Self {
        self.endless = Some((period, report));
        self
    }

    fn keepalives_for_ever(&mut self, status: u8) -> &mut Self {
        let [report] =
            self.reports(CHANNEL, Command::KEEPALIVE, &[status]).try_into().expect("one report");
        self.for_ever(millis(100), report)
    }

    fn silence(&mut self) -> &mut Self {
        self.queue.clear();
        self.endless = None;
        self
    }
}

struct Desk {
    now: Duration,
    interrupt: Interrupt,
    answers: Answers,
    script: Script,
    heard: Vec<Heard>,
    assembling: Option<(u32, Assembler)>,
    sends: usize,
    unplugged_at_send: Option<usize>,
    longest_wait: Duration,
    /// What was shown while the channel was being opened.
    signs_at_opening: Vec<Sign>,
}

impl Desk {
    fn pass(&mut self, time: Duration) {
        self.now += time;
        if self.answers.interrupt_at.is_some_and(|at| self.now >= at) {
            self.interrupt.request();
        }
    }

    fn hear(&mut self, report: &[u8]) {
        let packet = Packet::parse(report).expect("a packet");
        let size = self.answers.sizes.output;
        match packet.kind {
            PacketKind::Init { command, length } => {
                let assembler = Assembler::start(command, length, packet.data, size).unwrap();
                self.assembling = Some((packet.channel, assembler));
            }
            PacketKind::Continuation { sequence } => {
                let (channel, assembler) = self.assembling.as_mut().expect("a first packet");
                assert_eq!(*channel, packet.channel);
                assembler.push(sequence, packet.data).unwrap();
            }
        }
        if let Some((channel, assembler)) = self.assembling.take_if(|(_, a)| a.is_complete()) {
            let command = assembler.command();
            let payload = assembler.into_payload();
            let heard = Heard { at: self.now, channel, command, payload: payload.to_vec() };
            self.answers.now = self.now;
            (self.script)(&heard, &mut self.answers);
            self.heard.push(heard);
        }
    }

    fn next_event(&mut self, report: &mut [u8], timeout: Duration) -> Option<Event> {
        let until = self.now + timeout;
        self.longest_wait = self.longest_wait.max(timeout);
        if let Some((due, _)) = self.answers.queue.front() {
            if *due > until {
                self.pass(timeout);
                return None;
            }
            let rest = due.saturating_sub(self.now).max(millis(1));
            self.pass(rest);
            return self.answers.queue.pop_front().map(|(_, event)| event);
        }
        let Some((period, endless)) = &self.answers.endless else {
            // Whatever lies behind the bytes of a report must not be read as one.
            report.fill(0xee);
            self.pass(timeout);
            return None;
        };
        let (period, endless) = (*period, endless.clone());
        let due = self.answers.now.max(self.now) + period;
        if due > until {
            self.answers.now = self.answers.now.max(self.now);
            self.pass(timeout);
            return None;
        }
        self.pass(due - self.now);
        self.answers.now = self.now;
        Some(Event::Report(endless))
    }
}

/// A key by script, and the world around it.
#[derive(Clone)]
struct Key(Arc<Mutex<Desk>>);

impl Key {
    /// A key that does only what the script says.
    fn bare(script: impl FnMut(&Heard, &mut Answers) + Send + 'static) -> Self {
        Self::with_sizes(ReportSizes::USUAL, script)
    }

    /// A key that answers greetings as it should, and for the rest does what the script says.
    fn new(mut script: impl FnMut(&Heard, &mut Answers) + Send + 'static) -> Self {
        Self::bare(move |heard, answers| match (heard.command, heard.channel) {
            (Command::INIT, BROADCAST_CHANNEL) => {
                answers.init(BROADCAST_CHANNEL, &heard.payload, CHANNEL);
            }
            (Command::INIT, own) => {
                answers.init(own, &heard.payload, own);
            }
            _ => script(heard, answers),
        })
    }

    fn with_sizes(
        sizes: ReportSizes,
        script: impl FnMut(&Heard, &mut Answers) + Send + 'static,
    ) -> Self {
        let (queue, now) = (VecDeque::new(), Duration::ZERO);
        let answers = Answers { sizes, now, queue, endless: None, interrupt_at: None };
        Self(Arc::new(Mutex::new(Desk {
            now: seconds(1000),
            interrupt: Interrupt::new(),
            answers,
            script: Box::new(script),
            heard: Vec::new(),
            assembling: None,
            sends: 0,
            unplugged_at_send: None,
            longest_wait: Duration::ZERO,
            signs_at_opening: Vec::new(),
        })))
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.0.lock().unwrap()
    }

    fn try_open(&self, timing: Timing) -> Result<Channel, ChannelError> {
        let interrupt = self.desk().interrupt.clone();
        let (connection, clock) = (Box::new(self.clone()), Arc::new(self.clone()));
        Channel::open(connection, clock, interrupt, NONCE, timing, &mut |sign| {
            self.desk().signs_at_opening.push(sign);
        })
    }

    fn open(&self) -> Channel {
        self.try_open(TIMING).unwrap()
    }

    /// What it heard, by channel, command and data.
    fn heard(&self) -> Vec<(u32, Command, Vec<u8>)> {
        let heard = self.desk().heard.clone();
        heard.into_iter().map(|heard| (heard.channel, heard.command, heard.payload)).collect()
    }

    /// The commands that it heard after the first greeting.
    fn commands(&self) -> Vec<Command> {
        self.heard().into_iter().skip(1).map(|(_, command, _)| command).collect()
    }

    fn times_of(&self, command: Command) -> Vec<Duration> {
        let desk = self.desk();
        desk.heard.iter().filter(|heard| heard.command == command).map(|heard| heard.at).collect()
    }

    fn change(&self, change: impl FnOnce(&mut Answers)) {
        let mut desk = self.desk();
        desk.answers.now = desk.now;
        change(&mut desk.answers);
    }

    fn interrupt_after(&self, delay: Duration) {
        let mut desk = self.desk();
        desk.answers.interrupt_at = Some(desk.now + delay);
    }
}

impl Clock for Key {
    fn now(&self) -> Duration {
        self.desk().now
    }
}

impl Connection for Key {
    fn report_sizes(&self) -> ReportSizes {
        self.desk().answers.sizes
    }

    fn send(&mut self, report: &[u8]) -> Result<(), ConnectionError> {
        let mut desk = self.desk();
        assert_eq!(report.len(), desk.answers.sizes.output, "a report of another size");
        if desk.unplugged_at_send == Some(desk.sends) {
            return Err(ConnectionError::Unplugged);
        }
        desk.sends += 1;
        desk.hear(report);
        Ok(())
    }

    fn receive(
        &mut self,
        report: &mut [u8],
        timeout: Duration,
    ) -> Result<Option<usize>, ConnectionError> {
        match self.desk().next_event(report, timeout) {
            None => Ok(None),
            Some(Event::Unplugged) => Err(ConnectionError::Unplugged),
            Some(Event::Report(bytes)) => {
                report[..bytes.len()].copy_from_slice(&bytes);
                Ok(Some(bytes.len()))
            }
        }
    }
}

/// What a call came to, and how long it took.
struct Outcome {
    result: Result<Vec<u8>, ChannelError>,
    keepalives: Vec<Keepalive>,
    /// Seconds left for a touch, as told.
    left: Vec<u64>,
    /// How often it was told that the key is busy.
    told_busy: usize,
    took: Duration,
}

/// Asks for the key's information and notes what comes of it.
fn ask(key: &Key, channel: &mut Channel) -> Outcome {
    ask_within(key, channel, TIMING)
}

fn ask_within(key: &Key, channel: &mut Channel, timing: Timing) -> Outcome {
    let begun = key.now();
    let (mut keepalives, mut left, mut told_busy) = (Vec::new(), Vec::new(), 0);
    let result = channel.cbor(GET_INFO, timing, &mut |sign| match sign {
        Sign::Changed(status) => keepalives.push(status),
        Sign::TouchAwaited { left: now } => left.push(now.as_secs()),
        Sign::Busy => told_busy += 1,
    });
    let result = result.map(|answer| answer.to_vec());
    Outcome { result, keepalives, left, told_busy, took: key.now() - begun }
}

/// Asserts that a time lies at a limit or at most a tenth of a second after it.
fn assert_about(time: Duration, limit: Duration) {
    assert!(time >= limit && time <= limit + millis(100), "{time:?} is not about {limit:?}");
}
